"""Which policy the build's schema holds: the seeds that were last loaded and passed their tests.

Loading and testing them costs seconds; a run leaves it out where nothing about them has changed.
"""

from sqlalchemy import Engine, text

from standing.depends import seeds_hash
from standing.publish_sql import quoted
from standing.settings import Settings


def is_policy_loaded(engine: Engine, settings: Settings, selection: str = "all") -> bool:
    """Whether the build's schema holds these very seeds, with what a selection needs of their tests passed."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.connect() as connection:
        if connection.scalar(text("select to_regclass(:table) is null"), {"table": table}):
            return False
        return bool(
            connection.scalar(
                text(
                    f"select exists (select from {table} where hash = :hash and selection in (:selection, 'all'))"
                ),
                {"hash": seeds_hash(), "selection": selection},
            )
        )


def forget_loaded_policy(engine: Engine, settings: Settings) -> None:
    """Before the seeds are loaded: what is there from now on may be wrong."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.begin() as connection:
        connection.execute(
            text(f"create table if not exists {table} (hash text not null, selection text not null)")
        )
        connection.execute(text(f"delete from {table}"))


def note_loaded_policy(engine: Engine, settings: Settings, selection: str = "all") -> None:
    """After the seeds have been loaded and tested as far as a selection needs it."""
    table = quoted(settings.build_schema, "loaded_policy")
    with engine.begin() as connection:
        connection.execute(
            text(f"insert into {table} (hash, selection) values (:hash, :selection)"),
            {"hash": seeds_hash(), "selection": selection},
        )
