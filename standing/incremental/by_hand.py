"""What somebody has had dbt make by hand since the last run: the next run makes it anew.

The files may have said something else then. macros/by_hand/ notes each model and seed, in the transaction
that makes it.
"""

from collections.abc import Set

from sqlalchemy import Connection, text

from standing.settings import Settings
from standing.sql import quoted

BY_HAND = "by_hand"
BY_HAND_COLUMNS = "model text primary key"


def read(connection: Connection, settings: Settings, built: Set[str]) -> frozenset[str]:
    """The models and seeds that were made by hand."""
    if BY_HAND not in built:
        return frozenset()
    return frozenset(connection.scalars(text(f"select model from {_table(settings)}")))


def forget(connection: Connection, settings: Settings) -> None:
    """What was made by hand counts as not made: it is noted for whom that makes due."""
    connection.execute(text(f"delete from {_table(settings)}"))


def _table(settings: Settings) -> str:
    return quoted(settings.build_schema, BY_HAND)
