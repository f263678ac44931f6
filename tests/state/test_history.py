"""How long replaced documents are kept, and what is erased with a member who is gone."""

import json

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support.decided import column, do, scalar

from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.state.erasure import ERASED, MEMBER_TABLES, erase, tidy
from standing.state.history import prune

pytestmark = pytest.mark.usefixtures("no_pictures")

EVERYWHERE = {
    f"standing.{table}" for table in (*MEMBER_TABLES, "past_documents", "upgrade_kept", "due", "runs")
} | {"standing_build_diff_somchai.user_trust_scores"}
GONE = "00000000-0000-0000-0000-00000000dead"
STAYS = "00000000-0000-0000-0000-0000000a11fe"


@pytest.fixture
def marketplace(make_database: MakeDatabase, published_template: str) -> Settings:
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0, STANDING_HISTORY_DAYS=30)


def keep_day(engine: Engine, ago: int) -> str:
    """A document of `ago` days before today (UTC), in the history by a run of that number."""
    day = str(scalar(engine, f"select to_char((now() at time zone 'UTC')::date - {ago}, 'YYYYMMDD')"))
    do(
        engine,
        f"insert into standing.history select {day}, 'trust_score', id, null, '', timestamptz"
        f" '{day} 12:00+00' from users order by id limit 1",
    )
    return day


def days(engine: Engine) -> set[str]:
    written = "select distinct to_char(published_at at time zone 'UTC', 'YYYYMMDD') from standing.history"
    return set(column(engine, written))


def remember(engine: Engine, member: str) -> None:
    """Rows about a member in every table of ours that has members."""
    do(
        engine,
        f"insert into users (id, display_name) values ('{member}', 'สมชาย')",
        f"insert into standing.history values (1, 'trust_score', '{member}', '{{}}', '', now())",
        f"insert into standing.change_sets values (1, 'trust_score', '{member}', '{{}}', '{{}}')",
        f"insert into standing.member_state values ('trust_score', '{member}', null, 1)"
        " on conflict do nothing",
        f"insert into standing.past_documents values ('trust_score', '{member}', now(), '{{}}')",
        f"insert into standing.upgrade_kept values ('users', 'trust_score', '{member}', '{{}}')",
        "create schema if not exists standing_build_diff_somchai",
        "create table if not exists standing_build_diff_somchai.user_trust_scores as"
        " select * from standing_build.user_trust_scores limit 0",
        "comment on table standing_build_diff_somchai.user_trust_scores is 'made by Standing'",
        f"insert into standing_build_diff_somchai.user_trust_scores (user_id) values ('{member}')",
        f"insert into standing.due (target, member_id) values ('trust_score', '{member}')"
        " on conflict do nothing",
        f"insert into standing.holds values ('trust_score', '{member}', 1)",
        "insert into standing.runs (selection, as_of, status, message, summary)"
        " values ('all', now(), 'failed',"
        f' \'dbt build: a test found user_id={member}\', \'{{"verdict": {{"reason":'
        f' "user_id={member}"}}}}\')',
    )


def mentions(engine: Engine, member: str) -> list[str]:
    """The tables of ours in which the member's key is found."""
    tables = column(
        engine,
        "select format('%I.%I', table_schema, table_name) from information_schema.tables"
        " where (table_schema = 'standing' and table_name !~ '^history_[0-9]')"
        " or table_schema like 'standing_build_%' order by 1",
    )
    return [
        table
        for table in tables
        if scalar(engine, f"select exists (select from {table} as t where t::text like '%{member}%')")
    ]


def test_whole_days_older_than_the_setting_are_dropped(marketplace: Settings, database: Engine) -> None:
    old, edge, young = keep_day(database, 31), keep_day(database, 30), keep_day(database, 1)
    with database.begin() as connection:
        assert prune(connection, marketplace) == 1
    left = days(database)
    assert old not in left
    assert {edge, young} <= left
    with database.begin() as connection:
        assert prune(connection, marketplace) == 0


def test_a_run_drops_old_days_and_erases_who_is_gone(marketplace: Settings, database: Engine) -> None:
    old = keep_day(database, 40)
    remember(database, GONE)
    remember(database, STAYS)
    assert set(mentions(database, GONE)) == EVERYWHERE | {"standing.change_log"}
    do(database, f"delete from users where id = '{GONE}'", "delete from standing.holds")
    outcome = execute(marketplace, Request())  # who is due for one target still is not forgotten yet
    assert outcome.status == "published", outcome.message
    assert old not in days(database)
    assert mentions(database, GONE) == []
    assert "standing.history" in mentions(database, STAYS)
    assert "standing.runs" in mentions(database, STAYS)
    erased = json.loads(
        str(
            scalar(database, f"select json_agg(message) from standing.runs where message like '%{ERASED}%'")
            or "[]"
        ).replace("'", '"')
    )
    assert erased == [f"dbt build: a test found user_id={ERASED}"]


def test_a_gone_shop_is_erased_and_the_person_behind_it_stays(
    marketplace: Settings, database: Engine
) -> None:
    shop = "00000000-0000-0000-0000-0000000005e1"
    remember(database, STAYS)
    do(
        database,
        f"insert into standing.history values (1, 'ratings', '{shop}', '{{}}', '', now())",
        f"insert into standing.member_state values ('tier_info', '{shop}', null, 1)",
    )
    with database.begin() as connection:
        assert erase(connection, marketplace) == 1
    assert mentions(database, shop) == []
    assert set(mentions(database, STAYS)) >= EVERYWHERE


def test_between_the_days_first_runs_only_those_who_were_due_are_looked_for(
    marketplace: Settings, database: Engine
) -> None:
    remember(database, GONE)
    do(database, f"delete from users where id = '{GONE}'", "truncate standing_build.due_users")
    do(database, "truncate standing.change_log")  # which every run empties
    with database.begin() as connection:
        assert erase(connection, marketplace, everywhere=False) == 0
    do(database, f"insert into standing_build.due_users values ('{GONE}')")
    tidy(database, marketplace, 99, everybody=False)
    assert mentions(database, GONE) == ["standing.due"]  # until a run of the target has settled it


def test_change_sets_of_runs_that_are_not_stopped_are_forgotten(
    marketplace: Settings, database: Engine
) -> None:
    do(
        database,
        "insert into standing.runs (selection, as_of, status)"
        " values ('all', now(), 'stopped'), ('all', now(), 'failed')",
        "insert into standing.change_sets select run_id, 'trust_score', users.id, null, '{}'"
        " from standing.runs cross join (select id from users order by id limit 3) as users",
    )
    tidy(database, marketplace, 99, everybody=False)
    assert column(database, "select distinct run_id from standing.change_sets") == [2]


def test_a_busy_history_does_not_fail_the_run(marketplace: Settings, database: Engine) -> None:
    old = keep_day(database, 31)
    with database.connect() as reader:
        reader.execute(text("lock table standing.history in share mode"))
        tidy(database, marketplace, 99, everybody=False)
        assert old in days(database)
    tidy(database, marketplace, 99, everybody=False)
    assert old not in days(database)
