"""The checks of `standing preflight` on the role: whether it may upgrade, and whether it may run."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS, LOOKUPS
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.sql import quoted, render
from standing.state.rights import EVERY_COMMAND, RUN, lacking
from standing.upgrade.checks.server import Check
from standing.upgrade.forward import is_current
from standing.upgrade.plan.tables import wanted_tables

#: What is named of what lacks.
NAMED = 5


def role_of(connection: Connection[Any]) -> str:
    return str(rows(connection, "select current_user as role")[0]["role"])


def owners_lacks(connection: Connection[Any], catalog: Catalog, role: str) -> Iterator[tuple[str, str]]:
    """What migrate and rollback need and the role has not, each with the statement that gives it: to make
    things in both schemas, and to own what they change.
    """
    grantee = quoted(role)
    where = rows(
        connection,
        """
        select
            coalesce(has_schema_privilege(%(role)s, to_regnamespace(%(schema)s), 'create'), true)
                as application,
            to_regnamespace(%(own)s) is not null
                or has_database_privilege(%(role)s, current_database(), 'create') as database,
            coalesce(has_schema_privilege(%(role)s, to_regnamespace(%(own)s), 'create'), true) as own,
            quote_ident(current_database()) as name
        """,
        schema=quoted(catalog.schema),
        own=quoted(STANDING_SCHEMA),
        role=role,
    )[0]
    for schema, may in ((catalog.schema, where["application"]), (STANDING_SCHEMA, where["own"])):
        if not may:
            yield f"create in schema {schema}", f"grant create on schema {quoted(schema)} to {grantee}"
    if not where["database"]:
        yield "create in the database", f"grant create on database {where['name']} to {grantee}"
    touched = ["orders", "products", *LOOKUPS, *(addition.table for addition in ADDITIONS)]
    touched += [table.name for table in wanted_tables(catalog)]
    found = rows(
        connection,
        render("upgrade/checks/not_owned.sql.j2"),
        schema=catalog.schema,
        own=STANDING_SCHEMA,
        touched=touched,
        role=role,
    )
    for row in found:
        yield f"own {row['named']}", f"alter {row['kind']} {row['name']} owner to {grantee}"


def may_upgrade(connection: Connection[Any], catalog: Catalog, role: str) -> Iterator[Check]:
    """Whether migrate, rollback and restore may be done; needless for a runner once the upgrade is."""
    lacks = [what for what, _ in owners_lacks(connection, catalog, role)]
    if not lacks:
        yield Check("may upgrade", "ok", f"role {role} may create and owns the tables")
        return
    message = f"role {role} may not: migrate and rollback need {_named(lacks)}"
    is_done = may_read(connection, "versions") and is_current(connection)
    fix = "connect as the tables' owner for those, or grant them: `standing roles` says which and why"
    yield Check("may upgrade", "note" if is_done else "no-go", message, fix)


def may_read(connection: Connection[Any], table: str) -> bool:
    """Whether a table of ours is there, and the role may read it."""
    return bool(
        rows(
            connection,
            "select from pg_class as class join pg_namespace as schemas on schemas.oid = relnamespace"
            " where nspname = %(own)s and relname = %(table)s and has_table_privilege(class.oid, 'select')"
            " and has_schema_privilege(schemas.oid, 'usage')",
            own=STANDING_SCHEMA,
            table=table,
        )
    )


def may_run(connection: Connection[Any], settings: Settings, role: str) -> Iterator[Check]:
    """Whether everything else may be done, as far as the upgrade has come: each right with its grant."""
    lacks = lacking(connection, settings, role)
    for lack in lacks:
        state = "no-go" if lack.needed_by in (EVERY_COMMAND, RUN) else "warning"
        yield Check("may run", state, f"role {role} lacks {lack}", lack.statement)
    if not lacks:
        yield Check("may run", "ok", f"role {role} may read, build and publish")


def require_owner(connection: Connection[Any], catalog: Catalog, builds: tuple[str, ...] = ()) -> None:
    """Raise UnfitDatabase, before anything is changed, for a role that may not change all of it, the
    relations in the schemas `builds` too.
    """
    role = role_of(connection)
    lacks: list[str] = [what for what, _ in owners_lacks(connection, catalog, role)]
    found = rows(
        connection,
        "select distinct nspname as name from pg_class join pg_namespace as schemas"
        " on schemas.oid = relnamespace where nspname = any(%(builds)s) and relkind in ('r', 'v')"
        " and not pg_has_role(relowner, 'usage') order by 1",
        builds=list(builds),
    )
    lacks += [f"own what was built in schema {row['name']}" for row in found]
    if lacks:
        raise UnfitDatabase(
            f"role {role!r} may neither upgrade nor roll back: it would need {_named(lacks)}",
            "connect as the owner of the application's tables; `standing roles` says which rights are for"
            " what",
        )


def _named(lacks: list[str]) -> str:
    more = len(lacks) - NAMED
    return ", ".join(lacks[:NAMED]) + (f" and {more} more" if more > 0 else "")
