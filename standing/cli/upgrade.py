"""`standing preflight`, `migrate`, `verify`, `rollback`: the application's schema, forward and back."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from standing.cli.confirmation import confirm
from standing.cli.progress import steps_shown
from standing.settings import current
from standing.text import plural

MARKS = {"ok": ("✓", "green"), "note": ("·", "blue"), "warning": ("!", "yellow"), "no-go": ("✗", "red")}


@click.command()
@click.option(
    "--backup", "backup_file", type=click.Path(path_type=Path), help="The backup that you would go back to."
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def preflight(backup_file: Path | None, as_json: bool) -> None:
    """Check whether the database can be upgraded; reads only.

    Leaves with 0 for go and 4 for no-go. Warnings do not forbid anything.
    """

    from standing.database.connect import connect
    from standing.upgrade.preflight import go, preflight, stops, verdict

    settings = current()
    with connect(settings) as engine:
        checks = preflight(settings, engine, backup_file)
    if as_json:
        result = {"go": go(checks), "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        for check in checks:
            mark, colour = MARKS[check.state]
            click.echo(f"{click.style(mark, fg=colour)} {check.name}: {check.message}")
            if check.fix and check.state != "ok":
                click.echo(f"    {check.fix}")
        colour = "red" if not go(checks) else "yellow" if stops(checks) else "green"
        click.secho(verdict(checks), bold=True, fg=colour)
    sys.exit(0 if go(checks) else 4)


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL that is missing, and change nothing.")
def migrate(dry_run: bool) -> None:
    """Upgrade the application's schema: columns, tables, indexes and first values.

    Works beside the running application, in short steps. May be stopped and started again at any
    moment; takes only the steps that are missing.
    """
    from standing.database.connect import connect
    from standing.upgrade import dry_run as planning
    from standing.upgrade.migration import migrate

    settings = current()
    with connect(settings) as engine:
        if dry_run:
            planned = planning.plan(settings, engine)
            click.echo(
                "\n".join(step.sql() for step in planned) or "-- nothing to do: the database is upgraded"
            )
            return
        with steps_shown() as on_progress:
            outcome = migrate(settings, engine, on_progress)
    if outcome.nothing:
        click.echo("nothing to do: the database is upgraded")
        return
    click.echo(f"upgraded: {plural(len(outcome.steps), 'step')}")
    for name, members in outcome.members.items():
        click.echo(f"  {name}: {plural(members, 'member')}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def verify(as_json: bool) -> None:
    """Check that the upgrade is whole: every document, ledger, tier, index and key.

    Writes a report page. Leaves with 3 if a critical check fails.
    """

    from standing.database.connect import connect
    from standing.upgrade.verify import verify

    settings = current()
    with connect(settings) as engine:
        verified = verify(settings, engine)
    verdict = verified.verdict
    if as_json:
        result = {**verdict.to_json(), "report": str(verified.report), "result": verified.result}
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        for one in verdict.outcomes:
            mark, colour = MARKS["ok" if one.success else "note" if one.severity == "info" else "no-go"]
            click.echo(f"{click.style(mark, fg=colour)} {one.expectation}: {one.observed}")
            if not one.success and one.severity != "info":
                click.echo(f"    {one.meaning}\n    {one.action}")
        click.echo(f"report: {verified.report}")
        click.echo(verified.result)
    sys.exit(0 if verdict.passed else 3)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Even if data entered since the upgrade is lost.")
def rollback(yes: bool, force: bool) -> None:
    """Take the upgrade back: drop exactly what it created, and Standing's own schemas.

    Refuses while something that the application entered since would be lost, and says what. With
    --force, that is dropped too, and what depends on it.
    """
    from standing.database.connect import connect
    from standing.database.conninfo import shown
    from standing.upgrade.migration import rollback

    settings = current()
    with connect(settings) as engine:
        if not yes:
            where = shown(engine.url)
            confirm(f"take the upgrade of {where} back?")
        with steps_shown() as on_progress:
            outcome = rollback(settings, engine, on_progress, force=force)
    click.echo(f"rolled back: {plural(len(outcome.steps), 'step')}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--check", "checked", is_flag=True, help="Restore it into an empty database and drop that again."
)
def backup(file: Path, checked: bool) -> None:
    """Write the whole database to FILE with pg_dump (custom format)."""
    from standing.database.connect import connect
    from standing.upgrade import backup

    settings = current()
    direct = settings.database_url_direct
    with connect(settings) as engine:
        size = backup.backup(engine, file, direct)
        click.echo(f"{file}: {size / 2**20:.1f} MB")
        if checked:
            _show_check(backup.check(engine, file, direct))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--check", "checked", is_flag=True, help="Only try it, in an empty database that is dropped again."
)
@click.option("--replace", is_flag=True, help="Drop every schema of the database first.")
@click.option("--no-owner", is_flag=True, help="Leave out owners and privileges, for another server.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing.")
def restore(file: Path, checked: bool, replace: bool, no_owner: bool, yes: bool) -> None:
    """Read FILE of `standing backup` into the database: all of it or nothing."""
    from standing.database.connect import connect
    from standing.database.conninfo import shown
    from standing.upgrade import backup

    settings = current()
    with connect(settings) as engine:
        if checked:
            _show_check(backup.check(engine, file, settings.database_url_direct))
            return
        if replace and not yes:
            where = shown(engine.url)
            confirm(f"drop everything in {where} and restore {file}?")
        backup.restore(settings, engine, file, replace=replace, owners=not no_owner)
    click.echo(f"restored {file}")


def _show_check(rows: dict[str, int]) -> None:
    counted = ", ".join(f"{schema} {count:,}" for schema, count in sorted(rows.items()))
    click.echo(f"restores into an empty database: {counted} rows")


COMMANDS: tuple[click.Command, ...] = (preflight, migrate, verify, rollback, backup, restore)
