"""Undo: exactly what a run wrote is put back where it still stands, and held until resumed."""

import json
from dataclasses import asdict

import pytest
from conftest import MakeDatabase, MakeTemplate, Standing
from sqlalchemy import Engine, create_engine
from support.decided import do, documents, scalar

from standing.database.lock import LockTaken, run_lock
from standing.decisions.undo import resume, undo
from standing.errors import StandingError
from standing.report.causes import Cause
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.why import as_text, explain

pytestmark = pytest.mark.usefixtures("no_pictures")

RUN = 2  # the one to undo; the template's first run has the number 1
#: Ten members lose their papers: too few for the gate.
A_FEW = "(select id from users where email_verified order by id limit 10)"


@pytest.fixture(scope="module")
def second_template(make_template: MakeTemplate, published_template: str) -> str:
    """A database after a second run, which wrote ten members; `before_the_run` has what was there."""

    def fill(settings: Settings) -> None:
        engine = create_engine(settings.database_url or "")
        do(
            engine,
            "create schema kept",
            "create table kept.before_the_run as select id, trust_score from users",
            "update users set email_verified = false, phone_verified = false, kyc_status = 'none'"
            f" where id in {A_FEW}",
            # Nobody's time comes between the template's run, minutes ago, and the runs of these tests.
            "update standing.member_state set due_at = due_at + interval '1 year'",
        )
        engine.dispose()
        outcome = execute(settings, Request("scores"))
        assert (outcome.status, outcome.run_id) == ("published", RUN), outcome.message
        assert outcome.written["trust_score"] == 10

    return make_template("second_template", published_template, fill)


@pytest.fixture
def marketplace(make_database: MakeDatabase, second_template: str) -> Settings:
    return make_database(second_template, STANDING_LOCK_WAIT_MINUTES=0, STANDING_PUBLISH_CHUNK=3)


WRITTEN = f"(select member_id from standing.history where run_id = {RUN} and target = 'trust_score')"
CHANGED = (
    "select count(*) from users join kept.before_the_run as b using (id)"
    " where users.trust_score::text != b.trust_score::text"
)


