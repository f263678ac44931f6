"""Whose a schema is. What Standing makes carries its mark, a comment; nothing else is dropped or replaced.

A schema that Standing made carries the mark, too. One that was there and was empty is used and stays.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text

from standing.database.build_rights import lacks_build
from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.errors import UnfitDatabase
from standing.sql import literal, literals, quoted, render
from standing.text import plural

#: The comment on every schema, relation and function that is ours, and all that may follow it, a layout of
#: tables. What only begins so is somebody else's.
MARK = "made by Standing"
MARKED = rf"^{MARK}(; layout [0-9a-f]{{16}})?$"
#: What is named of the strangers in a message.
NAMED = 10

Driver = psycopg.Connection[Any]


@dataclass(frozen=True)
class Stranger:
    """Somebody's object in a schema of ours, or one that leans on a relation of ours."""

    schema_name: str
    stranger: str
    leans_on: str | None

    def __str__(self) -> str:
        return self.stranger if self.leans_on is None else f"{self.stranger} (on {self.leans_on})"


def driver(connection: Connection) -> Driver:
    """The connection below SQLAlchemy's, in the same transaction."""
    return cast("Driver", connection.connection.driver_connection)


def mark(kind: str, name: str, more: str = "") -> str:
    """The statement that marks an object as ours; `more` is kept with the mark."""
    return f"comment on {kind} {name} is {literal(f'{MARK}; {more}' if more else MARK)}"


def is_marked(comment: str) -> str:
    """The condition that a comment, an expression of SQL, is our mark."""
    return f"{comment} operator(pg_catalog.~) {literal(MARKED)}"


def create_table(connection: Connection, name: str, definition: str, more: str = "", **values: Any) -> None:
    """A table of a build: what follows its name in `definition`, and our mark.

    It is unlogged, since all of it is derived: what a crash of the server empties is derived anew, and no
    publication has its rows.
    """
    connection.execute(text(f"create unlogged table {name} {definition}"), values)
    connection.execute(text(mark("table", name, more)))


def open_schema(connection: Driver, schema: str) -> None:
    """Make a build's schema, or use the one that is there.

    Raises UnfitDatabase where somebody else's objects are in it, or lean on what is ours there.
    """
    require_ours(connection, (schema,))
    role = rows(connection, "select current_user as role")[0]["role"]
    if lack := lacks_build(connection, schema, role, "a build works there"):
        fix = f"as the owner: {lack.statement}; `standing roles --sql` prints all that a runner needs"
        raise UnfitDatabase(f"role {role!r} lacks {lack}", fix)
    create_schema(connection, schema)


def create_schema(connection: Driver, schema: str) -> None:
    """Make the schema, with our mark, unless it is there.

    The right to make one is not asked for where it is: `create schema if not exists` would.
    """
    if not rows(connection, "select from pg_namespace where nspname = %(schema)s", schema=schema):
        connection.execute(f"create schema {quoted(schema)}".encode())
        connection.execute(mark("schema", quoted(schema)).encode())


def strangers_sql() -> str:
    return render("database/strangers.sql.j2", is_marked=is_marked)


def strangers(connection: Driver, schemas: Iterable[str]) -> list[Stranger]:
    """What in the schemas, or on what is ours there, is somebody else's."""
    found = rows(
        connection,
        f"select * from ({strangers_sql()}) as found where schema_name = any({literals(schemas)})"
        " order by leans_on is not null, schema_name, stranger",
    )
    return [Stranger(**row) for row in found]


def require_ours(
    connection: Driver, schemas: Collection[str], dropped: Collection[str] | None = None
) -> None:
    """Raise UnfitDatabase naming what is somebody else's in the schemas, and what leans on what is ours in
    those of them, all if not given, of which relations may be dropped.
    """
    if found := harmed(strangers(connection, schemas), schemas if dropped is None else dropped):
        raise not_ours(found)


def harmed(found: Iterable[Stranger], dropped: Collection[str]) -> list[Stranger]:
    """Those in our schemas, and those that lean on relations of schemas in which these may be `dropped`."""
    return [one for one in found if one.leans_on is None or one.schema_name in dropped]


def not_ours(found: list[Stranger]) -> UnfitDatabase:
    """What to say of them."""
    inside = [one for one in found if one.leans_on is None]
    if not inside:
        return UnfitDatabase(
            f"Standing drops or makes anew what others lean on; with it would go {_names(found)}",
            "drop it by hand, or have it read the application's columns or a copy of its own",
        )
    schema = inside[0].schema_name
    here = [one for one in inside if one.schema_name == schema]
    if schema == STANDING_SCHEMA:
        fix = "move it to another schema; what an earlier version made, `standing migrate` marks"
    else:
        fix = (
            "move it to another schema, or set STANDING_BUILD_SCHEMA to a schema of its own;"
            " what an earlier version built there, drop: a run makes it anew"
        )
    return UnfitDatabase(f"schema {schema!r} has what is not Standing's: {_names(here)}", fix)


def _names(found: list[Stranger]) -> str:
    more = len(found) - NAMED
    named = ", ".join(str(one) for one in found[:NAMED])
    return f"{named} and {plural(more, 'other')}" if more > 0 else named


def marked_schemas(connection: Driver) -> tuple[str, ...]:
    """The schemas that we made."""
    ours = is_marked("obj_description(oid, 'pg_namespace')")
    found = rows(connection, f"select nspname as name from pg_namespace where {ours} order by 1")
    return tuple(row["name"] for row in found)


def drops(connection: Driver, schema: str) -> list[tuple[str, str]]:
    """The relations of a schema that are ours, each with the statement that drops it.

    What leans on it goes with it: ask for strangers before.
    """
    ours = is_marked("obj_description(oid, 'pg_class')")
    found = rows(
        connection,
        "select relname as name, relkind as kind from pg_class"
        f" where relnamespace = to_regnamespace(%(schema)s) and {ours} order by oid",
        schema=quoted(schema),
    )
    kinds = {"v": "view", "S": "sequence"}
    return [
        (
            row["name"],
            f"drop {kinds.get(row['kind'], 'table')} if exists {quoted(schema, row['name'])} cascade",
        )
        for row in found
    ]


def drop_schema(connection: Driver, schema: str) -> None:
    """Drop what is ours in a schema, and the schema if we made it; ask for strangers before."""
    for _, statement in drops(connection, schema):
        connection.execute(statement.encode())
    if schema in marked_schemas(connection):
        connection.execute(f"drop schema {quoted(schema)} cascade".encode())
