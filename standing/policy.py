"""What a run finds in the build's schema and need not make again: policy, loaded and tested, and staging.

Loading and testing the seeds and making the staging views costs seconds, and a run of the due changes
nothing about either.
"""

from sqlalchemy import Engine, text

from standing.depends import seeds_hash, upstream
from standing.documents_sql import quoted
from standing.settings import Settings
from standing.targets import Target


def is_policy_loaded(engine: Engine, settings: Settings) -> bool:
    """Whether the build's schema holds these very seeds, tested."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.connect() as connection:
        if connection.scalar(text("select to_regclass(:table) is null"), {"table": table}):
            return False
        return bool(connection.scalar(text(f"select max(hash) from {table}")) == seeds_hash())


def is_staging_there(engine: Engine, settings: Settings, targets: tuple[Target, ...]) -> bool:
    """Whether no staging view of the targets is missing; a seed that is made anew takes its readers along."""
    marts = [*(target.mart for target in targets), "stg_quarantine_counts"]
    needed = {path.stem for mart in marts for path in upstream(mart) if "staging" in path.parts}
    with engine.connect() as connection:
        there = connection.scalars(
            text(
                "select viewname from pg_views where schemaname = :schema union all"
                " select tablename from pg_tables where schemaname = :schema"
            ),
            {"schema": settings.build_schema},
        ).all()
    return needed <= set(there)


def forget_loaded_policy(engine: Engine, settings: Settings) -> None:
    """Before the seeds are loaded: what is there from now on may be wrong."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.begin() as connection:
        connection.execute(text(f"create table if not exists {table} (hash text not null)"))
        connection.execute(text(f"delete from {table}"))


def note_loaded_policy(engine: Engine, settings: Settings) -> None:
    """After the seeds have been loaded and tested."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.begin() as connection:
        connection.execute(text(f"insert into {table} (hash) values (:hash)"), {"hash": seeds_hash()})
