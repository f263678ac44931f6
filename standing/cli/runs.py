"""`standing run`, `why`, `status`, `reconcile`: the pipeline and what it left."""

import json
import shutil
import sys
import textwrap
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from standing.cli.moment import moment
from standing.cli.progress import JSON_LOGS, log_to_stderr
from standing.settings import current
from standing.text import plural

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
        click.echo(json.dumps(_plain(outcome), ensure_ascii=False, default=str))
    else:
        _print_outcome(outcome)
    if outcome.error is not None and outcome.status != "skipped":
        if as_json:
            sys.exit(outcome.error.exit_code)
        raise outcome.error


def _plain(outcome: "RunOutcome") -> dict[str, Any]:
    return {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "message": outcome.message,
        "as_of": outcome.as_of.isoformat() if outcome.as_of else None,
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
    for change in outcome.changes:
        written = outcome.written.get(change.target, 0)
        click.echo(
            f"  {change.target}: {change.candidates:,} scored, {change.changed:,} changed,"
            f" {change.due:,} due for review, {written:,} written"
        )
    for check in outcome.gate.over("warned"):
        click.echo(f"  warning: {check.sentence}")
    if outcome.stages:
        timings = ", ".join(f"{_timed(stage.name)} {stage.seconds:.1f} s" for stage in outcome.stages)
        click.echo(f"  {timings}")
    if outcome.report:
        click.echo(f"  report: {outcome.report}")


def _folded(line: str, indent: str) -> str:
    """A line as it fits the terminal, if it is for one; others may look for a line as a whole."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return "\n".join(textwrap.wrap(line, width, subsequent_indent=indent, replace_whitespace=False))


def _timed(stage: str) -> str:
    """What the seconds of a stage were spent on: an audit works beside the run, which only waits for it."""
    return f"wait for {stage}" if stage.startswith("audit ") else stage


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> None:
    """Show what is scored, the levels and tiers, who is due, and the last runs."""
    from standing.database.connect import connect
    from standing.monitor.status import gather
    from standing.state.upgraded import require_upgraded

    settings = current()
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
        status = gather(engine, settings)
    if as_json:
        click.echo(json.dumps(status, ensure_ascii=False, default=str))
        return
    for group in status["documents"]:
        click.echo(f"{group['title']}: {plural(group['members'], group['unit'].removesuffix('s'))}")
        for step in group["steps"]:
            click.echo(f"  {step['name']:<14}{step['members']:>10,}")
    _print_changes(status["change_log"])
    click.echo("last runs, with when they began (UTC):")
    for row in status["runs"]:
        message = (row["message"] or "").partition("\n")[0]
        started = f"{row['started_at'].astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        click.echo(
            _folded(
                f"  {row['run_id']:>5}  {started}  {row['selection']:<7} {row['status']:<10} {message}",
                9 * " ",
            )
        )
    for last in status["runs"][:1]:
        if last["plan"]:
            click.echo(_folded(f"plan of run {last['run_id']}: {last['plan']}", "  "))
        if last["stages"]:
            click.echo(f"stages of run {last['run_id']}:")
        for stage in last["stages"]:
            click.echo(f"  {_timed(stage['name']):<27}{stage['seconds']:>8.1f} s")
        if last["report"]:
            click.echo(f"report: {last['report']}")


def _together(problems: list[str]) -> list[str]:
    """One line for all triggers, where several are off or otherwise wrong: preflight names each."""
    triggers = [one for one in problems if one.startswith("trigger ")]
    if len(triggers) < 2:
        return problems
    tables = dict.fromkeys(one.partition(" on ")[2].split(" is ")[0].split()[-1] for one in triggers)
    line = f"{len(triggers)} triggers on {', '.join(tables)} are missing, off or not as they should be"
    return [line, *(one for one in problems if one not in triggers)]


def _print_changes(changes: dict[str, Any]) -> None:
    if changes["on"]:
        tables = (
            f"triggers on {', '.join(changes['follows'])}"
            if changes["follows"]
            else "no triggers on any table"
        )
        waiting = plural(changes["waiting"], "row waits and is", "rows wait and are")
        uncounted = f"{waiting} not among the due yet" if changes["waiting"] else "no row waits"
        click.echo(_folded(f"change log: {uncounted}; {tables}", "  "))
    else:
        click.echo("change log: off, so every run is a full one")
    problems = (
        _together(changes["problems"])
        if changes["follows"]
        else [plural(len(changes["problems"]), "table is not followed", "tables are not followed")]
    )
    for problem in problems if changes["on"] else ():
        click.echo(f"  {problem}: runs are full until `standing migrate`")
    for source in changes["unfollowed"]:
        click.echo(f"  {source}: every run is a full one")
    for one in changes["targets"]:
        members = "everybody" if one["due"] is None else f"{one['due']:,}"
        held = f", {one['held']:,} held" if one["held"] else ""
        click.echo(f"  {one['target']:<14}{members:>10} due{held}")
    click.echo("what the next run builds:")
    for one in changes["plans"]:
        waits = (
            f"nothing until run {one['waits_for']} is approved or rejected; then "
            if one["waits_for"]
            else ""
        )
        click.echo(_folded(f"  standing run {one['selection']:<8} {waits}{one['builds']}", 4 * " "))
    for one in changes["holds"]:
        reason = f" ({one['reason']})" if one["reason"] else ""
        documents = plural(one["documents"], "document")
        message = f"run {one['run_id']} was undone{reason}: {documents} held as they were before it"
        fix = f"runs write them again after: standing resume {one['run_id']}"
        click.echo(_folded(f"held: {message}, whatever policy and data say now; {fix}", "  "))


@click.command()
@click.argument("kind", type=click.Choice(["user", "seller"]))
@click.argument("member_id", metavar="ID")
@click.option("--as-of", "as_of", metavar="TIME", help="Explain a past moment; replays it first.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def why(kind: str, member_id: str, as_of: str | None, as_json: bool) -> None:
    """Explain the score of a user or the tier, ratings and performance of a seller.

    Shows the sum of the factors, the orders behind the rates, what would reach the next level or tier and
    where each key comes from. TIME is ISO 8601; without a zone it is read in BUSINESS_TIME_ZONE.
    """
    from standing.why import as_text, explain

    settings = current()
    explanation = explain(settings, kind, member_id, moment("--as-of", as_of) if as_of else None)
    as_printed = json.dumps(explanation.to_json(), ensure_ascii=False, indent=1, default=str)
    click.echo(as_printed if as_json else as_text(explanation))


@click.command()
@click.option("--mend", is_flag=True, help="Write the differing documents again.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@JSON_LOGS
def reconcile(mend: bool, as_json: bool) -> None:
    """Run what is due, then compare every published document with a full recompute.

    Exits with 7 if documents differ that nobody changed meanwhile, and with 0 if --mend wrote them again.
    Compares nothing and exits with 5 if another run is at work, with 6 if a stopped run awaits a decision.
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
    if reconciliation.run.status in NOT_COMPARED:
        sys.exit(NOT_COMPARED[reconciliation.run.status])
    if reconciliation.error is not None:
        if as_json:
            sys.exit(reconciliation.error.exit_code)
        raise reconciliation.error


COMMANDS: tuple[click.Command, ...] = (run, why, status, reconcile)
