"""What a run does to the application's rows: exactly what it decided, or nothing."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text
from support.clock import set_clock

from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS, TARGETS, AnyTarget, Target
from standing.database.lock import run_lock
from standing.decisions.undo import undo
from standing.run.execute import Perform, execute
from standing.run.run import Request, Run, Stage, StageOutput
from standing.settings import Settings
from standing.state.backtests import keep
from standing.state.runs import last_published_as_of, open_run

pytestmark = pytest.mark.usefixtures("no_pictures")

#: The least that a backtest says.
BACKTEST = {
    "schema_version": 1,
    "known_until": "2026-05-01T00:00:00.000Z",
    "horizon_days": 90,
    "lead": "adjusted",
    "remember": "Of the tenth of shops that looked worst, 9 % went wrong.",
    "counts": {"labelled": 7},
    **{key: [] for key in ("scores", "deciles", "origins", "tiers", "cannot_tell")},
}


@pytest.fixture
def marketplace(make_database: MakeDatabase, prepared_template: str) -> Settings:
    return make_database(prepared_template, STANDING_LOCK_WAIT_MINUTES=0)


@pytest.fixture
def published(make_database: MakeDatabase, published_template: str) -> Settings:
    """After a first run: what a run writes is of the few to whom something happens."""
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)


@pytest.fixture
def published_database(published: Settings) -> Iterator[Engine]:
    engine = create_engine(published.database_url or "")
    yield engine
    engine.dispose()


def documents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is published, by target: columns of documents, rows and balances of ledgers."""
    with engine.connect() as connection:
        return {
            target.name: [tuple(row) for row in connection.execute(text(_published(target)))]
            for target in TARGETS
        }


def _published(target: AnyTarget) -> str:
    if isinstance(target, Target):
        return (
            f"select {target.table_key}, {present(target, 't')}::text from {target.table} as t order by 1"
        )
    account = f"select user_id::text, to_jsonb(a)::text from {target.account} as a"
    return f"{account} union all select id::text, to_jsonb(l)::text from {target.ledger} as l order by 1, 2"


def scalar(engine: Engine, statement: str) -> object:
    with engine.begin() as connection:
        return connection.scalar(text(statement))


