"""Points are posted as differences: once, onto a ledger that is as it was seen, and taken back by rows."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support.decided import column, do, rows_of, scalar
from support.small_ledger import (
    BROKEN,
    CONTRACT,
    END,
    POINTS,
    UNEQUAL,
    Worth,
    balance,
    build,
    entries,
    spend,
)
from support.small_mart import declare, find, publish, stop, until_it_waits

from standing.database.clock import wall_clock
from standing.decisions.approval import approve
from standing.decisions.undo import resume, undo
from standing.monitor.reconcile import _unposted
from standing.settings import Settings
from standing.state.erasure import erase

pytestmark = pytest.mark.usefixtures("no_audits")
DUE = "select member_id::text from standing.due where target = 'toy_points' order by 1"
ORDERS = [str(uuid4()) for _ in range(6)]


@pytest.fixture
def marketplace(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    declare(monkeypatch, POINTS)
    return make_database(
        published_template,
        STANDING_LOCK_WAIT_MINUTES=0,
        STANDING_PUBLISH_CHUNK=3,
        SOURCE_TIME_ZONE="Asia/Bangkok",
    )


@pytest.fixture
def members(database: Engine) -> list[str]:
    """Members in key order; each has the upgrade's welcome bonus of 100."""
    return column(database, "select id::text from users order by id limit 5")


def post(database: Engine, settings: Settings, members: list[str], *worth: Worth) -> int:
    build(database, members, *worth)
    find(database, settings, POINTS)
    return publish(database, settings, POINTS)


