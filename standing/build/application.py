"""What dbt is to know of the application: a table in the build's schema, read by macros/application/."""

from sqlalchemy import Connection, text

from standing.contract.application import SOURCES
from standing.contract.relations import SeenColumn
from standing.database.schemas import Application
from standing.settings import Settings
from standing.sql import quoted

TABLE = "application_columns"
COLUMNS = (
    "relation text, name text, type text not null, is_unique boolean not null, refers boolean not null,"
    " is_filled boolean not null,"
    " is_empty boolean not null, primary key (relation, name)"
)


def hand_over(connection: Connection, settings: Settings, application: Application) -> None:
    """Write down the sources' columns with their types and what constraints promise of them, and which are
    empty.
    """
    table = quoted(settings.build_schema, TABLE)
    connection.execute(text(f"delete from {table}"))
    connection.execute(
        text(
            f"insert into {table}"
            " values (:relation, :name, :type, :is_unique, :refers, :is_filled, :is_empty)"
        ),
        [
            _row(application, source.table, column)
            for source in SOURCES
            if source.table in application.relations
            for column in application.relations[source.table].columns.values()
        ],
    )


def _row(application: Application, relation: str, column: SeenColumn) -> dict[str, object]:
    path = f"{relation}.{column.name}"
    return {
        "relation": relation,
        "name": column.name,
        "type": column.type,
        "is_unique": f"{path} is unique" in application.promises,
        "refers": f"{path} refers" in application.promises,
        "is_filled": f"{path} is filled" in application.promises,
        "is_empty": path in application.empty,
    }
