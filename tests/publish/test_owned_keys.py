"""A column shared with the application: only owned keys are compared, written, kept, put back and
approved.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support.decided import column, do, scalar
from support.small_mart import build, declare, find, publish, stop, until_it_waits

from standing.contract.document import Document, Key, changed_at, count
from standing.contract.members import USERS
from standing.contract.target import Target
from standing.contract.targets import DOCUMENTS
from standing.database.clock import wall_clock
from standing.decisions.approval import approve
from standing.decisions.undo import undo
from standing.publish.publish import find_changes
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

GAME = Target(
    name="preferences",
    mart="toy_games",
    members=USERS,
    selection="game",
    document=Document(
        "How far a member has come.",
        (count("level", "levels", "Steps."), Key("badges", "list", "Codes."), changed_at("counted_at")),
    ),
    number="level",
    lasting=(),
    stored_as="owned keys",
)
FIRST = {"level": 3, "badges": ["early"], "counted_at": "2026-06-01T00:00:00Z"}
THEIRS = {"login_streak": 5, "theme": {"dark": True}}


@pytest.fixture
def marketplace(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    declare(monkeypatch, GAME)
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0, STANDING_PUBLISH_CHUNK=2)


@pytest.fixture
def members(database: Engine) -> list[str]:
    """Five members in key order, whose column has keys of the application and a level that nobody
    published.
    """
    found = column(database, "select id::text from users order by id limit 5")
    for member in found:
        hold(database, member, {"level": 1, **THEIRS})
    return found


def hold(database: Engine, member: str, value: Any) -> None:
    with database.begin() as connection:
        connection.execute(
            text("update users set preferences = cast(:value as jsonb) where id = :member"),
            {"member": member, "value": json.dumps(value)},
        )


def held(database: Engine, member: str) -> Any:
    return scalar(database, f"select preferences from users where id = '{member}'")


def add(database: Engine, member: str, key: str, value: str) -> None:
    do(
        database,
        f"update users set preferences = preferences || '{{\"{key}\": {value}}}' where id = '{member}'",
    )


def test_only_owned_keys_are_compared_and_written(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, GAME, {member: {**FIRST, "not_ours": 1} for member in members})
    assert find(database, marketplace, GAME).changed == 5
    add(database, members[0], "login_streak", "6")  # between the comparison and the writing
    run_id = publish(database, marketplace, GAME)
    assert held(database, members[0]) == {**THEIRS, **FIRST, "login_streak": 6}
    assert [held(database, member) for member in members[1:]] == [{**THEIRS, **FIRST}] * 4
    history = f"from standing.history where run_id = {run_id} and target = 'preferences'"
    assert column(database, f"select distinct old_document::text {history}") == ['{"level": 1}']
    assert scalar(database, f"select count(*) {history}") == 5
    assert scalar(database, "select count(*) from standing.due where target = 'preferences'") == 0

    # What the application does to its own keys is no change of ours, nor is a clock.
    add(database, members[0], "login_streak", "7")
    add(database, members[1], "counted_at", '"2026-06-02T00:00:00Z"')
    assert find(database, marketplace, GAME).unchanged == 5
    add(database, members[2], "level", "9")
    assert find(database, marketplace, GAME).changed == 1


def test_all_documents_of_a_table_are_written_in_one_update_and_one_that_stays_is_not(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    score = next(target for target in DOCUMENTS if target.name == "trust_score")
    build(database, GAME, dict.fromkeys(members, FIRST))
    kept = column(database, "select trust_score::text from users order by id limit 5")
    do(
        database,
        "create table updates (id uuid)",
        "create function count_update() returns trigger language plpgsql as"
        " $$ begin insert into updates values (new.id); return new; end $$",
        f"update users set trust_score = trust_score || '{{\"level\": \"?\"}}' where id = '{members[0]}'",
        "create trigger count_update after update on users for each row execute function count_update()",
    )
    found = find_changes(database, marketplace, (score, GAME), wall_clock(database))
    assert [changes.changed for changes in found] == [1, 5]
    run_id = publish(database, marketplace, score, GAME)
    assert column(database, "select id::text from updates order by id") == members
    assert column(database, "select trust_score::text from users order by id limit 5") == kept
    assert [held(database, member) for member in members] == [{**THEIRS, **FIRST}] * 5
    history = f"select target, count(*)::int from standing.history where run_id = {run_id} group by 1"
    with database.connect() as connection:
        assert dict(tuple(row) for row in connection.execute(text(history))) == {
            "trust_score": 1,
            "preferences": 5,
        }


def test_a_key_that_the_document_no_longer_has_goes_and_comes_back_with_undo(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, GAME, {members[0]: FIRST})
    find(database, marketplace, GAME)
    publish(database, marketplace, GAME)
    build(database, GAME, {members[0]: {"level": 4}})
    assert find(database, marketplace, GAME).changed == 1
    run_id = publish(database, marketplace, GAME)
    assert held(database, members[0]) == {**THEIRS, "level": 4}
    assert undo(marketplace, run_id).restored == {"preferences": 1}
    assert held(database, members[0]) == {**THEIRS, **FIRST}


def test_what_is_no_object_is_left_and_counted(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    hold(database, members[0], [1, 2])
    hold(database, members[1], None)  # JSON's null
    do(database, f"update users set preferences = null where id = '{members[2]}'")
    build(database, GAME, dict.fromkeys(members, FIRST))
    changes = find(database, marketplace, GAME)
    assert (changes.changed, changes.unfit, changes.unchanged) == (2, 3, 0)
    assert changes.words.endswith("3 not written: their column holds no JSON object")
    hold(database, members[3], "text")  # after the comparison
    run_id = publish(database, marketplace, GAME)
    assert [held(database, member) for member in members] == [
        [1, 2],
        None,
        None,
        "text",
        {**THEIRS, **FIRST},
    ]
    written = (
        f"select member_id::text from standing.history where run_id = {run_id} and target = 'preferences'"
    )
    assert column(database, written) == [members[4]]


def test_the_application_writes_its_key_while_the_row_is_waited_for(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, GAME, dict.fromkeys(members, FIRST))
    find(database, marketplace, GAME)
    with ThreadPoolExecutor(1) as pool, database.connect() as application:
        application.execute(
            text(
                f"update users set preferences = preferences || '{{\"login_streak\": 8}}'"
                f" where id = '{members[1]}'"
            )
        )
        run = pool.submit(publish, database, marketplace, GAME)
        until_it_waits(database)
        application.commit()
        run.result()
    assert held(database, members[1]) == {**THEIRS, **FIRST, "login_streak": 8}


def test_undo_puts_back_owned_keys_where_they_still_are_what_the_run_wrote(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, GAME, dict.fromkeys(members, FIRST))
    find(database, marketplace, GAME)
    run_id = publish(database, marketplace, GAME)
    add(database, members[0], "login_streak", "9")
    add(database, members[1], "level", "9")
    hold(database, members[2], "text")
    undone = undo(marketplace, run_id)
    assert undone.restored == {"preferences": 3}
    assert undone.changed_since == {"preferences": 2}
    assert undone.named == {"preferences": (members[1], members[2])}
    assert held(database, members[0]) == {"level": 1, **THEIRS, "login_streak": 9}
    assert held(database, members[1]) == {**THEIRS, **FIRST, "level": 9}
    assert held(database, members[2]) == "text"
    assert held(database, members[3]) == {"level": 1, **THEIRS}
    assert find(database, marketplace, GAME).changed == 1  # whoever is held is left out


def test_approval_writes_owned_keys_where_they_are_as_at_the_stop(
    marketplace: Settings, database: Engine, members: list[str]
) -> None:
    build(database, GAME, dict.fromkeys(members, FIRST))
    find(database, marketplace, GAME)
    stopped = stop(database, marketplace, GAME)
    add(database, members[0], "login_streak", "6")
    add(database, members[1], "level", "2")
    approval = approve(marketplace, stopped)
    assert approval.error is None, approval.message
    assert approval.written == {"preferences": 4}
    assert approval.left == {"preferences": 1}
    assert approval.named == {"preferences": (members[1],)}
    assert held(database, members[0]) == {**THEIRS, **FIRST, "login_streak": 6}
    assert held(database, members[1]) == {**THEIRS, "level": 2}
    assert held(database, members[4]) == {**THEIRS, **FIRST}
    assert column(database, "select member_id::text from standing.due where target = 'preferences'") == [
        members[1]
    ]
    assert undo(marketplace, approval.run_id).restored == {"preferences": 4}
    assert held(database, members[0]) == {"level": 1, **THEIRS, "login_streak": 6}
