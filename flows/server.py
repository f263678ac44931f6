"""`python -m flows server …`: what `prefect server start …` does, with one mend.

Prefect 3.8.8 inserts scheduled runs by the ORM in bulk, computed attributes and all. SQLAlchemy 2.1 refuses
those (2.0 left them out), so the scheduler of a bare `prefect server start` makes no runs in this
environment: docs/decisions/0040-scheduled-by-prefect.md. tests/end_to_end/test_deployments.py says when
the mend is needed no more.
"""

import sys
from typing import Any

from sqlalchemy.ext.hybrid import hybrid_property


def start(arguments: list[str]) -> None:
    """Serve until told to stop; `arguments` are those of `prefect server start`."""
    from prefect.cli import app

    leave_computed_attributes_out()
    sys.argv = ["prefect", "server", "start", *arguments]
    app()


def leave_computed_attributes_out() -> None:
    """In bulk inserts of Prefect's server, as SQLAlchemy 2.0 did."""
    from prefect.server.database.orm_models import Base

    for mapper in Base.registry.mappers:
        for attribute in mapper.all_orm_descriptors:
            if isinstance(attribute, hybrid_property) and attribute.bulk_dml_setter is None:
                attribute.bulk_dml_setter = _left_out  # type: ignore[assignment]


def _left_out(_model: Any, _mapping: Any, _value: Any) -> None:
    """Nothing is written for a computed attribute."""
