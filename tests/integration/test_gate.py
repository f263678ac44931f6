"""The gate: what it lets pass, what it stops, and who waits for whom."""

from collections.abc import Iterator

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine, text

from standing.run import Outcome, execute
from standing.settings import Settings
from standing.stages import Request
from standing.targets import TARGETS

#: What an application's bug may do: everybody's papers are gone, and with them points and levels.
PAPERS_LOST = "update users set email_verified = false, phone_verified = false, kyc_status = 'none'"


@pytest.fixture
def marketplace(make_database: MakeDatabase, published_template: str) -> Settings:
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)


@pytest.fixture
def database(marketplace: Settings) -> Iterator[Engine]:
    engine = create_engine(marketplace.database_url or "")
    yield engine
    engine.dispose()


def do(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def scalar(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def documents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            target.name: [
                tuple(row)
                for row in connection.execute(
                    text(f"select id, {target.column}::text from {target.table} order by id")
                )
            ]
            for target in TARGETS
        }


def stop(marketplace: Settings, database: Engine, selection: str = "all") -> Outcome:
    do(database, PAPERS_LOST)
    outcome = execute(marketplace, Request(selection))
    assert outcome.status == "stopped", outcome.message
    return outcome


def test_a_wave_of_lost_levels_stops_the_run_and_keeps_what_it_would_have_written(
    marketplace: Settings, database: Engine
) -> None:
    before = documents(database)
    outcome = stop(marketplace, database)
    assert "trust_score: " in outcome.message
    assert "move down" in outcome.message
    assert outcome.error is not None
    assert outcome.error.exit_code == 6
    assert f"standing approve {outcome.run_id}" in outcome.error.fix
    assert outcome.written == {}
    assert documents(database) == before
    assert (
        scalar(database, f"select status from standing.runs where run_id = {outcome.run_id}") == "stopped"
    )
    changed = next(change.changed for change in outcome.changes if change.target == "trust_score")
    kept = scalar(
        database,
        "select count(*) from standing.change_sets as kept join users on users.id = kept.member_id"
        f" where run_id = {outcome.run_id} and target = 'trust_score' and old_document = users.trust_score",
    )
    assert kept == changed > 0
    assert scalar(database, "select count(*) from standing.due where target = 'trust_score'") != 0
    from standing.lock import run_lock

    with run_lock(database, 0):
        pass  # the lock is free
