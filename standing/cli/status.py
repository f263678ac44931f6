"""`standing status`: what is scored, who is due, what to do next, and the last runs."""

import json
import shutil
import sys
import textwrap
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from standing.cli.runs import timed
from standing.settings import current
from standing.text import amounts, plain, plural


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
        click.echo(json.dumps(plain(status), ensure_ascii=False))
        return
    for group in status["documents"]:
        click.echo(f"{group['title']}: {plural(group['members'], group['unit'].removesuffix('s'))}")
        for step in group["steps"]:
            click.echo(f"  {step['name']:<14}{step['members']:>10,}")
    for step in status["next_steps"]:
        click.echo(_folded(f"to do: {step['why']}", "  "))
        for command in step["commands"]:
            click.echo(f"  {command}")
    if status["checkout"]:
        click.echo(_folded(f"{status['checkout']}; the next run is made by these files", "  "))
    _print_changes(status["change_log"])
    _print_served(status["pages"], status["next_runs"])
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
            click.echo(f"  {timed(stage['name']):<27}{stage['seconds']:>8.1f} s")
        if last["report"]:
            click.echo(f"report: {last['report']}")


def _print_served(pages: str, next_runs: dict[str, datetime] | None) -> None:
    where = f"served; reports and metrics are at {pages}" if pages else "not served from here: make up"
    click.echo(f"deployments: {where}")
    if next_runs is None:
        click.echo("next runs: no Prefect server answers")
        return
    zone = ZoneInfo(current().business_time_zone)
    planned = (f"{flow} {moment.astimezone(zone):%Y-%m-%d %H:%M}" for flow, moment in next_runs.items())
    click.echo(_folded(f"next runs ({zone.key}): {', '.join(planned) or 'none is planned'}", "  "))


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
    for source in changes["elsewhere"]:
        click.echo(_folded(f"  {source}", "    "))
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
        left = ", ".join(f"without {name} (run {run})" for name, run in one["left_out"].items())
        builds = f"{one['builds']}, {left}" if left else one["builds"]
        click.echo(_folded(f"  standing run {one['selection']:<8} {waits}{builds}", 4 * " "))
    for one in changes["holds"]:
        reason = f" ({one['reason']})" if one["reason"] else ""
        held = amounts(one["documents"], one["members"])
        message = f"run {one['run_id']} was undone{reason}: {held} held as they were before it"
        fix = f"runs write them again after: standing resume {one['run_id']}"
        click.echo(_folded(f"held: {message}, whatever policy and data say now; {fix}", "  "))


def _folded(line: str, indent: str) -> str:
    """A line as it fits the terminal, if it is for one; others may look for a line as a whole."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return "\n".join(textwrap.wrap(line, width, subsequent_indent=indent, replace_whitespace=False))


COMMANDS: tuple[click.Command, ...] = (status,)
