"""The place a loaded marketplace stands on: its tables, and the mark that says a loader made them.

The mark is a row of `simulation.loads` for each application schema, and a comment on every table made.
Only tables with both are ever dropped, so those of a real application never are.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from standing.database.connect import STANDING_SCHEMA, relation_exists, server_message
from standing.database.owners import driver, drop_schema, marked_schemas, require_ours
from standing.errors import SettingError, StandingError
from standing.settings import Settings
from standing.sql import quoted

SIMULATION = "simulation"
MADE_BY = "made by standing load"
REQUIRED = (
    "users", "seller_profiles", "products", "orders", "order_items", "reviews", "admin_users",
)  # fmt: skip
OPTIONAL = (
    "messages", "disputes", "returns", "user_sessions", "user_reports", "user_warnings", "payouts",
    "order_exclusions",
)  # fmt: skip
#: What the seed's upgrade adds; dropped together with the users they belong to.
UPGRADE = (
    "loyalty_programs", "points_transactions", "rewards", "redeemed_rewards", "referral_programs",
    "referred_users", "wishlists", "collections", "moderation_queue",
)  # fmt: skip

#: Until when loyalty.py has played, call by call.
PLAYED = (
    f"alter table {SIMULATION}.loads add column if not exists played timestamptz[] not null default '{{}}'"
)


@dataclass(frozen=True)
class Load:
    """What makes two loads the same: how it was asked for and where its history ends, if that was said."""

    arguments: str
    until: str | None = None


def statements(name: str, tables: tuple[str, ...]) -> list[str]:
    """The statements of tables.sql or constraints.sql that are about these tables."""
    source = files("standing.marketplace").joinpath(name).read_text("utf-8")
    bare = re.sub(r"--[^\n]*", "", source)
    matches = (re.match(r"\s*(?:create|alter) table (\w+)", part) for part in bare.split(";"))
    return [m.string.strip() for m in matches if m and m.group(1) in tables]


def loaded_before(engine: Engine, settings: Settings, load: Load) -> bool:
    """Whether this very load is there; raises SettingError if other tables are in the way."""
    with engine.connect() as connection:
        present = _tables_present(connection, settings)
        mark = mark_of(connection, settings)
    if not present:
        return False
    same = mark is not None and mark.arguments == load.arguments
    if same and mark is not None and load.until in (None, mark.until):
        return True
    where = f"database {engine.url.database!r}, schema {settings.application_schema!r}"
    if mark is None:
        raise SettingError(
            f"{where} holds the tables of an application ({', '.join(present[:3])}, ...)"
            " that `standing load` did not make",
            "name another database in DATABASE_URL, or another schema in STANDING_APPLICATION_SCHEMA",
        )
    raise SettingError(
        f"{where} holds another load: {mark.arguments}" + (f", until {mark.until}" if mark.until else ""),
        "add --replace to drop it and load again",
    )


@contextmanager
def cleared_ground(
    engine: Engine, settings: Settings, load: Load, replace: bool, tables: tuple[str, ...]
) -> Iterator[Connection]:
    """A transaction with new, empty tables on its search path; leaving it adds keys, marks and commits.

    Raises SettingError if tables are there and may not be replaced. On any failure nothing stays.
    """
    try:
        with engine.begin() as connection:
            schema = settings.application_schema
            connection.execute(text("set local lock_timeout = '10s'"))
            if replace:
                _drop(connection, settings, engine.url.database or "")
            connection.execute(text(f"create schema if not exists {quoted(schema)}"))
            _make_simulation_schema(connection)
            connection.execute(text(f"set local search_path to {quoted(schema)}"))
            for statement in statements("tables.sql", tables):
                connection.exec_driver_sql(statement)
            for table in tables:
                connection.exec_driver_sql(f"comment on table {table} is '{MADE_BY}'")
            yield connection
            connection.execute(
                text(
                    f"insert into {SIMULATION}.loads (application_schema, arguments, until)"
                    " values (:schema, :arguments, :until) on conflict (application_schema) do update"
                    " set arguments = excluded.arguments, until = excluded.until, loaded_at = now(),"
                    " played = default"
                ),
                {"schema": schema, "arguments": load.arguments, "until": load.until},
            )
    except (DBAPIError, psycopg.Error) as error:
        reason = server_message(error) if isinstance(error, DBAPIError) else str(error).splitlines()[0]
        raise StandingError(
            f"the load failed and left nothing behind: {reason}",
            "look at the database named by DATABASE_URL, then load again",
        ) from error


def add_keys(connection: Connection, tables: tuple[str, ...], progress: Callable[[str], None]) -> None:
    """Primary and foreign keys, then statistics."""
    connection.execute(text("set local maintenance_work_mem = '512MB'"))
    for statement in statements("constraints.sql", tables):
        progress(f"keys of {statement.split()[2]}")
        connection.exec_driver_sql(statement)
    progress("statistics")
    connection.exec_driver_sql("analyze " + ", ".join(tables))


def raw(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    """The driver's own connection, for COPY, inside the same transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101
    return driver


