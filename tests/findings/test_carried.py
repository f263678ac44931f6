"""Data that are late or wrong stay in every report, also of runs that look at few rows or at nobody."""

import json
from typing import Any

import pytest
from conftest import MakeDatabase
from support.decided import do
from support.metrics import metrics

from standing.database.connect import connect
from standing.monitor.metrics import write_metrics
from standing.monitor.reconcile import reconcile
from standing.report.audits import AuditOutcome
from standing.report.index import Line, past_runs
from standing.run.execute import execute
from standing.run.outcome import RunOutcome
from standing.run.run import Request
from standing.settings import Settings

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("no_pictures")]

LATE, IMPOSSIBLE = "orders_are_fresh", "seller_profiles_rating_score_is_possible"


def unmet(outcome: RunOutcome) -> dict[str, AuditOutcome]:
    assert outcome.content is not None
    return {one.expectation: one for one in outcome.content.unmet}


def counts(settings: Settings, outcome: RunOutcome) -> set[int | None]:
    """The number of unmet expectations as each place has it."""
    write_metrics(settings)
    page = settings.home / "reports" / f"run-{outcome.run_id:06}" / "report.html"
    content: dict[str, Any] = json.loads(page.with_suffix(".json").read_text("utf-8"))
    verdict = content["verdict"]["headline"]
    listed = next(
        one
        for one in past_runs(settings.home / "reports")
        if isinstance(one, Line) and one.run_id == outcome.run_id
    )
    number = len(unmet(outcome))
    assert f"{number} expectations are not met." in verdict
    assert f"{number} expectations are not met" in outcome.message
    assert f"{number} expectations were not met, none of them critical." in page.read_text("utf-8")
    of_metrics = sum(
        value for (name, *_), value in metrics(settings).items() if name == "standing_expectations_unmet"
    )
    return {number, listed.unmet, int(of_metrics)}


def test_every_run_says_that_data_are_late_and_what_it_did_not_look_at_again(
    make_database: MakeDatabase, published_template: str
) -> None:
    settings = make_database(published_template)
    with connect(settings) as engine:
        newest = "(select id from orders order by created_at desc limit 1)"
        do(engine, f"update orders set created_at = now() - interval '90.9 days' where id = {newest}")
        three = "(select id from seller_profiles order by id limit 3)"
        do(engine, f"update seller_profiles set rating_score = -1 where id in {three}")
        whole = execute(settings, Request(full=True))
        do(
            engine,
            "update orders set total_amount = total_amount where id = (select id from orders limit 1)",
        )
        due = execute(settings, Request())
        do(engine, "update standing.member_state set due_at = null")
        idle = execute(settings, Request())
        assert [whole.content.run.mode, due.content.run.mode] == ["full", "incremental"]  # type: ignore[union-attr]
        assert [stage.name for stage in idle.stages] == ["find the due", "audit sources"]
        for run in (whole, due, idle):
            assert "Newest order is 90.9 days old." in run.content.verdict.headline  # type: ignore[union-attr]
            assert "; newest order is 90." in run.message
            assert run.content.verdict.status == "warned"  # type: ignore[union-attr]
            seen = unmet(run)
            assert {LATE, IMPOSSIBLE} <= seen.keys()
            assert counts(settings, run) == {len(seen)}
            assert seen[LATE].looked_at is None
            since = seen[IMPOSSIBLE].unmet_since
            assert since is not None
            assert since.run_id == whole.run_id
        assert unmet(whole)[IMPOSSIBLE].observed.startswith("3 of ")
        for run in (due, idle):
            carried = unmet(run)[IMPOSSIBLE]
            assert carried.observed == unmet(whole)[IMPOSSIBLE].observed
            assert carried.looked_at is not None
            assert carried.looked_at.run_id == whole.run_id
            assert "rating_score not between 0 and 5" in carried.query
        assert unmet(idle)[IMPOSSIBLE].history[-2:] == (True, True)

        one = "(select id from seller_profiles order by id limit 1)"
        do(engine, f"update seller_profiles set rating_score = 4 where id = {one}")
        do(engine, f"update orders set created_at = now() where id = {newest}")
        reconciled = reconcile(settings).run
        assert LATE not in unmet(reconciled)
        assert unmet(reconciled)[IMPOSSIBLE].observed.startswith("2 of ")
        assert unmet(reconciled)[IMPOSSIBLE].looked_at is None
        assert "order is" not in reconciled.message
        assert counts(settings, reconciled) == {len(unmet(reconciled))}
