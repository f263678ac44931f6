"""What the application has entered since the upgrade, and what leans on it: rollback would lose it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS
from standing.contract.declare import Column
from standing.contract.points import POINTS
from standing.contract.targets import DOCUMENTS
from standing.database.catalog import Catalog, rows
from standing.sql import literal, quoted
from standing.upgrade.steps import Item

#: Of columns that the application writes, too, the keys that Standing calculates.
SHARED = {target.column: target.owned_keys for target in DOCUMENTS if target.owned_keys}
#: Columns that Standing calculates: nobody enters them.
CALCULATED = {*(target.column for target in DOCUMENTS), "ai_insights"} - SHARED.keys()

#: The id of the row by which an undo takes a posting back (standing/publish/postings/deltas.sql.j2).
_TAKEN_BACK = (
    "md5(concat_ws('/', member_id, posting ->> 'source', posting ->> 'source_id',"
    " extract(epoch from (posting ->> 'ends_at')::timestamptz),"
    " (posting ->> 'revision')::bigint + 1))::uuid"
)
#: Rows of the guide's tables that the upgrade makes itself, and those that runs have posted and can still
#: take back, or have taken back.
OWN_ROWS = {
    "loyalty_programs": "true",
    "points_transactions": (
        "t.type = 'earn' and t.source = 'signup' and t.description = 'Welcome bonus for existing member'"
        " or t.id in (select ours.id from standing.history"
        " cross join lateral jsonb_array_elements(old_document -> 'postings') as posting"
        f" cross join lateral (values ((posting ->> 'id')::uuid), ({_TAKEN_BACK})) as ours (id)"
        f" where target = {literal(POINTS.name)})"
    ),
}

DEPENDENTS = """
select distinct coalesce(v.relname, k.conname, g.tgname, d.classid::regclass::text) as name,
    on_.relname as "table", a.attname as "column",
    case when v.oid is not null then 'view' when k.oid is not null then 'foreign key' else 'trigger' end
        as kind
from pg_depend as d
join pg_class as on_ on on_.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
left join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attnum > 0
left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
left join pg_class as v on v.oid = r.ev_class and v.oid <> on_.oid
left join pg_constraint as k
    on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    and k.contype = 'f' and k.confrelid = on_.oid and k.conrelid <> on_.oid
left join pg_trigger as g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid and not g.tgisinternal
where on_.relnamespace = to_regnamespace(%(schema)s) and d.deptype = 'n'
    and (v.oid is not null or k.oid is not null or (g.oid is not null and a.attnum is not null))
    and not exists (
        select from pg_namespace as n where n.oid = v.relnamespace and n.nspname = any(%(built)s)
    )
"""


@dataclass(frozen=True)
class Loss:
    """So many rows in which `what` was entered, or one object that depends on it."""

    what: str
    rows: int


def losses(connection: Connection[Any], catalog: Catalog, made: Collection[Item]) -> list[Loss]:
    """What is in objects of the ledger, most rows first; counts each table once, and only reads."""
    columns = {(item.table, item.name) for item in made if item.kind == "column"}
    losses = []
    for table in [item.name for item in made if item.kind == "table" and catalog.has(item.name)]:
        entered = f"not ({OWN_ROWS[table]})" if table in OWN_ROWS else "true"
        counted = rows(
            connection, f"select count(*) as n from {quoted(catalog.schema, table)} as t where {entered}"
        )
        losses.append(Loss(f"{table}", counted[0]["n"]))
    for addition in ADDITIONS:
        ours = [
            column
            for column in addition.columns
            if (addition.table, column.name) in columns and column.name not in CALCULATED
        ]
        if ours and catalog.has(addition.table):
            losses += _entered(connection, catalog, addition.table, ours)
    return sorted((loss for loss in losses if loss.rows), key=lambda loss: -loss.rows)


def _entered(
    connection: Connection[Any], catalog: Catalog, table: str, columns: list[Column]
) -> list[Loss]:
    counts = ", ".join(
        f"count(*) filter (where {_changed(column)}) as {quoted(column.name)}" for column in columns
    )
    counted = rows(connection, f"select {counts} from {quoted(catalog.schema, table)} as t")[0]
    return [
        Loss(f"{table}.{column.name} changed from its default", counted[column.name]) for column in columns
    ]


def _changed(column: Column) -> str:
    name = f"t.{quoted(column.name)}"
    if column.document:
        return f"{name} is not null and not {column.document.untouched(name, SHARED.get(column.name, ()))}"
    return f"{name} is distinct from {column.default}" if column.default else f"{name} is not null"


def dependents(
    connection: Connection[Any], catalog: Catalog, made: Collection[Item], built: Collection[str]
) -> list[str]:
    """Views, foreign keys and triggers of others that stand on what the upgrade created.

    Views in the schemas `built` are dbt's and go with the rollback.
    """
    tables = {item.name for item in made if item.kind == "table"}
    others = {(item.table, item.name) for item in made}
    dependents = []
    for row in rows(connection, DEPENDENTS, schema=quoted(catalog.schema), built=list(built)):
        ours = row["table"] in tables or (row["table"], row["column"]) in others
        if ours and not any(item.name == row["name"] for item in made):
            on = f"{row['table']}.{row['column']}" if row["column"] else row["table"]
            dependents.append(f"{row['kind']} {row['name']} on {on}")
    return sorted(set(dependents))
