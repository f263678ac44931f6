"""Schemas of ours as the upgrade meets them: what earlier versions made without a mark gets it, what is
somebody else's is refused by name.
"""

from collections.abc import Collection, Iterator
from typing import Any

from psycopg import Connection

from standing.build.project import nodes
from standing.contract.targets import TARGETS
from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import Stranger, harmed, mark, marked_schemas, require_ours, strangers
from standing.incremental.layout import TABLES
from standing.settings import Settings
from standing.sql import literal, literals, quoted
from standing.state.schema import NAMES
from standing.upgrade.forward import RENAMED, is_current

#: What proves that an earlier version made the schema: a table, and columns that it has.
PROOFS = {
    "state": ("upgrade_ledger", ("entry_id", "kind", "schema_name", "table_name")),
    "build": ("run_context", ("run_id", "as_of", "wall_clock", "business_time_zone")),
}
#: The unmarked objects of a schema whose names are ours.
UNMARKED = """
select 'pg_class'::regclass::oid as classid, oid,
    case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind,
    quote_ident(relname) as name
from pg_class
where relnamespace = to_regnamespace(%(schema)s) and relkind in ('r', 'p', 'v', 'S')
    and regexp_replace(relname, '__dbt_(tmp|backup)$', '') ~ %(pattern)s
union all
select 'pg_proc'::regclass, oid, 'function',
    format('%%I(%%s)', proname, pg_get_function_identity_arguments(oid))
from pg_proc
where pronamespace = to_regnamespace(%(schema)s) and proname ~ %(functions)s
"""


def schemas(connection: Connection[Any], settings: Settings) -> tuple[str, ...]:
    """Standing's own schema, first; those that dbt builds into, also under an earlier setting; and those in
    which anybody tried a policy.
    """
    tried = rows(
        connection,
        "select nspname as name from pg_namespace where starts_with(nspname, %(stem)s) order by 1",
        stem=settings.diff_stem,
    )
    built = (*settings.build_schemas, *(row["name"] for row in tried), *marked_schemas(connection))
    return tuple(dict.fromkeys((STANDING_SCHEMA, *built)))


def adopt(connection: Connection[Any], settings: Settings, dropped: Collection[str]) -> None:
    """Mark what earlier versions made in the schemas of ours.

    Raises UnfitDatabase naming what is somebody else's there, or leans on relations of those that may be
    `dropped`, and then leaves everything as it was.
    """
    with connection.transaction():
        ours = schemas(connection, settings)
        for schema in ours:
            for _, statement in _of_an_earlier_version(connection, schema):
                connection.execute(statement.encode())
        require_ours(connection, ours, dropped)


def others(connection: Connection[Any], settings: Settings) -> list[Stranger]:
    """What `migrate` would refuse; only reads."""
    ours = schemas(connection, settings)
    known = {(schema, what) for schema in ours for what, _ in _of_an_earlier_version(connection, schema)}
    found = harmed(strangers(connection, ours), dropped_forward(connection, settings))
    return [one for one in found if (one.schema_name, one.stranger) not in known]


def dropped_forward(connection: Connection[Any], settings: Settings) -> tuple[str, ...]:
    """Schemas in which `migrate`, or the run after it, may drop relations: builds, and our own tables where
    they are not this version's.
    """
    own, *built = schemas(connection, settings)
    return tuple(built) if is_current(connection) else (own, *built)


def _of_an_earlier_version(connection: Connection[Any], schema: str) -> Iterator[tuple[str, str]]:
    """What is unmarked in a schema that an earlier version made, each with the statement that marks it."""
    kind = "state" if schema == STANDING_SCHEMA else "build"
    if not _proven(connection, schema, *PROOFS[kind]):
        return
    if kind == "state":
        names, functions = (
            {*NAMES, *RENAMED, "alembic_version", "strangers", "changes_missed", "history_[0-9]{8}"},
            "^log_",
        )
    else:
        tables = {target.table for target in TARGETS}
        writes = {f"{what}_{table}" for what in ("changed", "decided") for table in tables}
        names, functions = {*nodes(), *TABLES, *writes, "undo_documents"}, "^$"
    found = rows(
        connection,
        f"select pg_describe_object(classid, oid, 0) as what, kind, name from ({UNMARKED}) as unmarked"
        " where obj_description(oid, classid::regclass::text) is null",
        schema=quoted(schema),
        pattern=f"^({'|'.join(sorted(names))})$",
        functions=functions,
    )
    for row in found:
        yield row["what"], mark(row["kind"], f"{quoted(schema)}.{row['name']}")


def _proven(connection: Connection[Any], schema: str, table: str, columns: tuple[str, ...]) -> bool:
    name = literal(quoted(schema, table))
    found = rows(
        connection,
        f"select count(*) as n from pg_attribute where attrelid = to_regclass({name})"
        f" and attname = any({literals(columns)}) and not attisdropped",
    )
    return bool(found[0]["n"] == len(columns))
