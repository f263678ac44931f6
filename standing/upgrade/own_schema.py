"""Standing's own schema: what a run keeps, and what the upgrade did."""

from standing.database import STANDING_SCHEMA
from standing.upgrade.steps import Step, quoted

SCHEMA = quoted(STANDING_SCHEMA)

STATEMENTS = (
    f"""create table if not exists {SCHEMA}.upgrade_ledger (
    entry_id bigint generated always as identity primary key,
    kind text not null
        check (kind in ('schema', 'table', 'column', 'constraint', 'index', 'trigger', 'function')),
    schema_name text not null,
    table_name text not null,
    name text not null,
    created_at timestamptz not null default clock_timestamp(),
    unique (kind, schema_name, table_name, name)
)""",
    f"""create table if not exists {SCHEMA}.backfill (
    step text primary key,
    after_key text,
    members bigint not null default 0,
    finished_at timestamptz
)""",
    f"""create table if not exists {SCHEMA}.upgrade_kept (
    table_name text not null,
    column_name text not null,
    member_id uuid not null,
    old jsonb,
    primary key (table_name, column_name, member_id)
)""",
    f"""create table if not exists {SCHEMA}.upgrade_rows (
    table_name text not null,
    row_id uuid not null,
    primary key (table_name, row_id)
)""",
    f"""create table if not exists {SCHEMA}.runs (
    run_id bigint generated always as identity primary key,
    selection text not null,
    as_of timestamptz not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    status text not null check (
        status in ('running', 'published', 'replayed', 'failed', 'skipped', 'stopped', 'waiting', 'undone')
    ),
    message text,
    summary jsonb
)""",
    f"""create table if not exists {SCHEMA}.history (
    run_id bigint not null,
    target text not null,
    member_id uuid not null,
    old_document jsonb,
    new_hash bytea not null,
    published_at timestamptz not null
) partition by range (published_at)""",
)


def plan_own_schema() -> list[Step]:
    """One step; the schema itself is there by then, for the version table."""
    return [Step("Standing's own tables", STATEMENTS)]
