"""Plain columns that are read and written as one document: compared with their types, kept, put back,
approved.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support.decided import column, do, scalar
from support.small_mart import build, declare, find, publish, stop, until_it_waits

from standing.contract.document import Document, Key, count, percentage
from standing.contract.document import text as text_key
from standing.contract.members import MemberKind
from standing.contract.target import Target
from standing.decisions.approval import approve
from standing.decisions.undo import undo
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

#: Members by their row of another table.
PROGRAMMES = MemberKind(
    "programme",
    "programmes",
    "loyalty_programs",
    "user_id",
    "due_users",
    "stg_users",
    "stg_user_keys",
    table_key="user_id",
)
PROGRAMME = Target(
    name="programme",
    mart="toy_programmes",
    members=PROGRAMMES,
    selection="programme",
    document=Document(
        "What a member has earned.",
        (
            text_key("tier", "A code."),
            count("points_lifetime", "points", "Ever."),
            Key("tier_expires_at", "moment", "The end.", nullable=True),
            percentage("Share", "Of all."),
            text_key("due_on", "A day.", nullable=True),
        ),
    ),
    number="points_lifetime",
    lasting=(),
    stored_as="columns",
)
#: As a mart may write them: a moment in another notation, a number with fewer digits than its column has.
GOLD = {
    "tier": "gold",
    "points_lifetime": 700,
    "tier_expires_at": "2027-03-01T00:00:00Z",
    "Share": 12.5,
    "due_on": "2026-06-30",
}
BEFORE = ("bronze", 0, None, "0.00", None)
AFTER = ("gold", 700, "2027-03-01 00:00:00", "12.50", "2026-06-30")


@pytest.fixture
def marketplace(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    declare(monkeypatch, PROGRAMME)
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0, STANDING_PUBLISH_CHUNK=2)


@pytest.fixture
def members(database: Engine) -> list[str]:
    """Five members in key order with a programme as the upgrade left it, and what no column of ours is."""
    do(
        database,
        "delete from loyalty_programs",
        'alter table loyalty_programs add column "Share" numeric(6, 2) not null default 0,'
        " add column due_on date",
        "insert into loyalty_programs (id, user_id, points_balance)"
        " select gen_random_uuid(), id, 40 from users order by id limit 5",
    )
    return column(database, "select user_id::text from loyalty_programs order by user_id")


def row(database: Engine, member: str) -> tuple[object, ...]:
    with database.connect() as connection:
        found = connection.execute(
            text(
                'select tier, points_lifetime, tier_expires_at::text, "Share"::text, due_on::text'
                " from loyalty_programs where user_id = :member"
            ),
            {"member": member},
        ).one()
    return tuple(found)


def change(database: Engine, member: str, assignment: str) -> None:
    do(database, f"update loyalty_programs set {assignment} where user_id = '{member}'")


def test_columns_are_compared_as_what_they_are_and_written_one_by_one(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, PROGRAMME, dict.fromkeys(members, GOLD))
    assert find(database, marketplace, PROGRAMME).changed == 5
    change(database, members[0], "points_balance = 10")  # between the comparison and the writing
    run_id = publish(database, marketplace, PROGRAMME)
    assert [row(database, member) for member in members] == [AFTER] * 5
    assert column(database, "select points_balance from loyalty_programs order by user_id") == [
        10,
        40,
        40,
        40,
        40,
    ]
    old = scalar(
        database, f"select min(old_document::text)::jsonb from standing.history where run_id = {run_id}"
    )
    assert old == {
        "tier": "bronze",
        "points_lifetime": 0,
        "tier_expires_at": None,
        "Share": 0.0,
        "due_on": None,
    }

    # The same values in another notation are no change; a column of the application's is none either.
    change(database, members[0], "points_balance = 11")
    assert find(database, marketplace, PROGRAMME).unchanged == 5
    same = {**GOLD, "points_lifetime": "700", "tier_expires_at": "2027-03-01 00:00", "Share": "12.500"}
    build(database, PROGRAMME, dict.fromkeys(members, same))
    assert find(database, marketplace, PROGRAMME).unchanged == 5
    for member, assignment in zip(
        members,
        (
            "tier = 'silver'",
            "points_lifetime = 701",
            "tier_expires_at = null",
            '"Share" = 12.51',
            "due_on = null",
        ),
        strict=True,
    ):
        change(database, member, assignment)
    assert find(database, marketplace, PROGRAMME).changed == 5


def test_a_key_that_the_document_lacks_is_null(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, PROGRAMME, {members[0]: GOLD})
    find(database, marketplace, PROGRAMME)
    publish(database, marketplace, PROGRAMME)
    build(
        database, PROGRAMME, {members[0]: {key: GOLD[key] for key in ("tier", "points_lifetime", "Share")}}
    )
    assert find(database, marketplace, PROGRAMME).changed == 1
    publish(database, marketplace, PROGRAMME)
    assert row(database, members[0]) == ("gold", 700, None, "12.50", None)
    assert find(database, marketplace, PROGRAMME).unchanged == 1


def test_who_has_no_row_is_written_nowhere(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    do(database, f"delete from loyalty_programs where user_id = '{members[0]}'")
    build(database, PROGRAMME, dict.fromkeys(members, GOLD))
    assert find(database, marketplace, PROGRAMME).changed == 4
    publish(database, marketplace, PROGRAMME)
    assert scalar(database, "select count(*) from loyalty_programs") == 4
    assert scalar(database, "select count(*) from standing.due where target = 'programme'") == 0


def test_the_application_writes_its_column_while_the_row_is_waited_for(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, PROGRAMME, dict.fromkeys(members, GOLD))
    find(database, marketplace, PROGRAMME)
    with ThreadPoolExecutor(1) as pool, database.connect() as application:
        application.execute(
            text(f"update loyalty_programs set points_balance = 7 where user_id = '{members[1]}'")
        )
        run = pool.submit(publish, database, marketplace, PROGRAMME)
        until_it_waits(database)
        application.commit()
        run.result()
    assert row(database, members[1]) == AFTER
    assert (
        scalar(database, f"select points_balance from loyalty_programs where user_id = '{members[1]}'") == 7
    )


def test_undo_puts_columns_back_where_they_still_are_what_the_run_wrote(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, PROGRAMME, dict.fromkeys(members, GOLD))
    find(database, marketplace, PROGRAMME)
    run_id = publish(database, marketplace, PROGRAMME)
    change(database, members[0], "points_balance = 9")
    change(database, members[1], "tier = 'silver'")
    undone = undo(marketplace, run_id)
    assert undone.restored == {"programme": 4}
    assert undone.changed_since == {"programme": 1}
    assert undone.named == {"programme": (members[1],)}
    assert row(database, members[0]) == BEFORE
    assert row(database, members[1]) == ("silver", *AFTER[1:])
    assert (
        scalar(database, f"select points_balance from loyalty_programs where user_id = '{members[0]}'") == 9
    )


def test_approval_writes_columns_where_they_are_as_at_the_stop(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, PROGRAMME, dict.fromkeys(members, GOLD))
    find(database, marketplace, PROGRAMME)
    stopped = stop(database, marketplace, PROGRAMME)
    change(database, members[0], "points_balance = 9")
    change(database, members[1], "points_lifetime = 1")
    approval = approve(marketplace, stopped)
    assert approval.error is None, approval.message
    assert approval.written == {"programme": 4}
    assert approval.named == {"programme": (members[1],)}
    assert row(database, members[0]) == AFTER
    assert row(database, members[1]) == ("bronze", 1, None, "0.00", None)
    # The build has the very document that was approved: nobody of those is due.
    assert column(database, "select member_id::text from standing.due where target = 'programme'") == [
        members[1]
    ]
    until = "select distinct due_at::date::text from standing.member_state where target = 'programme'"
    assert column(database, until) == ["2030-01-01"]
    assert undo(marketplace, approval.run_id).restored == {"programme": 4}
    assert row(database, members[0]) == BEFORE
