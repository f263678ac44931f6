"""The gate: what it lets pass, what it stops, and who waits for whom."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import UNTIL, MakeDatabase, Standing
from sqlalchemy import Engine, create_engine
from support.clock import set_clock
from support.decided import PAPERS_LOST, Documents, do, documents, scalar
from support.metrics import metrics
from support.project import Project

from standing.contract.targets import DOCUMENTS
from standing.database.lock import run_lock
from standing.decisions.approval import approve
from standing.decisions.trial import show_stopped
from standing.decisions.undo import undo
from standing.errors import SettingError, StandingError
from standing.findings.largest_changes import ChangesWanted, largest_changes_of
from standing.gate.held import with_dependents
from standing.gate.waiting import undecided
from standing.monitor.metrics import write_metrics
from standing.run.execute import execute
from standing.run.outcome import RunOutcome
from standing.run.run import Request
from standing.settings import Settings
from standing.state.runs import decisions

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def marketplace(make_database: MakeDatabase, published_template: str) -> Settings:
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)


def stop(marketplace: Settings, database: Engine, selection: str = "all") -> RunOutcome:
    do(database, PAPERS_LOST)
    outcome = execute(marketplace, Request(selection))
    assert outcome.status == "stopped", outcome.message
    return outcome


def test_a_stop_awaits_its_decision_also_where_no_report_can_be_written(
    marketplace: Settings, database: Engine
) -> None:
    reports = marketplace.home / "reports"
    reports.write_text("no folder")
    outcome = stop(marketplace, database, "scores")
    assert outcome.report is None
    assert outcome.error is not None
    assert outcome.error.exit_code == 6
    reports.unlink()
    decided = approve(marketplace, outcome.run_id)
    assert decided.status == "published", decided.message
    assert decided.written["trust_score"] > 0
    assert decided.report is not None
    assert decided.report.is_file()


def test_a_first_publication_changes_everybody_and_is_not_stopped(database: Engine) -> None:
    # The template's run found all documents as the upgrade had left them.
    first = "from standing.runs where run_id = 1"
    assert scalar(database, f"select summary -> 'changes' -> 0 ->> 'written' {first}") == "300"
    assert scalar(database, f"select summary -> 'gate' -> 0 ->> 'members' {first}") == "0"
    verdicts = (
        "select distinct finding ->> 'verdict' from standing.runs, jsonb_array_elements(summary -> 'gate')"
    )
    assert scalar(database, f"{verdicts} as finding where run_id = 1") == "passed"


def test_members_who_join_in_a_wave_are_not_counted_as_changed(
    marketplace: Settings, database: Engine
) -> None:
    do(
        database,
        "insert into users (display_name, created_at)"
        " select 'member ' || n, now() - interval '1 hour' from generate_series(1, 600) as n",
    )
    outcome = execute(marketplace, Request("scores"))
    assert outcome.status == "published", outcome.message
    assert outcome.written["trust_score"] >= 600
    found = [
        one for one in outcome.gate.checks if (one.target, one.measure) == ("trust_score", "changed_share")
    ]
    assert found[0].observed < 1
    assert found[0].members < 20


def test_a_warning_is_told_and_published(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    do(database, "update standing_build.gate_limits set stop = null", PAPERS_LOST)
    done = standing.inside(marketplace, "run", "scores")
    assert done.returncode == 0, done.stderr
    assert "warning: trust_score: " in done.stdout
    warned = (
        "select count(*) from standing.runs, jsonb_array_elements(summary -> 'gate') as finding"
        " where run_id = 2 and status = 'published' and finding ->> 'verdict' = 'warned'"
    )
    assert scalar(database, warned) != 0


def stopped_as_it_should(
    marketplace: Settings, database: Engine, before: Documents, outcome: RunOutcome
) -> None:
    """It holds what is over its limits and publishes the rest; it says why and what helps, keeps what it
    would have written, and reports on all of it.
    """
    assert outcome.message.startswith("the gate holds trust_score: ")
    assert re.search(r"\d+ members would lose a level: \S+%, limit \S+% \(trust score\)", outcome.message)
    assert outcome.error is not None
    assert outcome.error.exit_code == 6
    assert f"standing approve {outcome.run_id}" in outcome.error.fix
    after = documents(database)
    assert after["trust_score"] == before["trust_score"]
    assert after["ratings"] != before["ratings"]
    differing = [member for member, old in before["ratings"].items() if after["ratings"][member] != old]
    assert outcome.written["ratings"] == len(differing) == 1
    names = [target.name for target in outcome.published]
    assert names == ["behavior_score", "gamification", "ratings", "performance"]
    assert f"; of the others, {sum(outcome.written.values())} documents written" in outcome.message
    assert f"standing undo {outcome.run_id}  # takes back what it wrote" in outcome.error.fix
    assert (
        scalar(database, f"select status from standing.runs where run_id = {outcome.run_id}") == "stopped"
    )
    changed = next(change.changed for change in outcome.changes if change.target == "trust_score")
    kept = scalar(
        database,
        "select count(*) from standing.change_sets as kept join users on users.id = kept.member_id"
        " join standing_build.user_trust_scores as mart on mart.user_id = kept.member_id"
        f" where run_id = {outcome.run_id} and target = 'trust_score'"
        " and old_document = users.trust_score and new_document = mart.document",
    )
    assert kept == changed > 0
    still_due = "select count(*) from standing.due join standing.change_sets using (target, member_id)"
    assert scalar(database, still_due) == scalar(database, "select count(*) from standing.change_sets")
    with run_lock(database, 0):
        pass  # the lock is free

    report = json.loads((marketplace.home / "reports" / "run-000002" / "report.json").read_text())
    fell = sum(
        m["members"] for m in report["movements"] if (m["before"], m["after"]) == ("silver", "bronze")
    )
    assert fell > 0
    assert report["largest_changes"]
    assert report["verdict"]["status"] == "stopped"
    assert re.match(r"\d+ members would lose a level: ", report["verdict"]["headline"])
    would = next(one for one in report["changes"] if one["target"] == "trust_score")
    assert (would["changed"], would["written"]) == (changed, 0)
    rated = next(one for one in report["changes"] if one["target"] == "ratings")
    assert (rated["written"], rated["by_class"]) == (1, {"points": 1})
    assert "The gate held back: Trust score. " in report["verdict"]["headline"]
    assert report["audits"][-1]["suite"] == "published"
    write_metrics(marketplace)
    found = metrics(marketplace)
    for selection, waits in (("scores", 1), ("tiers", 0)):
        assert found["standing_run_awaits_decision", selection] == waits
        assert found["standing_last_run_success", selection] == 1 - waits


def test_a_wave_of_lost_levels_is_held_and_all_else_goes_on(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    newcomer = "00000000-0000-4000-8000-000000000001"
    do(
        database,
        f"insert into users (id, display_name) values ('{newcomer}', 'สมชาย')",
        "insert into reviews (id, seller_id, reviewer_id, rating, created_at)"
        " select gen_random_uuid(), seller_id, buyer_id, 1, now() - interval '1 hour' from orders"
        " where status = 'completed' order by id limit 1",
    )
    before = documents(database)
    stopped = stop(marketplace, database, "scores")
    stopped_as_it_should(marketplace, database, before, stopped)
    # Later runs leave what is held alone, and what happens to its members stays to be built.
    before = documents(database)
    do(database, f"update users set email_verified = true where id = '{newcomer}'")
    done = standing.inside(marketplace, "run", "all")
    assert done.returncode == 0, done.stderr
    left = f"trust_score left as it is until run {stopped.run_id} is approved or rejected"
    assert left in done.stdout
    newest = sorted((marketplace.home / "reports").glob("run-*/report.json"))[-1]
    assert f" {left[:1].upper()}{left[1:]}." in json.loads(newest.read_text("utf-8"))["verdict"]["headline"]
    assert documents(database)["trust_score"] == before["trust_score"]
    due = f"select count(*) from standing.due where target = 'trust_score' and member_id = '{newcomer}'"
    assert scalar(database, due) == 1
    status = json.loads(standing.told(marketplace, "status", "--json"))
    assert status["next_steps"][0] == {
        "why": f"run {stopped.run_id} awaits a decision on trust_score",
        "commands": list(decisions(stopped.run_id)),
    }
    assert (status["pages"], status["next_runs"]) == ("", None)
    assert all(one["started_at"].endswith("Z") for one in status["runs"])
    shown = status["change_log"]
    assert {one["target"]: one["waits_for"] for one in shown["targets"]}["trust_score"] == stopped.run_id
    assert [(one["left_out"], one["waits_for"]) for one in shown["plans"]] == [
        ({"trust_score": stopped.run_id}, None),
        ({"trust_score": stopped.run_id}, None),
        ({}, None),
        ({}, None),
    ]

    # Whoever goes meanwhile is forgotten all the same, and what leaves something out says so.
    kept = f"select count(*) from standing.history where member_id = '{newcomer}'"
    do(
        database,
        f"insert into standing.history values (1, 'trust_score', '{newcomer}', '{{}}', '', now())",
        f"delete from users where id = '{newcomer}'",
    )
    reconciled = standing.inside(marketplace, "reconcile", "--json")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
    compared = json.loads(reconciled.stdout)
    assert (compared["drift"], compared["left_out"]) == (0, ["trust_score"])
    assert scalar(database, kept) == 0
    before = documents(database)
    with pytest.raises(SettingError, match="there is no run 999"):
        show_stopped(marketplace, 999)

    tiers = execute(marketplace, Request("tiers"))
    assert tiers.status == "published", tiers.message

    # Nobody decides: it expires, and with it what it would have written.
    with database.begin() as connection:
        assert undecided(connection) == {"trust_score": stopped.run_id}
    hours = (
        "select extract(epoch from (summary ->> 'expires_at')::timestamptz - finished_at) / 3600"
        " from standing.runs"
    )
    assert round(float(str(scalar(database, f"{hours} where run_id = {stopped.run_id}")))) == 72
    do(database, 'update standing.runs set summary = summary || \'{"expires_at": "2026-01-01T00:00:00Z"}\'')
    with pytest.raises(
        StandingError, match=f"run {stopped.run_id} does not await a decision: it is expired"
    ):
        show_stopped(marketplace, stopped.run_id)
    with pytest.raises(StandingError, match=f"nothing to approve: run {stopped.run_id} is expired"):
        approve(marketplace, stopped.run_id)
    assert documents(database) == before
    with database.begin() as connection:
        assert undecided(connection) == {}
    assert (
        scalar(database, f"select status from standing.runs where run_id = {stopped.run_id}") == "expired"
    )
    assert scalar(database, "select count(*) from standing.change_sets") == 0
    assert scalar(database, "select count(*) from standing.due where target = 'trust_score'") != 0


@pytest.mark.timeout(600)
def test_an_ordinary_day_passes_and_a_rating_source_that_is_lost_stops(
    make_database: MakeDatabase, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = make_database(STANDING_LOCK_WAIT_MINUTES=0)
    size = ("--users", "2000", "--orders", "20000", "--seed", "1")
    standing.told(demo, "load", "simulated", *size, "--until", UNTIL)
    standing.told(demo, "migrate")
    today = datetime.fromisoformat(UNTIL)
    set_clock(monkeypatch, lambda: today - timedelta(days=1))
    assert execute(demo, Request()).status == "published"
    set_clock(monkeypatch, lambda: today)
    second = execute(demo, Request())
    assert second.status == "published", second.message
    assert sum(second.written.values()) > 100
    assert second.gate.checks
    assert not second.gate.warned

    engine = create_engine(demo.database_url or "")
    before = documents(engine)
    do(engine, 'update reviews set moderation = moderation || \'{"status": "rejected"}\'')
    third = execute(demo, Request())
    assert third.status == "stopped", third.message
    over = {(one.target, one.measure) for one in third.gate.over("stopped")}
    assert ("ratings", "lost_values_share") in over
    assert ("ratings", "mean_shift") in over
    assert ("tier_info", "moved_down_share") in over
    held = {target for target, _ in over}
    after = documents(engine)
    assert {name for name in before if after[name] == before[name]} >= held
    assert {target.name for target in third.published} == {*before, "points"} - held

    # A run of nothing else waits; taken back, the run forgets what it held.
    assert execute(demo, Request("tiers")).status == "waiting"
    looked = (
        "select summary -> 'unmet' ? 'sources' and cast(summary #>> '{freshness,0,latest}' as timestamptz)"
        " = (select date_trunc('milliseconds', max(created_at)) from orders)"
        " from standing.runs where status = 'waiting'"
    )
    assert scalar(engine, looked)
    undone = undo(demo, third.run_id)
    assert undone.restored.keys().isdisjoint(held)
    assert documents(engine) == before
    assert "what the gate held of it is forgotten" in str(
        scalar(engine, f"select message from standing.runs where run_id = {third.run_id}")
    )
    assert scalar(engine, "select count(*) from standing.change_sets") == 0
    assert third.run_id not in show_waiting(engine).values()
    engine.dispose()


def show_waiting(engine: Engine) -> dict[str, int]:
    with engine.begin() as connection:
        return undecided(connection)


def test_what_is_made_from_a_held_document_is_held_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    project = Project(tmp_path / "project", settings)
    mart = project.folder / "models" / "marts" / "user_behavior_scores.sql"
    assert with_dependents({"trust_score"}) == {"trust_score"}
    mart.write_text(
        mart.read_text("utf-8") + "-- depends_on: x\nselect 1 from {{ ref('user_trust_scores') }}"
    )
    with project.at_work():
        assert with_dependents({"trust_score"}) == {"trust_score", "behavior_score"}
        assert with_dependents({"behavior_score"}) == {"behavior_score"}


def test_members_who_are_published_and_no_longer_built_are_found(
    marketplace: Settings, database: Engine
) -> None:
    do(
        database,
        "alter table users alter created_at drop not null",
        "update users set created_at = null where id in (select id from users order by id limit 21)",
        "update standing_build.quarantine_limits set max_rows = 100",
    )
    before = documents(database)
    outcome = execute(marketplace, Request("scores"))
    assert outcome.status == "stopped", outcome.message
    assert ("trust_score", "lost_members_share") in {
        (one.target, one.measure) for one in outcome.gate.over("stopped")
    }
    assert documents(database) == before


def test_who_moves_most_comes_first_also_where_the_number_stays(settings: Settings, engine: Engine) -> None:
    old = '{"overall": 4, "adjusted": 3.5, "total_reviews": 9, "evidence": {}}'
    changes = {
        "evidence alone": '{"evidence": {"a": 1}}',
        "a little": '{"adjusted": 3.4}',
        "most": '{"total_reviews": 12, "adjusted": 3.5}',
        "more": '{"adjusted": 2}',
        "outwardly": '{"overall": 3.9}',
        "more outwardly": '{"overall": 4.2, "evidence": {"overall": {"num": 42, "den": 10}}}',
    }
    values = ", ".join(
        f"('{name}', '{old}'::jsonb, '{old}'::jsonb || '{new}')" for name, new in changes.items()
    )
    query = f"select * from (values {values}) as changed (member_id, old_document, new_document)"
    ratings = next(target for target in DOCUMENTS if target.name == "ratings")
    with engine.connect() as connection:
        found = largest_changes_of(connection, settings, ratings, query, ChangesWanted(with_others=True))
        moving = largest_changes_of(connection, settings, ratings, query, ChangesWanted())
        two = largest_changes_of(
            connection, settings, ratings, query, ChangesWanted(most=1, with_others=True)
        )
    assert [one.member_id for one in found] == ["more outwardly", "outwardly", "most", "more", "a little"]
    assert [one.factors[0].code for one in found[2:]] == ["total_reviews", "adjusted", "adjusted"]
    assert [one.member_id for one in moving] == ["more outwardly", "outwardly"]
    causes = {one.member_id: (one.cause, one.alike) for one in found}
    assert causes["more outwardly"] == ("Stars received, added up ↑", 1)
    assert causes["most"] == ("Total reviews ↑", 1)
    assert causes["more"] == causes["a little"] == ("Adjusted ↓", 2)
    assert "a little" not in {one.member_id for one in two}
