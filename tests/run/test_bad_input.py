"""Bad input of many kinds at once: each ends in the quarantine or counts nowhere, and no score moves."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import MakeDatabase
from sqlalchemy import Connection, Engine, create_engine, text

from standing.build.policy import policy_version
from standing.contract.targets import DOCUMENTS
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings

#: Three whole runs, each with everything that dbt loads.
pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("no_pictures")]

NOBODY = "00000000-0000-0000-0000-00000000dead"
LONG = "x" * 100_000
FUTURE = "dated in the future; it waits until then"

#: Table → what differs from a sound row of that table, and the reason why it is set aside.
BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "orders": [
        ({"id": None}, "no key"),
        ({"id": "00000000-0000-0000-0000-0000000000d0"}, "duplicate key"),
        ({"id": "00000000-0000-0000-0000-0000000000d0", "total_amount": 1}, "duplicate key"),
        ({"buyer_id": None}, "no buyer"),
        ({"seller_id": None}, "no seller"),
        ({"buyer_id": NOBODY}, "buyer does not exist"),
        ({"seller_id": NOBODY}, "seller does not exist"),
        ({"created_at": None}, "no creation time"),
        ({"created_at": "-infinity"}, "impossible time"),
        ({"created_at": "infinity"}, "impossible time"),
        ({"created_at": "0001-01-01T00:00:00Z"}, "impossible time"),
        ({"paid_at": "infinity"}, "impossible time"),
        ({"ship_by": "-infinity"}, "impossible time"),
        ({"promised_at": "0044-03-15 12:00:00+00 BC"}, "impossible time"),
        ({"updated_at": "1970-01-01T00:00:00Z"}, "impossible time"),
        ({"created_at": "2199-01-01T00:00:00Z"}, "created in the future"),
        ({"completed_at": "2001-01-01T00:00:00Z"}, "ended before it was created"),
        ({"delivered_at": "2001-01-01T00:00:00Z"}, "ended before it was created"),
        ({"cancelled_at": "2001-01-01T00:00:00Z"}, "ended before it was created"),
        ({"refunded_at": "2001-01-01T00:00:00Z"}, "ended before it was created"),
        ({"total_amount": -0.01}, "negative amount"),
        ({"refunded_amount": -5}, "negative amount"),
        ({"total_amount": 1e15}, "absurd amount"),
        ({"total_amount": "NaN"}, "absurd amount"),
        ({"total_amount": "Infinity"}, "absurd amount"),
        ({"total_amount": "-Infinity"}, "negative amount"),
        ({"refunded_amount": "NaN"}, "absurd amount"),
        ({"status": None}, "unknown status"),
        ({"status": ""}, "unknown status"),
        ({"status": " completed"}, "unknown status"),
        ({"status": "เสร็จสิ้น"}, "unknown status"),
        ({"status": "'; drop table users; --"}, "unknown status"),
        ({"status": LONG}, "unknown status"),
        ({"buyer_id": "the shop's person"}, "self-dealing"),
    ],
    "reviews": [
        ({"id": None}, "no key"),
        ({"id": "00000000-0000-0000-0000-0000000000d1"}, "duplicate key"),
        ({"id": "00000000-0000-0000-0000-0000000000d1", "rating": 1}, "duplicate key"),
        ({"rating": None}, "no rating"),
        ({"rating": 0}, "rating out of range"),
        ({"rating": 6}, "rating out of range"),
        ({"rating": -1}, "rating out of range"),
        ({"rating": 4.5}, "rating out of range"),
        ({"rating": "NaN"}, "rating out of range"),
        ({"rating": 1e30}, "rating out of range"),
        ({"order_id": None, "seller_id": None}, "neither order nor seller"),
        ({"order_id": NOBODY}, "order does not exist"),
        ({"seller_id": NOBODY}, "seller does not exist"),
        ({"reviewer_id": NOBODY}, "reviewer does not exist"),
        ({"created_at": "-infinity"}, "impossible time"),
        ({"created_at": "infinity"}, "impossible time"),
        ({"created_at": "2199-01-01T00:00:00Z"}, "created in the future"),
        ({"detailed_ratings": [5, 5]}, "malformed JSON"),
        ({"engagement": "helpful"}, "malformed JSON"),
        ({"moderation": 7}, "malformed JSON"),
        ({"reviewer_id": "the shop's person"}, "self-dealing"),
    ],
    "payouts": [
        ({"created_at": None}, "no creation time"),
        ({"created_at": "-infinity"}, "impossible time"),
        ({"amount": -1}, "negative amount"),
        ({"amount": 1e15}, "absurd amount"),
        ({"amount": "NaN"}, "absurd amount"),
        ({"seller_id": None}, "no seller"),
        ({"seller_id": NOBODY}, "seller does not exist"),
        ({"created_at": "2199-01-01T00:00:00Z"}, FUTURE),
        ({"status": "bounced"}, "unknown status; it is in no balance"),
    ],
    "messages": [
        ({"sender_id": None}, "no sender"),
        ({"recipient_id": None}, "no recipient"),
        ({"sent_at": None}, "no sending time"),
        ({"thread_id": None, "sent_at": None}, "no sending time"),
        ({"sent_at": "infinity"}, "impossible time"),
        ({"sent_at": "2199-01-01T00:00:00Z"}, FUTURE),
        ({"sender_id": NOBODY, "thread_id": None}, "sender does not exist; it counts for the recipient"),
    ],
    "disputes": [
        ({"order_id": None}, "no order"),
        ({"order_id": NOBODY}, "order does not exist"),
        ({"opened_at": None}, "no opening time"),
        ({"opened_at": "0001-01-01T00:00:00Z"}, "impossible time"),
        ({"resolved_at": "infinity"}, "impossible time"),
        ({"opened_at": "2199-01-01T00:00:00Z", "resolved_at": None}, FUTURE),
    ],
    "returns": [
        ({"order_id": None}, "no order"),
        ({"order_id": NOBODY}, "order does not exist"),
        ({"completed_at": "infinity"}, "impossible time"),
        ({"completed_at": "2001-01-01T00:00:00Z"}, "completed before it was requested"),
        ({"requested_at": "2199-01-01T00:00:00Z", "completed_at": None}, FUTURE),
    ],
    "user_sessions": [
        ({"user_id": None}, "no member"),
        ({"user_id": NOBODY}, "member does not exist"),
        ({"started_at": None}, "no beginning"),
        ({"ended_at": "infinity"}, "impossible time"),
        ({"ended_at": "2001-01-01T00:00:00Z"}, "ended before it began"),
        ({"started_at": "2199-01-01T00:00:00Z", "ended_at": None}, FUTURE),
    ],
    "user_reports": [
        ({"user_id": None}, "no member"),
        ({"user_id": NOBODY}, "member does not exist"),
        ({"created_at": None}, "no creation time"),
        ({"created_at": "-infinity"}, "impossible time"),
        ({"created_at": "2199-01-01T00:00:00Z", "decided_at": None}, FUTURE),
        ({"outcome": "probably"}, "unknown outcome; it counts against nobody"),
    ],
    "user_warnings": [
        ({"user_id": None}, "no member"),
        ({"user_id": NOBODY}, "member does not exist"),
        ({"created_at": None}, "no creation time"),
        ({"decided_at": "infinity"}, "impossible time"),
        ({"created_at": "2199-01-01T00:00:00Z", "decided_at": None}, FUTURE),
        ({"outcome": "probably"}, "unknown outcome; it counts against nobody"),
    ],
    "order_exclusions": [
        ({"order_id": None}, "no order"),
        ({"order_id": NOBODY}, "order does not exist"),
        ({"decided_at": None}, "no decision time"),
        ({"decided_at": "infinity"}, "impossible time"),
        ({"order_id": NOBODY, "decided_at": None}, "order does not exist"),
    ],
    "products": [
        ({"seller_id": None}, "no seller"),
        ({"seller_id": NOBODY}, "seller does not exist"),
        ({"stock": 1e12}, "absurd stock"),
        ({"stock": "NaN"}, "absurd stock"),
    ],
    "users": [
        ({"created_at": None}, "no creation time"),
        ({"created_at": "-infinity"}, "impossible time"),
        ({"created_at": "infinity"}, "impossible time"),
        ({"created_at": "0001-01-01T00:00:00Z"}, "impossible time"),
    ],
}

#: Rows of optional sources that are as they may be and say nothing of anybody.
MEANINGLESS: dict[str, list[dict[str, Any]]] = {
    "user_sessions": [{"ended_at": None}],
    "returns": [{"completed_at": None}],
}

#: What other applications allow and this one forbids.
LOOSEN = """
    do $$
    declare one record;
    begin
        for one in
            select conrelid::regclass as owner, conname from pg_constraint
            where connamespace = 'public'::regnamespace and contype in ('f', 'c')
        loop
            execute format('alter table %s drop constraint %I', one.owner, one.conname);
        end loop;
        for one in
            select attrelid::regclass as owner, attname
            from pg_attribute join pg_class on pg_class.oid = attrelid
            where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and attnotnull
              and relname in (
                'users', 'orders', 'reviews', 'payouts', 'messages', 'user_sessions', 'disputes',
                'returns', 'user_reports', 'user_warnings', 'order_exclusions', 'products'
              )
              and attname <> 'id'
        loop
            execute format('alter table %s alter column %I drop not null', one.owner, one.attname);
        end loop;
    end $$;
    alter table orders drop constraint orders_pkey, alter column id drop not null,
        alter column total_amount type numeric, alter column refunded_amount type numeric;
    alter table reviews drop constraint reviews_pkey;
    alter table reviews alter column id drop not null, alter column rating type numeric;
    alter table payouts alter column amount type numeric;
    alter table products alter column stock type numeric;
