"""How staging reads the types that other applications have: each by one rule, and logged by the same."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text

from standing.build import dbt
from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.incremental.observed import observe
from standing.incremental.plan import open_build
from standing.settings import Settings
from standing.upgrade.migration import migrate

#: Days for promises, whole numbers and texts for keys, nothing but views of what is only read.
ODD = """
do $$
declare one record;
begin
    for one in select viewname from pg_views where schemaname = 'standing_build' loop
        execute format('drop view if exists standing_build.%I cascade', one.viewname);
    end loop;
end $$;
alter table orders alter promised_at type date using (promised_at at time zone 'America/New_York')::date,
    alter status type text collate "C";
update orders set promised_at = 'infinity' where id = (select id from orders order by id limit 1);
alter table messages disable trigger user, drop constraint messages_pkey cascade, alter id drop default,
    alter id type bigint using 1,
    alter thread_id type bigint using ('x' || left(thread_id::text, 8))::bit(32)::bigint,
    alter sender_id drop not null;
alter table messages drop constraint if exists messages_sender_id_fkey;
alter table messages alter sender_id type text;
insert into messages (id, thread_id, sender_id, recipient_id, sent_at)
    select 2, -1, 'nobody', recipient_id, sent_at from messages order by recipient_id limit 1;
alter table users alter email_verified drop default, alter email_verified type smallint
    using email_verified::int;
alter table disputes rename to disputes_store;
create materialized view disputes as select * from disputes_store;
create table "disputes of 2020" () inherits (disputes_store);
"""
READ = ("base_orders", "base_messages", "base_disputes", "stg_users")


@pytest.fixture
def marketplace(make_database: MakeDatabase, prepared_template: str) -> Settings:
    return make_database(prepared_template, BUSINESS_TIME_ZONE="America/New_York")


@pytest.fixture
def built(marketplace: Settings) -> Iterator[Engine]:
    """The staging views over odd types, and triggers that log them."""
    with connect(marketplace) as engine:
        with engine.begin() as connection:
            connection.execute(text(ODD))
        migrate(marketplace, engine)
        open_build(engine, marketplace, 1, datetime(2026, 6, 1, tzinfo=UTC), TARGETS)
        dbt.invoke(marketplace, engine.url, "run", "--select", *READ)
        yield engine


def test_each_type_that_fits_is_read_by_its_rule(marketplace: Settings, built: Engine) -> None:
    def scalar(query: str) -> object:
        with built.connect() as connection:
            return connection.scalar(text(query))

    # The last moment of the promised day in New York, whatever the session's zone.
    assert scalar(
        "select bool_and((read.promised_at + interval '1 microsecond') at time zone 'America/New_York'"
        " = (orders.promised_at + 1)::timestamp) and count(*) > 100"
        " from orders join standing_build.base_orders as read on read.order_id = orders.id"
        " where isfinite(orders.promised_at)"
    )
    assert scalar(
        "select bool_and(read.quarantine_reason is not distinct from 'impossible time') from orders"
        " join standing_build.base_orders as read on read.order_id = orders.id"
        " where orders.promised_at = 'infinity'"
    )
    # Threads are as many as before, and numbers keep their order.
    assert scalar(
        "select count(distinct thread_id) = (select count(distinct thread_id) from messages)"
        " and bool_and(message_id in (lpad('1', 32, '0')::uuid, lpad('2', 32, '0')::uuid))"
        " from standing_build.base_messages"
    )
    assert scalar("select quarantine_reason from standing_build.base_messages where sender_id is null") == (
        "no sender"
    )
    assert scalar("select count(*) from standing_build.base_disputes") == scalar(
        "select count(*) from disputes_store"
    )
    assert scalar("select count(*) from standing_build.stg_users where email_verified") == scalar(
        "select count(*) from users where email_verified = 1"
    )

    # What a trigger logs of a thread is what staging calls it.
    with built.begin() as connection:
        connection.execute(text("delete from standing.change_log"))
        connection.execute(text("update messages set sent_at = sent_at where thread_id = -1"))
        logged = connection.scalars(
            text("select distinct thread_id from standing.change_log where thread_id is not null")
        ).all()
        read = connection.scalars(
            text("select thread_id from standing_build.base_messages where sender_id is null")
        ).all()
        assert logged == read
        observed = observe(connection, marketplace)
        named = observed.select("id", "messages", "thread_id", f"select '{read[0]}'::uuid")
        assert connection.scalar(text(f"select count(*) from ({named}) as found")) == 1