def execute_sql(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def at(stage: str, happen: Callable[[Run], object]) -> Perform:
    """Let something happen just before a stage."""

    def perform(begun: Stage, at_work: Run) -> StageOutput:
        if begun.name == stage:
            happen(at_work)
        return begun.work(at_work)

    return perform


#: Papers of a few members: whoever has them moves.
A_FEW = (
    "update users set email_verified = not email_verified"
    " where id in (select id from users order by id limit 10)"
)
DARK = 'update users set preferences = preferences || \'{"theme": "dark"}\''


def spoil(database: Engine) -> None:
    """Documents that are none of ours, and one that is no document."""
    execute_sql(
        database, "update users set trust_score = '[]' where id = (select min(id::text)::uuid from users)"
    )
    execute_sql(
        database, "update users set trust_score = 'null' where id = (select max(id::text)::uuid from users)"
    )
    execute_sql(
        database,
        """update users set trust_score = '{"level": "gold", "overall_score": 99, "factors":
        {"positive": [1, {"points": 2}, {"code": "a", "points": "two"},
            {"code": "b", "label_en": ["b"], "points": 1}]}}'
        where id = (select id from users order by id offset 1 limit 1)""",
    )
    execute_sql(database, "update seller_profiles set tier_info = '\"starter\"', ratings = null")
    execute_sql(
        database,
        "update seller_profiles set ratings = '[1]', tier_info = '{\"evidence\": {\"mean_rating\": [3]}}'"
        " where id = (select min(id::text)::uuid from seller_profiles)",
    )


def test_a_run_publishes_what_the_marts_say_and_a_second_one_writes_only_what_has_changed(
    marketplace: Settings, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(database)
    small_chunks = marketplace.model_copy(update={"publish_chunk": 7})
    first = execute(small_chunks, Request(), at("publish", lambda _: execute_sql(database, DARK)))
    assert first.status == "published", first.message
    # What the application writes between the comparison and the writing is not lost.
    assert scalar(database, "select count(*) from users where preferences ->> 'theme' = 'dark'") == 300
    members = {"users": 300, "seller_profiles": scalar(database, "select count(*) from seller_profiles")}
    # The upgrade has given everybody the welcome and the lowest tier; earlier orders earn nothing.
    everybody = {one.name: members[one.table] for one in DOCUMENTS if not one.held_in}
    assert first.written == {**everybody, "points": 0, "loyalty_tier": 0}
    for target in DOCUMENTS:
        differing = scalar(
            database,
            f"select count(*) from {target.table} as t join standing_build.{target.mart} as m"
            f" on m.{target.key} = t.{target.table_key}"
            f" where {present(target, 't')} is distinct from m.document",
        )
        assert differing == 0, target.name
    kept = scalar(database, "select count(*) from standing.history where run_id = 1")
    assert kept == sum(first.written.values())
    strange = scalar(
        database,
        "select (select count(*) from users where jsonb_typeof(trust_score) is distinct from 'object')"
        " + (select count(*) from seller_profiles where jsonb_typeof(tier_info) is distinct from 'object'"
        " or jsonb_typeof(ratings) is distinct from 'object')",
    )
    assert strange == 0

    # The clock stands still: nobody's time comes, so any written document must have a reason.
    moment = first.as_of
    assert moment is not None
    set_clock(monkeypatch, lambda: moment)
    published = documents(database)
    second = execute(marketplace, Request())
    assert second.status == "published", second.message
    assert (second.written, [stage.name for stage in second.stages]) == (
        {},
        ["find the due", "audit sources"],
    )
    assert second.stages[0].detail == "nobody is due"
    assert documents(database) == published

    # A first review of an order: its shop's ratings and tier evidence move, and the person behind the shop.
    execute_sql(
        database,
        "insert into reviews (order_id, seller_id, reviewer_id, rating, created_at)"
        f" select id, seller_id, buyer_id, 1, timestamptz '{moment}' - interval '1 minute' from orders"
        " where status = 'completed' and total_amount >= 20"
        " and not exists (select from reviews where reviews.order_id = orders.id) order by id limit 1",
    )
    third = execute(marketplace, Request())
    assert third.status == "published", third.message
    assert third.written["ratings"] == 1
    assert third.written["tier_info"] == 1
    assert third.written["trust_score"] == 1
    assert third.written["gamification"] == 1  # the reviewer's


def test_a_source_that_is_not_read_whole_leaves_every_document_and_exits_with_4(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    before = documents(database)
    execute_sql(database, "alter table orders rename column status to state")
    done = standing.inside(marketplace, "run")
    assert done.returncode == 4
    assert "orders.status is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert documents(database) == before
    assert scalar(database, "select status from standing.runs") == "failed"
    report = json.loads((marketplace.home / "reports" / "run-000001" / "report.json").read_text())
    assert report["verdict"]["status"] == "failed"
    assert report["verdict"]["stopped_at"] == "find the due"


def test_a_model_whose_test_fails_leaves_every_document(marketplace: Settings, database: Engine) -> None:
    before = documents(database)
    # A shop that has two rows would have two documents.
    execute_sql(database, "alter table seller_profiles drop constraint seller_profiles_pkey cascade")
    execute_sql(
        database,
        "insert into seller_profiles (id, created_at)"
        " select id, created_at from seller_profiles order by id limit 1",
    )
    outcome = execute(marketplace, Request())
    assert outcome.status == "failed"
    assert outcome.written == {}
    assert outcome.error is not None
    execute_sql(
        database,
        "delete from seller_profiles as a using seller_profiles as b where a.id = b.id and a.ctid > b.ctid",
    )
    assert documents(database) == before


def test_an_audit_that_fails_after_publishing_names_the_undo(
    published: Settings, published_database: Engine
) -> None:
    execute_sql(published_database, A_FEW)
    # Another hand writes what nobody has checked.
    member = (
        "(select min(member_id::text)::uuid from standing_build.changed_users where trust_score_changed)"
    )
    spoilt = f"update users set trust_score = trust_score - 'level' where id = {member}"
    before = documents(published_database)
    keep(published_database, BACKTEST)
    outcome = execute(
        published,
        Request("scores"),
        at("audit published", lambda _: execute_sql(published_database, spoilt)),
    )
    assert outcome.status == "failed"
    number = sum(outcome.written.values())
    assert number >= 10
    assert f"before that, {number} documents written" in outcome.message
    assert outcome.error is not None
    assert outcome.error.exit_code == 3
    assert outcome.error.fix.endswith(f"\nstanding undo {outcome.run_id}  # takes back what it wrote")
    report = json.loads((published.home / "reports" / "run-000002" / "report.json").read_text())
    assert report["verdict"]["fix"] == outcome.error.fix
    assert report["foretold"]["remember"] == BACKTEST["remember"]
    assert undo(published, outcome.run_id).changed_since == {"trust_score": 1}
    after = documents(published_database)
    assert (
        len([1 for was, now in zip(before["trust_score"], after["trust_score"], strict=True) if was != now])
        == 1
    )


def test_what_stopped_a_run_is_told_also_where_no_report_can_be_made(
    published: Settings, published_database: Engine, standing: Standing
) -> None:
    execute_sql(published_database, A_FEW)
    # Publishing and the report need that table.
    gone = at(
        "publish",
        lambda _: execute_sql(published_database, "alter table standing.history rename to story"),
    )
    outcome = execute(published, Request("scores"), gone)
    assert (outcome.status, outcome.report) == ("failed", None)
    assert outcome.message.startswith('publish: relation "standing.history" does not exist')
    entered = "select status || ': ' || message from standing.runs where run_id = 2"
    assert scalar(published_database, entered) == f"failed: {outcome.message}"
    execute_sql(published_database, "alter table standing.story rename to history")

    # A run that has published says so, and fails all the same: nobody could read what it did.
    reports = published.home / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.write_text("no folder")
    done = standing.inside(published, "run", "scores")
    assert done.returncode == 1
    assert "error: report: " in done.stderr
    assert str(reports) in done.stderr
    assert "Traceback" not in done.stderr
    last = str(scalar(published_database, "select message from standing.runs order by run_id desc limit 1"))
    assert last.startswith("report: ")
    number = scalar(published_database, "select count(*) from standing.history where run_id = 3")
    assert number != 0
    assert f"before that, {number} documents written" in last
    reports.unlink()
    assert execute(published, Request("scores")).status == "published"


def test_a_run_beside_another_ends_as_skipped_and_says_who_is_at_work(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    with run_lock(database, 0):
        at_work = open_run(database, "all", datetime.now(UTC))
        done = standing.inside(marketplace, "run", "tiers", STANDING_LOCK_WAIT_MINUTES="0")
        shown = json.loads(standing.told(marketplace, "status", "--json"))["runs"]
    assert done.returncode == 0, done.stderr
    assert f"run {at_work + 1}: skipped: another run is at work: run {at_work} (all), server" in done.stdout
    found = [(one["run_id"], one["selection"], one["status"]) for one in shown]
    assert found == [(at_work + 1, "tiers", "skipped"), (at_work, "all", "running")]
    assert shown[0]["message"].startswith("another run is at work")
    assert shown[0]["finished_at"] is not None


def counted(detail: str) -> list[int]:
    """How many seeds, models and tests a build says it has ended."""
    return [int(number) for number in re.findall(r"\d+", detail)]


def test_a_build_is_counted_up_to_what_it_has_built_in_the_end(
    make_database: MakeDatabase,
    upgraded_template: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    marketplace = make_database(upgraded_template)
    monkeypatch.setattr("standing.log.PACE_SECONDS", 0)
    with caplog.at_level("INFO", "standing"):
        outcome = execute(marketplace, Request("tiers", full=True))
    assert outcome.status == "published", outcome.message
    detail = next(stage.detail for stage in outcome.stages if stage.name == "build")
    assert len(counted(detail)) == 3
    told = [
        (one.done, one.total)  # type: ignore[attr-defined]
        for one in caplog.records
        if hasattr(one, "done") and "models and tests" in one.message
    ]
    # Of all of it from the first one on, so that the share that is done grows to the end.
    whole = sum(counted(detail))
    assert told == [(done, whole) for done in range(1, whole + 1)], detail


def test_a_replay_publishes_nothing_and_a_future_moment_is_refused(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    before = documents(database)
    outcome = execute(marketplace, Request(as_of=datetime(2025, 12, 31, 17, tzinfo=UTC)))
    assert outcome.status == "replayed", outcome.message
    assert documents(database) == before
    completed_later = scalar(
        database,
        "select count(*) from standing_build_replay.stg_orders where completed_at > '2025-12-31 17:00+00'",
    )
    assert completed_later == 0
    then, now = (
        scalar(database, f"select sum(completed_orders) from {source}")
        for source in (
            "standing_build_replay.seller_tiers",
            "(select count(*) filter (where status = 'completed') as completed_orders from orders) as o",
        )
    )
    assert 0 < then < now  # type: ignore[operator]

    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    refused = standing.inside(marketplace, "run", "--as-of", tomorrow)
    assert refused.returncode == 2
    assert "future" in refused.stderr


def test_a_reached_review_is_written_with_the_clock_of_the_last_change(
    published: Settings, published_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock stands where it stood in the template's run: nobody else's time comes.
    moment = last_published_as_of(published_database)
    assert moment is not None
    set_clock(monkeypatch, lambda: moment)
    execute_sql(
        published_database,
        "update users set trust_score = trust_score ||"
        ' \'{"last_calculated": "2026-01-01T00:00:00Z", "next_review": "2026-01-08T00:00:00Z"}\''
        " where id = (select min(id::text)::uuid from users)",
    )
    execute_sql(
        published_database,
        "update standing.member_state set due_at = '2026-01-08' where target = 'trust_score'"
        " and member_id = (select min(id::text)::uuid from users)",
    )
    outcome = execute(published, Request("scores"))
    assert outcome.written["trust_score"] == 1
    assert [(c.changed, c.due) for c in outcome.changes if c.target == "trust_score"] == [(0, 1)]
    document = scalar(published_database, "select trust_score from users order by id::text limit 1")
    assert isinstance(document, dict)
    assert document["last_calculated"] == "2026-01-01T00:00:00Z"
    assert document["next_review"] > "2026-01-08T00:00:00Z"


def test_publishing_stops_when_the_lock_is_lost(published: Settings, published_database: Engine) -> None:
    execute_sql(published_database, A_FEW)
    before = documents(published_database)

    def cut(at_work: Run) -> None:
        execute_sql(published_database, f"select pg_terminate_backend({at_work.lock.backend})")

    outcome = execute(published, Request(), at("publish", cut))
    assert outcome.status == "failed"
    assert "lock" in outcome.message
    assert documents(published_database) == before


def test_a_run_says_what_it_waits_for_how_far_it_is_and_closes_one_that_a_killed_process_left_open(
    marketplace: Settings, database: Engine, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute_sql(
        database,
        "insert into standing.runs (selection, as_of, status)"
        " values ('all', now() - interval '1 hour', 'running')",
    )

    def shown() -> list[tuple[str, str]]:
        runs = json.loads(standing.told(marketplace, "status", "--json"))["runs"]
        return [(run["status"], run["message"]) for run in runs]

    # It may have told its error well, and only not found the server to enter it.
    killed_or_cut_off = (
        "nobody entered its end: its process was killed, or the server was away when it ended"
    )
    assert shown() == [("failed", killed_or_cut_off)]
    with run_lock(database, 0):
        assert [status for status, _ in shown()] == ["running"]

    monkeypatch.setattr("standing.log.PACE_SECONDS", 0)
    done = standing.inside(marketplace, "run", "tiers")
    assert done.returncode == 0, done.stderr
    # An audit works beside the run, which only waits for it.
    assert re.search(r", diff \d+\.\d s, wait for audit candidates \d+\.\d s, gate \d+\.\d s", done.stdout)
    for begun in ("sources", "candidates", "published"):
        assert f"wait for audit {begun} " in done.stdout
        assert re.search(rf"audit {begun}: done in .* in \d+\.\d s\n", done.stderr)
    told = re.findall(r"build: (\d+) of (\d+) models and tests", done.stderr)
    (detail,) = re.findall(r"build: done in [\d.]+ s: (.*)", done.stderr)
    assert len(counted(detail)) == 2  # the policy is there
    whole = sum(counted(detail))
    assert told == [(str(ended), str(whole)) for ended in range(1, whole + 1)], detail
    assert re.search(
        r"\nstages of run 2:\n(  .*\n)+  wait for audit sources ", standing.told(marketplace, "status")
    )
    assert scalar(database, "select status from standing.runs order by run_id limit 1") == "failed"
    assert (
        scalar(database, "select message from standing.runs order by run_id limit 1") == killed_or_cut_off
    )
