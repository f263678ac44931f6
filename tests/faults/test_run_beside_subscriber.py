"""Everything beside a publication of all tables, with a subscriber that keeps up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine, text
from support import legacy
from support.decided import PAPERS_LOST, do, scalar

from standing.database.connect import connect
from standing.decisions.approval import approve
from standing.decisions.trial import try_policy
from standing.decisions.undo import resume, undo
from standing.monitor.reconcile import reconcile
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.upgrade import dry_run
from standing.upgrade.migration import migrate, rollback
from standing.upgrade.preflight import preflight

pytestmark = pytest.mark.usefixtures("no_audits")

#: Tables of ours that a publication of all tables has and that cannot say which rows are deleted.
NAMELESS = """
select string_agg(c.oid::regclass::text, ', ') from pg_class as c
where c.relnamespace in (select oid from pg_namespace where nspname ~ '^standing')
    and c.relkind in ('r', 'p') and c.relpersistence = 'p' and c.relreplident in ('d', 'n')
    and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)
"""
#: Tables that a run makes would stop a subscriber, which lacks them.
PUBLISHED_BUILD = """
select string_agg(c.oid::regclass::text, ', ') from pg_class as c
where c.relnamespace in (select oid from pg_namespace where nspname ~ '^standing_build')
    and c.relkind in ('r', 'p') and c.relpersistence = 'p'
"""
ERRORS = "select apply_error_count + sync_error_count from pg_stat_subscription_stats"


class Subscriber:
    """A database that subscribes to all tables of another one."""

    def __init__(self, publisher: Engine, here: Engine) -> None:
        self.publisher, self.here = publisher, here

    def keeps_up(self) -> bool:
        """Wait until what is published by now has been applied, without an error."""
        until = scalar(self.publisher, "select pg_current_wal_insert_lsn()::text")
        behind = (
            f"select confirmed_flush_lsn < '{until}' from pg_replication_slots where slot_name = 'follows'"
        )
        deadline = time.monotonic() + 120
        while scalar(self.publisher, behind) and not scalar(self.here, ERRORS):
            assert time.monotonic() < deadline, "the subscriber is behind"
            time.sleep(0.05)
        return scalar(self.here, ERRORS) == 0

    def has_the_same(self, query: str) -> bool:
        return scalar(self.publisher, query) == scalar(self.here, query)


@contextmanager
def subscribed(publisher: Settings, here: Settings) -> Iterator[Subscriber]:
    engines = [create_engine(one.database_url or "") for one in (publisher, here)]
    one, other = engines
    do(one, "create publication everything for all tables")
    do(one, "select pg_create_logical_replication_slot('follows', 'pgoutput')")
    url = engines[0].url
    way = f"host={url.query['host']} port={url.query.get('port', url.port or 5432)} user={url.username}"
    do(
        other,
        f"create subscription follows connection '{way} dbname={url.database}' publication everything"
        " with (create_slot = false, copy_data = false)",
    )
    try:
        yield Subscriber(one, other)
    finally:
        do(other, "alter subscription follows disable", "alter subscription follows set (slot_name = none)")
        do(other, "drop subscription follows")
        _forget_slot(one)
        for engine in engines:
            engine.dispose()


def _forget_slot(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("select pg_terminate_backend(active_pid) from pg_replication_slots where active")
        )
        while connection.scalar(text("select bool_or(active) from pg_replication_slots")):
            time.sleep(0.05)
        connection.execute(text("select pg_drop_replication_slot('follows')"))


DOCUMENTS = (
    "select md5(string_agg(concat(u.trust_score, u.behavior_score), '' order by id)) from users as u"
)


def test_a_subscriber_with_the_new_columns_keeps_up_with_the_upgrade(make_database: MakeDatabase) -> None:
    publisher, here = make_database(), make_database()
    for settings in (publisher, here):
        with connect(settings) as engine:
            legacy.fill(engine)
    with subscribed(publisher, here) as subscriber:
        warned = [one for one in preflight(publisher, subscriber.publisher) if one.name == "publications"]
        assert "'everything'" in warned[0].message
        assert "seller_profiles, users" in warned[0].message
        for step in dry_run.plan(publisher, subscriber.publisher):
            if not (step.repeated or step.name.startswith("change log")):
                with subscriber.here.connect().execution_options(isolation_level="AUTOCOMMIT") as there:
                    for statement in step.statements:
                        there.exec_driver_sql(statement)
        with connect(publisher) as engine:
            migrate(publisher, engine)
            assert subscriber.keeps_up()
            assert subscriber.has_the_same(
                "select sum((trust_score ->> 'overall_score')::numeric) from users"
            )
            assert scalar(subscriber.publisher, NAMELESS) is None
            rollback(publisher, engine)
        do(subscriber.publisher, "update users set display_name = 'new'")
        assert subscriber.keeps_up()
        assert subscriber.has_the_same("select min(display_name) from users")


def _due_run(settings: Settings, subscriber: Subscriber) -> None:
    do(
        subscriber.publisher,
        "update orders set status = 'cancelled' where status = 'completed' and id::text < '2'",
    )
    run = execute(settings, Request())
    assert run.status == "published", run.message
    assert subscriber.keeps_up()
    assert subscriber.has_the_same(DOCUMENTS)


def _undo(settings: Settings, subscriber: Subscriber) -> None:
    undo(settings, int(str(scalar(subscriber.publisher, "select max(run_id) from standing.runs"))))
    resume(settings)


def _approve(settings: Settings, subscriber: Subscriber) -> None:
    do(subscriber.publisher, PAPERS_LOST)
    stopped = execute(settings, Request())
    assert stopped.status == "stopped", stopped.message
    assert approve(settings, stopped.run_id).status == "published"


def _rest(settings: Settings, subscriber: Subscriber) -> None:
    assert execute(settings, Request(full=True)).status == "published"
    do(subscriber.publisher, "update standing.target_state set depends_on = replace(depends_on, 'a', 'b')")
    assert try_policy(settings).difference
    moment = scalar(subscriber.publisher, "select max(as_of) from standing.runs")
    assert execute(settings, Request(as_of=moment)).status == "replayed"
    assert reconcile(settings).run.status == "published"
    with connect(settings) as engine:
        rollback(settings, engine, force=True)


@pytest.mark.parametrize(
    "acts",
    [
        [_due_run, _undo],
        pytest.param([_due_run, _undo, _approve, _rest], marks=pytest.mark.prove, id="everything"),
    ],
)
def test_a_subscriber_of_all_tables_keeps_up_with_all_that_is_done(
    acts: list[Callable[[Settings, Subscriber], None]],
    make_database: MakeDatabase,
    published_template: str,
) -> None:
    publisher, here = make_database(published_template), make_database(published_template)
    with subscribed(publisher, here) as subscriber:
        for act in acts:
            act(publisher, subscriber)
            assert subscriber.keeps_up(), act.__name__
            assert scalar(subscriber.publisher, NAMELESS) is None
            assert scalar(subscriber.publisher, PUBLISHED_BUILD) is None
