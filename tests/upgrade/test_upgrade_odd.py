"""Databases that are odd and legal are upgraded and rolled back like any other; unfit ones are refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support import legacy

from standing.database.connect import connect
from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.upgrade.migration import migrate, rollback

PARTITIONED = legacy.TABLES.replace(
    """create table {s}.orders (
    id uuid primary key default gen_random_uuid(), buyer_id""",
    """create table {s}.orders (
    id uuid not null default gen_random_uuid(), buyer_id""",
).replace(
    """    created_at timestamptz not null default now()
);
create table {s}.reviews""",
    """    created_at timestamptz not null default now()
) partition by range (created_at);
create table {s}."2024" partition of {s}.orders for values from ('2024-01-01') to ('2025-01-01');
create table {s}."Thi""s ปี" partition of {s}.orders for values from ('2025-01-01') to ('2026-01-01')
    partition by list (status);
create table {s}.done partition of {s}."Thi""s ปี" for values in ('completed');
create table {s}.rest partition of {s}."Thi""s ปี" default;
create table {s}.reviews""",
)

REQUIRED_ONLY = """
create table {s}.users (id uuid primary key, created_at timestamptz);
create table {s}.seller_profiles (id uuid primary key, rating_score double precision, rating_count bigint);
create type {s}.order_status as enum ('pending', 'completed', 'cancelled');
create cast (text as {s}.order_status) with inout as assignment;
create table {s}.orders (
    id uuid, buyer_id uuid, seller_id uuid, status {s}.order_status, created_at timestamp
);
create table {s}.reviews (id uuid, seller_id uuid, rating smallint, created_at timestamptz);
"""


@contextmanager
def upgraded_and_back(settings: Settings, tables: str = legacy.TABLES, also: str = "") -> Iterator[Engine]:
    """Gives the engine of an upgraded database; afterwards everything must be as it was."""
    with connect(settings) as engine:
        legacy.fill(engine, settings.application_schema, tables)
        if also:
            with engine.begin() as connection:
                connection.exec_driver_sql(also)
        before = [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)]
        migrate(settings, engine)
        yield engine
        assert migrate(settings, engine).nothing
        rollback(settings, engine, force=True)
        assert [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)] == before


def scalar(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def test_partitioned_orders_get_their_indexes_partition_by_partition(settings: Settings) -> None:
    with upgraded_and_back(settings, PARTITIONED) as engine:
        parents = "select bool_and(indisvalid) from pg_index where indrelid = 'orders'::regclass"
        assert scalar(engine, parents) is True
        assert (
            scalar(engine, "select count(*) from pg_indexes where tablename = 'done'") == 3
        )  # id has no key
        assert (
            scalar(engine, "select trust_score ->> 'transaction_score' from users order by id limit 1")
            is not None
        )


@pytest.mark.parametrize("schema", ["Market place", "a'b", "ตลาด", "100%"])
def test_any_schema_name_works(make_database: MakeDatabase, schema: str) -> None:
    settings = make_database(STANDING_APPLICATION_SCHEMA=schema)
    with upgraded_and_back(settings) as engine:
        where = '"' + schema.replace('"', '""') + '"'
        assert scalar(engine, f"select count(*) from {where}.loyalty_programs") == 8
        assert scalar(engine, "select to_regclass('public.loyalty_programs')") is None


def test_only_the_required_tables_and_columns_are_enough(settings: Settings) -> None:
    with upgraded_and_back(settings, REQUIRED_ONLY) as engine:
        assert scalar(engine, "select to_regclass('wishlists')") is None
        tier = "select tier_info ->> 'current_tier' from seller_profiles where rating_score = 4.6"
        assert scalar(engine, tier) == "established"


def test_products_that_come_later_bring_wishlists(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine, tables=REQUIRED_ONLY)
    migrate(settings, engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("create table public.products (id uuid primary key)")
        connection.exec_driver_sql("create table public.admin_users (id uuid primary key)")
    done = migrate(settings, engine).steps
    assert "table wishlists" in done
    assert "5 columns of admin_users" in done


def test_documents_that_were_there_are_completed_and_put_back(settings: Settings) -> None:
    found = """
    alter table users add column preferences jsonb;
    update users set preferences = '{"language": "en", "beta": true}'
        where id < '80000000-0000-0000-0000-000000000000';
    """
    with upgraded_and_back(settings, also=found) as engine:
        known = "select count(*) from users where preferences ->> 'theme' = 'auto'"
        assert scalar(engine, known) == len(legacy.NAMES)
        kept = "select count(*) from users where preferences ->> 'language' = 'en' and preferences ? 'beta'"
        assert scalar(engine, kept) == scalar(
            engine, "select count(*) from standing.upgrade_kept where old ? 'beta'"
        )


PROGRAMS = """
create table loyalty_programs (
    id uuid primary key default gen_random_uuid(), user_id uuid not null unique,
    points_balance integer, points_lifetime bigint default 0, last_updated timestamptz default '2025-01-01'
);
insert into loyalty_programs (user_id, points_balance, points_lifetime)
select id, 40, 90 from users order by id limit 3;
"""


def test_programmes_that_were_there_get_their_bonus_and_give_it_back(settings: Settings) -> None:
    with upgraded_and_back(settings, also=PROGRAMS) as engine:
        found = (
            "select string_agg(points_balance || '/' || points_lifetime, ' ' order by id)"
            " from loyalty_programs"
        )
        assert sorted(str(scalar(engine, found)).split()) == ["100/100"] * 5 + ["140/190"] * 3
        agree = """
        select bool_and(p.balance_after = l.points_balance)
        from loyalty_programs as l join points_transactions as p using (user_id)
        """
        assert scalar(engine, agree) is True


def test_members_who_were_welcomed_before_are_not_welcomed_again(settings: Settings) -> None:
    also = (
        PROGRAMS
        + """
    create table points_transactions (
        id uuid primary key default gen_random_uuid(), user_id uuid not null, type text not null,
        amount integer not null, balance_after integer not null, source text not null,
        description text not null, created_at timestamptz default now()
    );
    insert into points_transactions (user_id, type, amount, balance_after, source, description)
    select user_id, 'earn', 40, 40, 'signup', 'Hello' from loyalty_programs;
    """
    )
    with upgraded_and_back(settings, also=also) as engine:
        assert scalar(engine, "select count(*) from points_transactions") == len(legacy.NAMES)
        assert scalar(engine, "select count(*) from loyalty_programs where points_balance = 40") == 3


def test_triggers_of_the_application_fire_and_stay(settings: Settings) -> None:
    also = """
    alter table users add column touched integer not null default 0;
    create function touch() returns trigger language plpgsql as
        'begin new.touched := 0; return new; end';
    create trigger touch before update on users for each row execute function touch();
    """
    with upgraded_and_back(settings, also=also) as engine:
        assert scalar(engine, "select min(trust_score ->> 'transaction_score') from users") == "20"


def test_a_marketplace_without_members_is_upgraded(settings: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(legacy.TABLES.format(s="public"))
    assert migrate(settings, engine).steps
    assert scalar(engine, "select count(*) from loyalty_programs") == 0


def test_a_pipeline_index_is_made_only_where_none_leads_with_the_column(settings: Settings) -> None:
    also = """
    create index wide on orders (buyer_id, created_at);
    create index half on orders (seller_id) where status = 'completed';
    """
    with upgraded_and_back(settings, also=also) as engine:
        made = (
            "select string_agg(indexname, ' ' order by 1) from pg_indexes"
            " where indexname ~ '^standing_orders'"
        )
        assert scalar(engine, made) == "standing_orders_seller_id"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table users add column trust_score text", "users.trust_score exists as text, not jsonb"),
        ("alter table users add column devices json", "users.devices exists as json, not jsonb"),
        ("alter table orders alter column buyer_id type text", "orders.buyer_id is text, not uuid"),
        ("alter table reviews drop column rating", "reviews.rating is missing"),
        ("alter table users drop constraint users_pkey cascade", "users.id is no key"),
        ("create view rewards as select 1 as one", "rewards exists and is not a table"),
        ("create table wishlists (id uuid primary key)", "wishlists lacks the required column user_id"),
        ("create index idx_loyalty_tier on users (created_at)", "idx_loyalty_tier is an index of users"),
        (
            "create schema standing create table mine (x int)",
            "schema 'standing' has what is not Standing's: table standing.mine",
        ),
    ],
)
def test_an_unfit_database_is_refused_untouched(
    settings: Settings, engine: Engine, change: str, said: str
) -> None:
    tables = legacy.TABLES.replace(" references {s}.users (id)", "")
    legacy.fill(engine, tables=tables)
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    before = legacy.dump(engine.url, "--schema-only")
    with pytest.raises(UnfitDatabase, match=said):
        migrate(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == before


def test_an_invalid_leftover_is_built_anew(
    settings: Settings, engine: Engine, administer: Callable[[str], None]
) -> None:
    legacy.fill(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("create index standing_orders_buyer_id on orders (buyer_id)")
        connection.exec_driver_sql(
            "update pg_index set indisvalid = false where indexrelid = 'standing_orders_buyer_id'::regclass"
        )
    assert "drop the invalid index standing_orders_buyer_id" in migrate(settings, engine).steps
    valid = "select indisvalid from pg_index where indexrelid = 'standing_orders_buyer_id'::regclass"
    assert scalar(engine, valid) is True
