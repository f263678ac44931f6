"""What a build finds in its schema and need not make again: policy, loaded and tested, and the staging views.

Loading and testing the seeds and making the views costs seconds, and most runs change nothing about either.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from standing.build.fingerprint import dependencies, policy_hash, upstream
from standing.build.selection import POLICY_MODELS, needed
from standing.contract.targets import TARGETS, Target
from standing.settings import Settings
from standing.sql import quoted


def is_prepared(engine: Engine, settings: Settings, targets: tuple[Target, ...]) -> bool:
    """Whether policy and staging of the targets are in the build's schema as their files say."""
    with engine.connect() as connection:
        known = _known(connection, settings)
        wanted = _wanted(connection, settings, targets)
        return wanted.items() <= known.items() and _lasting(targets) <= _there(connection, settings)


@contextmanager
def preparing(engine: Engine, settings: Settings, targets: tuple[Target, ...]) -> Iterator[None]:
    """Around a build that makes policy and staging of the targets; where it fails, nothing counts as made."""
    with engine.begin() as connection:
        known = _known(connection, settings)
        connection.execute(text(f"drop table if exists {_table(settings)}"))
    yield
    with engine.begin() as connection:
        wanted = _wanted(connection, settings, TARGETS)
        made = {target.name for target in targets}
        # As the models of policy are: what a crash of the server empties is not prepared.
        connection.execute(
            text(
                f"create unlogged table {_table(settings)} (target text primary key, depends_on text not null)"
            )
        )
        connection.execute(
            text(f"insert into {_table(settings)} values (:target, :depends_on)"),
            [
                {"target": name, "depends_on": depends_on}
                for name, depends_on in wanted.items()
                if name in made or known.get(name) == depends_on
            ],
        )


def _table(settings: Settings) -> str:
    return quoted(settings.build_schema, "prepared")


def _known(connection: Connection, settings: Settings) -> dict[str, str]:
    # One that is not emptied with the models, as an earlier version made it, says nothing.
    is_there = (
        "select exists (select from pg_class where oid = to_regclass(:table) and relpersistence = 'u')"
    )
    if not connection.scalar(text(is_there), {"table": _table(settings)}):
        return {}
    rows = connection.execute(text(f"select target, depends_on from {_table(settings)}"))
    return {row.target: row.depends_on for row in rows}


def _wanted(connection: Connection, settings: Settings, targets: tuple[Target, ...]) -> dict[str, str]:
    tested = policy_hash()
    found = dependencies(connection, settings, targets)
    return {name: f"{depends_on} {tested}" for name, depends_on in found.items()}


def _lasting(targets: tuple[Target, ...]) -> set[str]:
    """The models that stay from build to build."""
    found = {name: part for model in needed(targets) for name, part in upstream(model).items()}
    return {
        name
        for name, part in found.items()
        if {"staging", "quality"} & set(part.path.parts) or name in POLICY_MODELS
    }


def _there(connection: Connection, settings: Settings) -> set[str]:
    """Views and tables of the build; a seed that is made anew takes the views that read it along."""
    return set(
        connection.scalars(
            text(
                "select viewname from pg_views where schemaname = :schema union all"
                " select tablename from pg_tables where schemaname = :schema"
            ),
            {"schema": settings.build_schema},
        )
    )