def test_undo_puts_back_what_a_run_wrote_and_runs_leave_it_alone_until_resume(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    assert scalar(database, CHANGED) == 10
    cause = Cause("policy", "trust_levels", "silver", "min_score", "60", "64")
    noted = json.dumps({"causes": [asdict(cause)]})
    do(database, f"update standing.runs set summary = summary || '{noted}' where run_id = {RUN}")
    told = json.loads(standing.told(marketplace, "undo", str(RUN), "--json"))
    assert told["restored"]["trust_score"] == 10
    assert told["changed_since"] == {}
    assert scalar(database, CHANGED) == 0
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "undone"
    assert (
        scalar(
            database, f"select count(*) from standing.holds where run_id = {RUN} and target = 'trust_score'"
        )
        == 10
    )
    assert (
        scalar(database, "select count(*) from standing.due join standing.holds using (target, member_id)")
        == 10
    )
    assert scalar(database, "select to_regclass('standing_build.undo_documents')") is None

    assert execute(marketplace, Request("scores")).stages[0].detail == "nobody is due"
    # One that builds everybody writes none of them, and its audit of what is published passes.
    held = execute(marketplace, Request("scores", full=True))
    assert held.status == "published", held.message
    assert held.written["trust_score"] == 0
    assert scalar(database, CHANGED) == 0
    assert (
        scalar(database, "select count(*) from standing.due join standing.holds using (target, member_id)")
        == 10
    )

    assert "10 holds have ended" in standing.told(marketplace, "resume", str(RUN))
    again = execute(marketplace, Request("scores"))
    assert again.status == "published", again.message
    assert again.written["trust_score"] == 10
    assert scalar(database, CHANGED) == 10
    # What made the undone run happen has made these documents again.
    assert held.content
    assert again.content
    assert (held.content.causes, again.content.causes) == ((), (cause,))


def test_what_has_changed_since_stays_and_is_counted(marketplace: Settings, database: Engine) -> None:
    first = scalar(database, f"select id::text from users where id in {WRITTEN} order by id limit 1")
    do(
        database,
        f"update users set trust_score = trust_score || '{{\"level\": \"gold\"}}' where id = '{first}'",
    )
    mended = scalar(database, f"select trust_score::text from users where id = '{first}'")
    undone = undo(marketplace, RUN)
    assert undone.restored["trust_score"] == 9
    assert undone.changed_since == {"trust_score": 1}
    assert undone.named == {"trust_score": (first,)}
    assert scalar(database, f"select trust_score::text from users where id = '{first}'") == mended
    assert scalar(database, f"select count(*) from standing.holds where member_id = '{first}'") == 0
    held = str(scalar(database, "select min(member_id::text) from standing.holds"))
    explained = as_text(explain(marketplace, "user", held))
    assert f"trust_score is held as it was before run {RUN}, which was undone" in explained
    assert "is held" not in as_text(explain(marketplace, "user", str(first)))


def test_a_null_comes_back_as_null_and_a_first_run_leaves_the_defaults(
    marketplace: Settings, database: Engine, make_database: MakeDatabase, upgraded_template: str
) -> None:
    upgraded = create_engine(make_database(upgraded_template).database_url or "")
    as_upgraded = documents(upgraded)
    upgraded.dispose()
    written_twice = {str(member) for member in documents_of(database, WRITTEN)}
    shop = str(scalar(database, "select min(id::text) from seller_profiles"))
    do(
        database,
        "update standing.history set old_document = null"
        f" where run_id = 1 and target = 'ratings' and member_id = '{shop}'",
    )
    undone = undo(marketplace, 1)
    assert undone.changed_since["trust_score"] == len(written_twice) == 10
    after = documents(database)
    for target, members in as_upgraded.items():
        for member, document in members.items():
            if target == "ratings" and member == shop:
                assert after[target][member] is None
            elif target != "trust_score" or member not in written_twice:
                assert after[target][member] == document, target


def documents_of(engine: Engine, members: str) -> list[object]:
    from support.decided import column

    return list(column(engine, f"select id from users where id in {members}"))


def test_who_was_deleted_is_not_brought_back(marketplace: Settings, database: Engine) -> None:
    member = scalar(database, f"select id::text from users where id in {WRITTEN} order by id limit 1")
    do(
        database,
        # As an application would that cleans up behind a member.
        "set session_replication_role = replica",
        f"delete from users where id = '{member}'",
        "set session_replication_role = default",
    )
    undone = undo(marketplace, RUN)
    assert undone.restored["trust_score"] == 9
    assert scalar(database, f"select count(*) from users where id = '{member}'") == 0
    assert scalar(database, f"select count(*) from standing.holds where member_id = '{member}'") == 0


def test_undo_of_two_runs_leads_back_to_before_both(marketplace: Settings, database: Engine) -> None:
    undo(marketplace, RUN)
    undone = undo(marketplace, 1)
    assert undone.changed_since == {}
    assert scalar(database, "select count(*) from users where trust_score ? 'evidence'") == 0
    # The members are held by the undo that came last, and one resume frees them all.
    assert resume(marketplace, RUN) == 0
    assert resume(marketplace) == undone.restored["trust_score"] + sum(
        number for target, number in undone.restored.items() if target != "trust_score"
    )


def test_an_undo_that_broke_off_goes_on(marketplace: Settings, database: Engine) -> None:
    last = scalar(database, f"select id::text from users where id in {WRITTEN} order by id desc limit 1")
    do(
        database,
        "create function stop_it() returns trigger language plpgsql as"
        " $$ begin raise exception 'the application says no'; end $$",
        "create trigger stop_it before update on users for each row"
        f" when (new.id = '{last}') execute function stop_it()",
    )
    with pytest.raises(Exception, match="the application says no"):
        undo(marketplace, RUN)
    left = scalar(database, CHANGED)
    assert isinstance(left, int)
    assert 0 < left < 10
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "published"
    do(database, "drop trigger stop_it on users")
    undone = undo(marketplace, RUN)
    assert undone.restored["trust_score"] == left
    assert undone.changed_since == {}
    assert scalar(database, CHANGED) == 0


def test_what_cannot_be_undone_says_why_and_what_helps(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    do(
        database,
        "insert into standing.runs (selection, as_of, status, message, summary) values"
        " ('all', now(), 'waiting', 'waits', '{}'), ('all', now(), 'approved', 'a', '{\"approved_by\":"
        " 2}')",
    )
    with pytest.raises(StandingError, match="run 3 is waiting and wrote nothing"):
        undo(marketplace, 3)
    with pytest.raises(StandingError, match="run 4 was published as run 2"):
        undo(marketplace, 4)
    with pytest.raises(StandingError, match="there is no run 99"):
        undo(marketplace, 99)
    with pytest.raises(StandingError, match="run 2 is published, not undone"):
        resume(marketplace, RUN)
    with run_lock(database, 0), pytest.raises(LockTaken):
        undo(marketplace, RUN)
    undo(marketplace, RUN)
    refused = standing.inside(marketplace, "undo", str(RUN))
    assert refused.returncode == 1
    assert "run 2 is undone already" in refused.stderr
    assert "standing resume 2" in refused.stderr
    do(database, "update standing.runs set started_at = now() - interval '91 days' where run_id = 1")
    refused = standing.inside(marketplace, "undo", "1")
    assert refused.returncode == 1
    assert "older than the 90 days of history" in refused.stderr
    assert "STANDING_HISTORY_DAYS" in refused.stderr


def test_a_failed_run_that_had_published_can_be_undone(marketplace: Settings, database: Engine) -> None:
    do(database, f"update standing.runs set status = 'failed' where run_id = {RUN}")
    assert undo(marketplace, RUN).restored["trust_score"] == 10
    assert scalar(database, CHANGED) == 0