def _tables_present(connection: Connection, settings: Settings) -> list[str]:
    relations = connection.execute(
        text("select tablename from pg_tables where schemaname = :schema and tablename = any(:names)"),
        {"schema": settings.application_schema, "names": [*REQUIRED, *OPTIONAL]},
    )
    return sorted(relations.scalars())


def mark_of(connection: Connection, settings: Settings) -> Load | None:
    """How the tables there were loaded, if a loader made them."""
    if not relation_exists(connection, f"{SIMULATION}.loads"):
        return None
    row = connection.execute(
        text(f"select arguments, until from {SIMULATION}.loads where application_schema = :schema"),
        {"schema": settings.application_schema},
    ).first()
    return Load(row.arguments, row.until) if row else None


def _make_simulation_schema(connection: Connection) -> None:
    comment = connection.execute(
        text("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = :name"),
        {"name": SIMULATION},
    ).first()
    if comment is not None and comment[0] != MADE_BY:
        raise SettingError(
            f"the database has a schema {SIMULATION!r} that `standing load` did not make",
            "name another database in DATABASE_URL",
        )
    if comment is None:
        connection.exec_driver_sql(f"create schema {SIMULATION}")
        connection.exec_driver_sql(f"comment on schema {SIMULATION} is '{MADE_BY}'")
        connection.exec_driver_sql(
            f"create table {SIMULATION}.loads (application_schema text primary key,"
            " arguments text not null, until text, loaded_at timestamptz not null default now())"
        )
    connection.exec_driver_sql(PLAYED)


def _drop(connection: Connection, settings: Settings, database: str) -> None:
    """Everything the loader made, and what Standing derived from it."""
    present = _tables_present(connection, settings)
    marked = mark_of(connection, settings) is not None
    foreign = [table for table in present if not (marked and _made_here(connection, settings, table))]
    if foreign:
        raise SettingError(
            f"--replace refused: `standing load` did not make {', '.join(foreign[:3])}"
            f" in schema {settings.application_schema!r} of database {database!r}",
            "name another database in DATABASE_URL",
        )
    if not present:
        return
    ours = (STANDING_SCHEMA, *settings.build_schemas, *marked_schemas(driver(connection)))
    require_ours(driver(connection), ours)
    schema = quoted(settings.application_schema)
    for table in (*OPTIONAL, *reversed(REQUIRED), *UPGRADE):
        connection.exec_driver_sql(f"drop table if exists {schema}.{table} cascade")
    for derived in ours:
        drop_schema(driver(connection), derived)
    connection.exec_driver_sql(f"drop table if exists {SIMULATION}.simulation_truth")


def _made_here(connection: Connection, settings: Settings, table: str) -> bool:
    name = f"{quoted(settings.application_schema)}.{table}"
    comment = connection.scalar(
        text("select obj_description(to_regclass(:name), 'pg_class')"), {"name": name}
    )
    return bool(comment == MADE_BY)
