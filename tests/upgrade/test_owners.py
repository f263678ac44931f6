"""Schemas have owners: what somebody else made in them, or upon what is ours there, is refused by name."""

from collections.abc import Callable, Iterator

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine
from support import legacy
from support.decided import do

from standing.build import dbt
from standing.database.connect import connect, rows
from standing.decisions.trial import try_policy
from standing.errors import BuildFailed, NotUpgraded, StandingError
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.state.schema import DIGEST, LAYOUT
from standing.upgrade.migration import migrate, rollback
from standing.upgrade.preflight import preflight

pytestmark = pytest.mark.usefixtures("no_audits")

MARKED = "select count(*) as n from pg_description where description like 'made by Standing%'"
#: What somebody makes, how it is named, and how it goes.
IN_THE_BUILD = [
    (
        "create table standing_build.mine (x int)",
        "table standing_build.mine",
        "drop table standing_build.mine",
    ),
    (
        "create function standing_build.mine() returns int language sql return 1",
        "function standing_build.mine()",
        "drop function standing_build.mine()",
    ),
    (
        "create type standing_build.my_type as enum ('a')",
        "type standing_build.my_type",
        "drop type standing_build.my_type",
    ),
    (
        "create table standing_build.books (x int);"
        "comment on table standing_build.books is 'made by Standing Committee, 2024'",
        "table standing_build.books",
        "drop table standing_build.books",
    ),
]
ON_THE_BUILD = [
    (
        "create view reporting.best as select user_id from standing_build.user_trust_scores",
        "view reporting.best (on standing_build.user_trust_scores)",
        "drop view reporting.best",
    ),
    (
        "create rule quiet as on delete to standing_build.trust_levels do instead nothing",
        "rule quiet on table standing_build.trust_levels",
        "drop rule quiet on standing_build.trust_levels",
    ),
    (
        "create materialized view reporting.levels as select * from standing_build.trust_levels",
        "materialized view reporting.levels (on standing_build.trust_levels)",
        "drop materialized view reporting.levels",
    ),
    (
        "create unlogged table reporting.noted (user_id uuid references standing_build.due_users)",
        "table reporting.noted (on standing_build.due_users)",
        "drop table reporting.noted",
    ),
    (
        "create table reporting.child () inherits (standing_build.seller_tiers)",
        "table reporting.child (on standing_build.seller_tiers)",
        "drop table reporting.child",
    ),
    (
        "create function reporting.how_many() returns bigint language sql"
        " begin atomic select count(*) from standing_build.seller_tiers; end",
        "function reporting.how_many() (on standing_build.seller_tiers)",
        "drop function reporting.how_many()",
    ),
]