def test_differences_are_posted_once_in_both_directions_with_running_balances(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    first, second = members[:2]
    do(database, f"delete from loyalty_programs where user_id = '{second}'")
    do(database, f"delete from points_transactions where user_id = '{second}'")
    worth = [
        Worth(first, 20, ORDERS[0]),
        Worth(first, -15, ends=END),
        Worth(second, 100),
        Worth(second, 7, ORDERS[1]),
    ]
    build(database, members, *worth)
    found = find(database, marketplace, POINTS)
    assert (found.candidates, found.changed, found.by_class["points"], found.unfit) == (5, 2, 2, 0)
    run_id = publish(database, marketplace, POINTS)
    assert entries(database, first) == [("earn", 20, 120), ("expire", -15, 105)]
    assert [row[:2] for row in entries(database, second)] in (
        [("earn", 7), ("earn", 100)],
        [("earn", 100), ("earn", 7)],
    )
    assert (balance(database, first), balance(database, second)) == (105, 107)
    totals = "select points_lifetime, points_pending, points_expired from loyalty_programs where user_id = "
    assert rows_of(database, f"{totals}'{first}'") == [(120, 0, 15)]
    # A column without a zone is written as the marketplace's clock shows it.
    of_first = f"from points_transactions where user_id = '{first}' and source"
    ends = f"select distinct expires_at::text {of_first} = 'expiry'"
    assert column(database, ends) == ["2026-02-01 00:00:00"]
    now = "now() at time zone 'Asia/Bangkok' - created_at"
    assert scalar(
        database,
        f"select max({now}) < '5 min' and min({now}) >= '0' {of_first} = 'order'",
    )
    assert column(database, DUE) == []
    assert scalar(database, f"select count(*) from standing.history where run_id = {run_id}") == 2

    again = post(database, marketplace, members, *worth)
    assert len(entries(database, first)) == 2
    assert scalar(database, f"select count(*) from standing.history where run_id = {again}") == 0
    # Back, and forth: the key's rows sum to what it is worth, and what nobody gives any more is taken back.
    post(database, marketplace, members, Worth(first, 5, ORDERS[0]), Worth(second, 100))
    assert entries(database, first)[2:] == [("adjust", 15, 120), ("reverse", -15, 105)]
    assert balance(database, second) == 100
    post(database, marketplace, members, *worth)
    assert entries(database, first)[4:] == [("earn", 15, 120), ("expire", -15, 105)]
    assert column(database, BROKEN) == column(database, UNEQUAL) == []


def test_whoever_spends_between_building_and_posting_is_left_and_stays_due(
    marketplace: Settings, database: Engine, members: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    spender, other, wrong = members[:3]
    do(database, f"update loyalty_programs set points_balance = 77 where user_id = '{wrong}'")
    worth = [Worth(one, -100, ends=END) for one in members]
    build(database, members, *worth)
    found = find(database, marketplace, POINTS)
    assert (found.changed, found.unfit) == (4, 1)
    assert "1 not written: their balance is not what their ledger adds up to" in found.words
    spend(database, spender, 40)
    publish(database, marketplace, POINTS)
    assert "toy_points: 1 member left alone and due still: their balance is not" in caplog.text
    assert entries(database, spender) == [("spend", -40, 60)]
    assert entries(database, wrong) == []
    assert (balance(database, wrong), balance(database, other)) == (77, 0)
    assert column(database, DUE) == sorted([spender, wrong])
    post(database, marketplace, [spender], Worth(spender, -60, ends=END))
    assert balance(database, spender) == 0
    assert column(database, DUE) == [wrong]


def test_a_redemption_that_holds_the_lock_is_waited_for_and_seen(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    """One statement that locks and reads would read the ledger as it was before it waited."""
    build(database, members[:1], Worth(members[0], -100, ends=END))
    find(database, marketplace, POINTS)
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            connection.execute(text(CONTRACT), {"member": members[0], "points": 100})
            posting = pool.submit(publish, database, marketplace, POINTS)
            until_it_waits(database)
        posting.result()
    assert balance(database, members[0]) == 0
    assert [row[0] for row in entries(database, members[0])] == ["spend"]
    assert column(database, DUE) == members[:1]


def test_undo_posts_the_opposite_last_in_first_out_and_nobody_falls_below_zero(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    plain, followed, spent = members[:3]
    worth = [Worth(one, 50, ORDERS[place]) for place, one in enumerate(members[:3])]
    first = post(database, marketplace, members[:3], *worth)
    second = post(
        database, marketplace, [followed], Worth(followed, 50, ORDERS[1]), Worth(followed, 5, ORDERS[3])
    )
    spend(database, spent, 120)
    undone = undo(marketplace, first)
    assert (undone.restored, undone.changed_since) == ({"toy_points": 1}, {"toy_points": 2})
    assert undone.named == {"toy_points": tuple(sorted([followed, spent]))}
    assert entries(database, plain) == [("earn", 50, 150), ("reverse", -50, 100)]
    lifetime = f"select points_lifetime from loyalty_programs where user_id = '{plain}'"
    assert scalar(database, lifetime) == 100
    # A hold keeps runs away; its end lets the next one post what is then right.
    post(database, marketplace, [plain], Worth(plain, 50, ORDERS[0]))
    assert balance(database, plain) == 100
    assert resume(marketplace, first) == 1
    post(database, marketplace, [plain], Worth(plain, 50, ORDERS[0]))
    assert balance(database, plain) == 150
    undo(marketplace, second)
    assert balance(database, followed) == 150
    assert column(database, BROKEN) == column(database, UNEQUAL) == []


def test_an_undo_that_broke_off_goes_on_and_takes_nothing_back_twice(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    run_id = post(database, marketplace, members, *(Worth(one, 50, ORDERS[0]) for one in members))
    undo(marketplace, run_id)
    do(database, f"update standing.runs set status = 'published' where run_id = {run_id}")
    undone = undo(marketplace, run_id)
    assert (undone.restored, undone.changed_since) == ({"toy_points": 0}, {})
    assert {balance(database, one) for one in members} == {100}


def test_a_stopped_posting_is_approved_where_the_ledger_still_stands_so(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, members, *(Worth(one, 50, ORDERS[place]) for place, one in enumerate(members)))
    find(database, marketplace, POINTS)
    run_id = stop(database, marketplace, POINTS)
    spend(database, members[0], 10)
    approval = approve(marketplace, run_id)
    assert (approval.written, approval.left) == ({"toy_points": 4}, {"toy_points": 1})
    assert approval.named == {"toy_points": (members[0],)}
    assert [balance(database, one) for one in members] == [90, 150, 150, 150, 150]
    assert column(database, DUE) == [members[0]]
    # It broke off after some chunks, and goes on as the same run.
    build(
        database, members[1:], *(Worth(one, 60, ORDERS[place + 1]) for place, one in enumerate(members[1:]))
    )
    find(database, marketplace, POINTS)
    stopped = stop(database, marketplace, POINTS)
    kept = "create table kept as select * from standing.change_sets"
    do(database, kept, "create table builds as select * from standing.change_set_builds")
    by = approve(marketplace, stopped).run_id
    do(
        database,
        "insert into standing.change_sets select * from kept",
        "insert into standing.change_set_builds select * from builds",
        f"update standing.runs set status = 'failed' where run_id = {by}",
        f"update standing.runs set status = 'stopped' where run_id = {stopped}",
    )
    again = approve(marketplace, stopped)
    assert (again.run_id, again.left) == (by, {})
    assert [balance(database, one) for one in members[1:]] == [160] * 4
    assert column(database, BROKEN) == column(database, UNEQUAL) == []


def test_reconcile_names_to_whom_a_recompute_would_post(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    first, second = members[:2]
    worth = Worth(first, 50, ORDERS[0])
    post(database, marketplace, members[:2], worth)
    build(database, members[:2], worth, Worth(second, 5, ORDERS[1]))
    with database.begin() as connection:
        differing = _unposted(connection, marketplace, POINTS, wall_clock(database), 0)
        found = connection.execute(text(differing)).all()
    assert [(row.target, str(row.member_id)) for row in found] == [("toy_points", second)]
    assert found[0].cause == "the ledger is not what the keys are worth"


def test_a_row_that_somebody_deleted_is_not_posted_anew_under_its_own_id(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    """Of two rows the first is gone: the next one's id would be the second's."""
    member = members[0]
    post(database, marketplace, [member], Worth(member, 50, ORDERS[0]))
    post(database, marketplace, [member], Worth(member, 70, ORDERS[0]))
    do(
        database,
        f"delete from points_transactions where user_id = '{member}' and amount = 50",
        f"update loyalty_programs set points_balance = 120 where user_id = '{member}'",
    )
    post(database, marketplace, [member], Worth(member, 70, ORDERS[0]))
    assert balance(database, member) == 120
    assert column(database, DUE) == [member]


def test_who_is_gone_is_erased_and_waited_for_by_nobody(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    gone = str(uuid4())
    do(database, f"insert into users (id, created_at) values ('{gone}', '2026-01-01')")
    both = [gone, members[1]]
    post(database, marketplace, both, *(Worth(one, 50, ORDERS[0]) for one in both))
    assert balance(database, gone) == 50
    build(database, both, *(Worth(one, 60, ORDERS[0]) for one in both))
    find(database, marketplace, POINTS)
    do(database, f"delete from users where id = '{gone}'")
    publish(database, marketplace, POINTS)
    with database.begin() as connection:
        erase(connection, marketplace)
    assert entries(database, gone) == []
    assert balance(database, members[1]) == 160
    kept = "from standing.history where target = 'toy_points'"
    assert column(database, f"select distinct member_id::text {kept}") == [members[1]]
