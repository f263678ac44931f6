"""`standing run`, `why`, `reconcile`: the pipeline and what it left."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from standing.cli.moment import moment
from standing.cli.progress import JSON_LOGS, log_to_stderr
from standing.settings import current
from standing.text import plain

if TYPE_CHECKING:
    from standing.run.outcome import RunOutcome

#: How `reconcile` ends where its run left nothing to compare with: status → exit code.
NOT_COMPARED = {"skipped": 5, "waiting": 6}


@click.command()
@click.argument("selection", default="all")
@click.option("--as-of", "as_of", metavar="TIME", help="Replay a past moment; publishes nothing.")
@click.option("--full", is_flag=True, help="Build every member, whoever is due.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@JSON_LOGS
def run(selection: str, as_of: str | None, full: bool, as_json: bool) -> None:
    """Audit, build, publish and report once.

    SELECTION is all (the default), scores or tiers. TIME is ISO 8601; without a zone it is read in
    BUSINESS_TIME_ZONE. Exits with 0 if it published, was skipped or waits for a decision, with 3 if an
    audit and with 6 if the gate stopped it, and with 1 otherwise.
    """
    from standing.monitor.metrics import write_metrics
    from standing.run.execute import execute
    from standing.run.run import Request

    settings = current()
    log_to_stderr()
    request = Request(selection, moment("--as-of", as_of) if as_of else None, full)
    outcome = execute(settings, request)
    write_metrics(settings)
    if as_json:
        click.echo(json.dumps(plain(_of_outcome(outcome)), ensure_ascii=False))
    else:
        _print_outcome(outcome)
    if outcome.error is not None and outcome.status != "skipped":
        if as_json:
            sys.exit(outcome.error.exit_code)
        raise outcome.error


def _of_outcome(outcome: "RunOutcome") -> dict[str, Any]:
    return {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "message": outcome.message,
        "as_of": outcome.as_of,
        "stages": [vars(stage) for stage in outcome.stages],
        "changes": [{**vars(one), "unchanged": one.unchanged} for one in outcome.changes],
        "written": outcome.written,
        "gate": outcome.gate.to_json(),
        "report": str(outcome.report) if outcome.report else None,
    }


def _print_outcome(outcome: "RunOutcome") -> None:
    click.echo(f"run {outcome.run_id}: {outcome.status}: {outcome.message}")
    if outcome.status == "replayed" and outcome.as_of:
        click.echo(f"  as of {outcome.as_of.isoformat(' ', 'seconds')}")
    published = {target.name for target in outcome.published}
    is_stopped = outcome.status == "stopped"
    held = {one.target: ", held" for one in outcome.changes if is_stopped and one.target not in published}
    for change in outcome.changes:
        written = outcome.written.get(change.target, 0)
        if change.points is None:
            done = f"scored, {change.changed:,} changed, {change.due:,} due for review, {written:,} written"
        else:
            moved = change.points_moved or "as decided"
            done = f"members, {moved}; {written:,} written, {change.unfit:,} left alone"
        click.echo(f"  {change.target}: {change.candidates:,} {done}{held.get(change.target, '')}")
    for check in outcome.gate.over("warned"):
        click.echo(f"  warning: {check.sentence}")
    if outcome.stages:
        timings = ", ".join(f"{timed(stage.name)} {stage.seconds:.1f} s" for stage in outcome.stages)
        click.echo(f"  {timings}")
    if outcome.report:
        click.echo(f"  report: {outcome.report}")


def timed(stage: str) -> str:
    """What the seconds of a stage were spent on: an audit works beside the run, which only waits for it."""
    return f"wait for {stage}" if stage.startswith("audit ") else stage


@click.command()
@click.argument("kind", type=click.Choice(["user", "seller"]))
@click.argument("member_id", metavar="ID")
@click.option("--as-of", "as_of", metavar="TIME", help="Explain a past moment; replays it first.")
@click.option("--points", "of_points", is_flag=True, help="Explain a user's points, lot by lot.")
@click.option("--sources", "with_sources", is_flag=True, help="Also which tables each key comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def why(
    kind: str, member_id: str, as_of: str | None, of_points: bool, with_sources: bool, as_json: bool
) -> None:
    """Explain the score of a user or the tier, ratings and performance of a seller.

    Shows the sum of the factors, the orders behind the rates, and what would reach the next level or tier.
    TIME is ISO 8601; without a zone it is read in BUSINESS_TIME_ZONE.
    """
    from standing.why import as_text, explain, points_as_text, points_of

    settings = current()
    past = moment("--as-of", as_of) if as_of else None
    if of_points:
        if kind != "user" or with_sources:
            raise click.UsageError("--points goes with a user, and without --sources")
        points = points_of(settings, member_id, past)
        shown, said = points.to_json(), points_as_text(points, settings.business_time_zone)
    else:
        explanation = explain(settings, kind, member_id, past)
        shown, said = explanation.to_json(), as_text(explanation, with_sources)
    click.echo(json.dumps(shown, ensure_ascii=False, indent=1, default=str) if as_json else said)


@click.command()
@click.option("--mend", is_flag=True, help="Write the differing documents again.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@JSON_LOGS
def reconcile(mend: bool, as_json: bool) -> None:
    """Run what is due, then compare every published document with a full recompute.

    Exits with 7 if documents differ that nobody changed meanwhile, and with 0 if --mend wrote them again.
    Leaves out documents that await a decision. Compares nothing and exits with 5 if another run is at work,
    with 6 if all await one.
    """
    from standing.monitor.metrics import write_metrics
    from standing.monitor.reconcile import reconcile as compare

    settings = current()
    log_to_stderr()
    reconciliation = compare(settings, mend=mend)
    write_metrics(settings)
    if as_json:
        click.echo(json.dumps(reconciliation.to_json(), ensure_ascii=False, default=str))
    else:
        click.echo(reconciliation.message)
        for one in reconciliation.drift:
            click.echo(f"  {one.target:<16}{one.member_id}  {one.cause}")
    if reconciliation.run.status in NOT_COMPARED and not reconciliation.compared:
        sys.exit(NOT_COMPARED[reconciliation.run.status])
    if reconciliation.error is not None:
        if as_json:
            sys.exit(reconciliation.error.exit_code)
        raise reconciliation.error


COMMANDS: tuple[click.Command, ...] = (run, why, reconcile)