@pytest.fixture(scope="module")
def published(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


@pytest.fixture(scope="module")
def database(published: Settings) -> Iterator[Engine]:
    engine = create_engine(published.database_url or "")
    do(engine, "create schema reporting")
    yield engine
    engine.dispose()


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(StandingError) as refused:
        work()
    return str(refused.value)


def commands(settings: Settings, engine: Engine) -> Iterator[str]:
    """What each command that builds, upgrades or takes back says."""
    no_go = [check.message for check in preflight(settings, engine) if check.state == "no-go"]
    yield "; ".join(no_go)
    yield refusal(lambda: migrate(settings, engine))
    yield refusal(lambda: rollback(settings, engine))


@pytest.mark.parametrize("made", [IN_THE_BUILD, ON_THE_BUILD], ids=["in the build", "on the build"])
def test_what_is_somebody_elses_is_refused_by_name_and_stays(
    published: Settings, database: Engine, made: list[tuple[str, str, str]]
) -> None:
    do(database, *(make for make, _, _ in made))
    try:
        with connect(published) as engine:
            said = list(commands(published, engine))
        outcome = execute(published, Request())
        assert outcome.status == "failed"
        for one in (*said, outcome.message):
            assert [named for _, named, _ in made if named not in one] == []
    finally:
        do(database, *(drop for _, _, drop in made))  # fails where it is gone


def test_trials_replays_and_dbt_by_hand_refuse_too(published: Settings, database: Engine) -> None:
    stem = published.build_schema
    schemas = (published.diff_schema, published.replay_schema, stem)
    for schema in schemas:
        do(database, f"create schema if not exists {schema}", f"create table {schema}.mine (x int)")
    try:
        do(database, "update standing.target_state set depends_on = replace(depends_on, 'a', 'b')")
        assert f"table {schemas[0]}.mine" in refusal(lambda: try_policy(published))
        outcome = execute(published, Request(as_of=outcome_moment(database)))
        assert f"table {schemas[1]}.mine" in outcome.message
        with connect(published) as engine, pytest.raises(BuildFailed, match=f"table {stem}.mine"):
            dbt.invoke(published, engine.url, "seed", "--select", "gate_limits")
    finally:
        for schema in schemas:
            do(database, f"drop table {schema}.mine")


def outcome_moment(database: Engine) -> object:
    with database.connect() as connection:
        return rows(connection, "select max(as_of) as as_of from standing.runs")[0]["as_of"]


def test_a_schema_of_another_project_is_refused_before_anything_is_touched(
    make_database: MakeDatabase,
) -> None:
    settings = make_database(STANDING_BUILD_SCHEMA="analytics")
    with connect(settings) as engine:
        legacy.fill(engine)
        do(
            engine,
            "create schema analytics",
            "create table analytics.stg_orders as select id, 'mine' as note from orders",
            "create table analytics.run_context as select 1 as run_id, now() as as_of",
            "create view analytics.my_report as select count(*) from analytics.stg_orders",
        )
        before = legacy.dump(engine.url)
        for said in list(commands(settings, engine))[:2]:
            for mine in (
                "table analytics.stg_orders",
                "table analytics.run_context",
                "view analytics.my_report",
            ):
                assert mine in said
        assert legacy.dump(engine.url) == before


def test_an_empty_schema_is_used_and_stays_without_a_mark(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    do(
        engine,
        "create schema standing_build",
        "create schema standing",
        "comment on schema standing is 'ours'",
    )
    before = legacy.dump(engine.url, "--schema-only")
    migrate(settings, engine)
    rollback(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == before
    with engine.connect() as connection:
        assert rows(connection, MARKED) == [{"n": 0}]


def test_what_an_earlier_version_upgraded_is_brought_forward(
    make_database: MakeDatabase, published_template: str
) -> None:
    settings = make_database(published_template)
    with connect(settings) as engine:
        do(engine, *UNMARK)
        kept = "select count(*) as n from standing.history"
        with engine.connect() as connection:
            history = rows(connection, kept)
            assert history[0]["n"] > 0
        assert "upgraded by an earlier version" in refusal(lambda: execute(settings, Request()))
        assert "standing.history as this version has it" in migrate(settings, engine).steps
        assert migrate(settings, engine).nothing
        with engine.connect() as connection:
            assert rows(connection, kept) == history
        outcome = execute(settings, Request())
        assert outcome.status == "published", outcome.message
        assert "crash" not in outcome.stages[0].detail
        do(engine, "drop table standing.versions", "create table standing.mine (x int)")
        assert "table standing.mine" in refusal(lambda: migrate(settings, engine))


#: As commits before the marks left a database: nothing is marked, and some tables are others.
UNMARK = (
    """
    do $$ declare one record; begin
        for one in
            select format('comment on %s %I.%I is null',
                case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
                nspname, relname) as command
            from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where obj_description(c.oid, 'pg_class') like 'made by Standing%'
            union all select format('comment on schema %I is null', nspname) from pg_namespace
            where obj_description(oid, 'pg_namespace') like 'made by Standing%'
            union all select format('comment on function %s is null', oid::regprocedure) from pg_proc
            where obj_description(oid, 'pg_proc') like 'made by Standing%'
        loop execute one.command; end loop;
    end $$
    """,
    "drop table standing.versions",
    "drop view standing.strangers",
    "drop table standing_build.changed_points_transactions",  # they followed no ledger
    "alter table standing.history drop constraint history_pkey",
    "alter table standing.history add column batch integer not null default 1",
    "alter table standing.runs drop constraint runs_status_check, drop column summary",
    "drop table standing.past_moments",
    "alter table standing_build.run_context rename column everything to all_rows",
)


def test_older_code_refuses_what_newer_code_has_upgraded(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    migrate(settings, engine)
    do(engine, "insert into standing.versions (layout, digest, code) values (99, 'other', '9.9')")
    for work in (lambda: execute(settings, Request()), lambda: migrate(settings, engine)):
        with pytest.raises(NotUpgraded, match=r"newer version of Standing: 9\.9, layout 99"):
            work()
    do(engine, "delete from standing.versions where layout = 99")
    do(engine, "update standing.alembic_version set version_num = 'of_tomorrow'")
    with pytest.raises(NotUpgraded, match="of_tomorrow"):
        migrate(settings, engine)


def test_a_layout_that_changes_gets_a_number_of_its_own() -> None:
    assert (LAYOUT, DIGEST) == (5, "12a8c7ec2c3ff545"), "raise LAYOUT, then write both here"
