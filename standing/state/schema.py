"""Standing's own schema: what a run keeps, and what the upgrade did."""

import hashlib
import re

from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import mark, strangers_sql
from standing.sql import quoted

SCHEMA = quoted(STANDING_SCHEMA)

STATUS = """status in (
    'running', 'published', 'replayed', 'failed', 'skipped', 'stopped', 'waiting', 'approved', 'rejected',
    'expired', 'undone'
)"""

#: In the order of creation. A publication of all tables wants to know which rows are deleted: each table
#: has a key, or names them by the whole row.
TABLES = (
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
    f"""create table if not exists {SCHEMA}.upgrade_progress (
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
    status text not null check ({STATUS}),
    message text,
    policy text,
    summary jsonb
)""",
    # Policy as runs built with it, each version once.
    f"""create table if not exists {SCHEMA}.policies (
    version text primary key,
    tables jsonb not null
)""",
    f"""create table if not exists {SCHEMA}.history (
    run_id bigint not null,
    target text not null,
    member_id uuid not null,
    old_document jsonb,
    new_hash bytea not null,
    published_at timestamptz not null,
    primary key (run_id, target, member_id)
)""",
    f"create index if not exists history_published_at on {SCHEMA}.history (published_at)",
    # Append only, without a key: writers of one popular shop never wait for each other.
    f"""create table if not exists {SCHEMA}.change_log (
    source text not null,
    affects_counterparties boolean not null default false,
    user_id uuid,
    seller_id uuid,
    order_id uuid,
    thread_id uuid,
    review_id uuid
) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_threshold = -1
)""",
    # Its rows are deleted: a database that publishes all of its tables wants to know which they are.
    f"alter table {SCHEMA}.change_log replica identity full",
    # Counts changes that could not even be noted in the log, for everybody to be due.
    f"create sequence if not exists {SCHEMA}.changes_missed",
    # What the tables were when the log was drained last: their files, parts and triggers.
    f"""create table if not exists {SCHEMA}.log_state (
    source text primary key,
    signature text not null
)""",
    # A row without a member stands for everybody.
    f"""create table if not exists {SCHEMA}.due (
    target text not null,
    member_id uuid,
    reason text,
    since timestamptz not null default clock_timestamp(),
    unique nulls not distinct (target, member_id)
)""",
    f"alter table {SCHEMA}.due replica identity full",
    f"""create table if not exists {SCHEMA}.member_state (
    target text not null,
    member_id uuid not null,
    due_at timestamptz,
    run_id bigint not null,
    primary key (target, member_id)
)""",
    f"create index if not exists member_state_due_at on {SCHEMA}.member_state (target, due_at)",
    f"""create table if not exists {SCHEMA}.target_state (
    target text primary key,
    depends_on text not null,
    run_id bigint not null
)""",
    f"""create table if not exists {SCHEMA}.change_sets (
    run_id bigint not null,
    target text not null,
    member_id uuid not null,
    old_document jsonb,
    new_document jsonb not null,
    primary key (run_id, target, member_id)
)""",
    # What the documents of a change set were made from, as target_state has it of what is published.
    f"""create table if not exists {SCHEMA}.change_set_builds (
    run_id bigint not null,
    target text not null,
    depends_on text not null,
    primary key (run_id, target)
)""",
    f"""create table if not exists {SCHEMA}.holds (
    target text not null,
    member_id uuid not null,
    run_id bigint not null,
    primary key (target, member_id)
)""",
    # What a backfill fills: the moments that are there, and their documents.
    f"""create table if not exists {SCHEMA}.past_moments (
    as_of timestamptz primary key,
    policy_version text not null,
    documents bigint not null,
    filled_at timestamptz not null default clock_timestamp()
)""",
    f"""create table if not exists {SCHEMA}.past_documents (
    target text not null,
    member_id uuid not null,
    as_of timestamptz not null,
    document jsonb not null,
    primary key (target, member_id, as_of)
)""",
    # How well scores foretold what came next, the newest last.
    f"""create table if not exists {SCHEMA}.backtests (
    backtest_id bigint generated always as identity primary key,
    made_at timestamptz not null default clock_timestamp(),
    summary jsonb not null
)""",
    # By which numbers points are earned, each row from its moment on until the next one's.
    f"""create table if not exists {SCHEMA}.loyalty_terms (
    valid_from timestamptz primary key,
    points_per_100_baht integer not null,
    welcome_bonus integer not null,
    referral_bonus_referrer integer not null,
    referral_bonus_referee integer not null,
    hold_days integer not null,
    validity_months integer not null,
    restored_grace_days integer not null,
    referral_signup_days integer not null,
    referral_purchase_days integer not null,
    referral_min_amount integer not null,
    referral_monthly_limit integer not null,
    referral_shop_limit integer not null
)""",
    # What members' balances were beyond what their ledger added up to, before Standing posted anything.
    f"""create table if not exists {SCHEMA}.loyalty_openings (
    user_id uuid primary key,
    opening bigint not null
)""",
    # Which code has upgraded the database, and to which layout of these tables.
    f"""create table if not exists {SCHEMA}.versions (
    upgraded_at timestamptz primary key default clock_timestamp(),
    layout integer not null,
    digest text not null,
    code text not null
)""",
)
NAMES = tuple(re.findall(rf"create table if not exists {SCHEMA}\.(\w+)", "\n".join(TABLES)))
#: What is somebody else's in the schemas of Standing; dbt asks it, too (macros/owners/marks.sql).
STRANGERS = f"create or replace view {SCHEMA}.strangers as {strangers_sql()}"
MARKS = (
    *(mark("table", f"{SCHEMA}.{name}") for name in NAMES),
    mark("sequence", f"{SCHEMA}.changes_missed"),
    mark("view", f"{SCHEMA}.strangers"),
)
STATEMENTS = (*TABLES, STRANGERS, *MARKS)
#: Where Alembic keeps how far the upgrade is; ours, so that a dry run can print it. It comes first of all.
VERSION_TABLE = (
    f"create table if not exists {SCHEMA}.alembic_version (version_num varchar(32) primary key)",
    mark("table", f"{SCHEMA}.alembic_version"),
)

#: Raised by whoever changes the tables, so that older code knows newer tables.
LAYOUT = 5
DIGEST = hashlib.sha256("\n".join((*TABLES, STRANGERS)).encode()).hexdigest()[:16]