"""
#: A sound row that would count, to be spoilt in one way at a time.
SOUND = {
    "orders": "select t.*, s.user_id as person from orders as t"
    " join seller_profiles as s on s.id = t.seller_id"
    " where t.status = 'completed' and s.user_id <> t.buyer_id order by t.id limit 1",
    "reviews": "select t.*, s.user_id as person from reviews as t"
    " join seller_profiles as s on s.id = t.seller_id"
    " where t.rating = 5 and s.user_id <> t.reviewer_id order by t.id limit 1",
}


@pytest.fixture
def marketplace(make_database: MakeDatabase, upgraded_template: str) -> Settings:
    return make_database(upgraded_template, STANDING_LOCK_WAIT_MINUTES=0)


@pytest.fixture
def database(marketplace: Settings) -> Iterator[Engine]:
    engine = create_engine(marketplace.database_url or "")
    with engine.begin() as connection:
        connection.execute(text(LOOSEN))
    yield engine
    engine.dispose()


def sound_row(connection: Connection, table: str) -> dict[str, Any]:
    statement = SOUND.get(table, f"select t.* from {table} as t order by t.id limit 1")
    found: dict[str, Any] = connection.scalar(text(f"select to_jsonb(one) from ({statement}) as one"))
    return found


def insert_spoilt(
    connection: Connection, table: str, sound: dict[str, Any], changes: dict[str, Any]
) -> None:
    """A sound row of the table with a new key and these changes."""
    person = sound.get("person")
    given = {key: person if value == "the shop's person" else value for key, value in changes.items()}
    if table == "users":
        given |= {"email": None, "phone": None}
    statement = (
        f"insert into {table} select (jsonb_populate_record(null::{table}, cast(:sound as jsonb)"
        " || jsonb_build_object('id', gen_random_uuid()) || cast(:given as jsonb))).*"
    )
    connection.execute(text(statement), {"sound": json.dumps(sound), "given": json.dumps(given)})


def replay(settings: Settings, as_of: datetime) -> None:
    outcome = execute(settings, Request(as_of=as_of))
    assert outcome.status == "replayed", outcome.message


def marts(engine: Engine) -> dict[str, dict[str, Any]]:
    with engine.connect() as connection:
        return {
            target.name: {
                str(key): document
                for key, document in connection.execute(
                    text(f"select {target.key}, document from standing_build_replay.{target.mart}")
                )
            }
            for target in DOCUMENTS
        }


#: A time before the order is left out, and the order counts.
BEFORE_THE_ORDER = "paid_at = created_at - interval '1 day', shipped_at = created_at - interval '1 second'"
TIMELESS = "paid_at = null, shipped_at = null"
#: No object; whoever has it may lose points, and nothing else.
ODD_SETTINGS = "update users set security_settings = '[true]' where id = any(cast(:members as uuid[]))"


def test_bad_rows_of_every_kind_are_set_aside_and_move_no_score_and_too_many_stop_the_run(
    marketplace: Settings, database: Engine
) -> None:
    as_of = datetime.now(UTC) - timedelta(minutes=1)
    with database.begin() as connection:
        last = connection.scalar(text("select max(id::text) from orders where status = 'completed'"))
        connection.execute(text(f"update orders set {TIMELESS} where id = '{last}'"))
        odd = connection.scalars(text("select id::text from users order by id desc limit 3")).all()
    replay(marketplace, as_of)
    before = marts(database)
    expected: dict[tuple[str, str], int] = {}
    with database.begin() as connection:
        expected |= self_dealt(connection)
        sound = {table: sound_row(connection, table) for table in BAD}
        for table, kinds in BAD.items():
            for changes, reason in kinds:
                insert_spoilt(connection, table, sound[table], changes)
                expected[table, reason] = expected.get((table, reason), 0) + 1
        for table, rows in MEANINGLESS.items():
            for changes in rows:
                insert_spoilt(connection, table, sound[table], changes)
        connection.execute(text(f"update orders set {BEFORE_THE_ORDER} where id = '{last}'"))
        expected["orders", "paid before it was created; the time is left out"] = 1
        connection.execute(text(ODD_SETTINGS), {"members": odd})
        expected["users", "malformed JSON; the settings are left out"] = len(odd)

    replay(marketplace, as_of)

    after = marts(database)
    for member in odd:
        del after["trust_score"][member], before["trust_score"][member]
    assert after == before
    with database.connect() as connection:
        counted = connection.execute(
            text(
                "select source, reason, set_aside, samples from standing_build_replay.stg_quarantine_counts"
            )
        ).all()
    assert {(source, reason): rows for source, reason, rows, _ in counted} == expected
    assert all(1 <= len(samples) <= 5 for *_, samples in counted)
    outcome = execute(marketplace, Request())
    assert outcome.status == "published", outcome.message
    report = json.loads((marketplace.home / "reports" / "run-000003" / "report.json").read_text())
    assert {(one["source"], one["reason"]): one["rows"] for one in report["quarantine"]} == expected
    assert all(one["limit"] >= one["rows"] for one in report["quarantine"])
    assert report["run"]["policy_version"] == policy_version()

    # One more than the limit of one reason.
    with database.begin() as connection:
        for _ in range(21 - expected["orders", "absurd amount"]):
            insert_spoilt(connection, "orders", sound["orders"], {"total_amount": 1e15})
        published = connection.execute(text("select id, trust_score::text from users order by id")).all()
    outcome = execute(marketplace, Request())
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.exit_code == 3
    assert "21 absurd amount (limit 20)" in outcome.message
    assert outcome.written == {}
    with database.connect() as connection:
        assert (
            connection.execute(text("select id, trust_score::text from users order by id")).all()
            == published
        )


def self_dealt(connection: Connection) -> dict[tuple[str, str], int]:
    """What the simulated marketplace itself has of fraud."""
    found = {}
    for table, person in {"orders": "buyer_id", "reviews": "reviewer_id"}.items():
        number = connection.scalar(
            text(
                f"select count(*) from {table} as t join seller_profiles as s"
                f" on s.id = t.seller_id and s.user_id = t.{person}"
            )
        )
        if number:
            found[table, "self-dealing"] = int(number)
    return found
