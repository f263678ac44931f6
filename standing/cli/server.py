"""`standing up`, `down`, `psql`, `dbt`, `env`: the servers and the tools that talk to them."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from standing.errors import StandingError
from standing.settings import current


@click.command()
@click.option("--prefect", "with_prefect", is_flag=True, help="Also a Prefect server and the deployments.")
def up(with_prefect: bool) -> None:
    """Start the embedded PostgreSQL server, if DATABASE_URL is not set; safe to repeat.

    With --prefect also a Prefect server (unless PREFECT_API_URL is set) and the process that serves the
    scheduled deployments; returns when all of it answers.
    """
    from standing.database.connect import connect
    from standing.database.conninfo import shown
    from standing.state.upgraded import require_upgraded

    def say(line: str) -> None:
        click.echo(line, err=True)

    settings = current()
    say("waiting for PostgreSQL" + (", of DATABASE_URL" if settings.database_url else ", our own server"))
    with connect(settings) as engine:
        click.echo(f"ready: {shown(engine.url)}")
        if not with_prefect:
            return
        from standing.services import prefect

        addresses = prefect.up(settings, say)
        click.echo(f"ready: Prefect at {addresses.prefect}")
        click.echo(f"ready: deployments; reports and metrics at {addresses.pages}")
        for name in addresses.started:
            click.echo(f"started: {name}")
        with engine.connect() as connection:
            try:
                require_upgraded(connection, settings)
            except StandingError as error:
                click.secho(f"not yet: {error}", fg="yellow", err=True)


@click.command()
def down() -> None:
    """Stop the deployments, the Prefect server and the embedded PostgreSQL server, where they run."""
    from standing.database.embedded import Server
    from standing.services import prefect

    settings = current()
    for name in prefect.down(settings):
        click.echo(f"stopped: {name}")
    stopped = Server(settings.home).stop()
    click.echo("stopped: PostgreSQL" if stopped else "the embedded server was not running")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the marketplace; ARGUMENTS go to psql."""
    from standing.database.connect import connect
    from standing.database.conninfo import conninfo
    from standing.database.programs import environment
    from standing.database.wheel import wheel_binaries

    with connect(current()) as engine:
        url = engine.url
    program = shutil.which("psql") or str(wheel_binaries() / "bin" / "psql")
    sys.stdout.flush()
    os.execve(program, [program, conninfo(url), *arguments], environment(url))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(arguments: tuple[str, ...]) -> None:
    """Run dbt on the marketplace; ARGUMENTS go to dbt, such as `test --select test_type:unit`.

    What it builds, the next run builds anew. It is refused beside a run, and a run waits for what it makes.
    """
    from standing.build.dbt import by_hand, check_policy, files_by_hand
    from standing.database.connect import connect
    from standing.database.conninfo import without_libpq

    settings = current()
    with connect(settings) as engine:
        variables = by_hand(settings, engine.url)
    if {"build", "seed"} & set(arguments):
        check_policy()  # dbt would say neither line nor row
    if arguments[:2] == ("docs", "generate"):
        page = "static_index.html" if "--static" in arguments else "index.html"
        click.echo(f"the page is to be {files_by_hand(settings) / 'target' / page}", err=True)
    sys.stdout.flush()
    program = str(Path(sys.executable).with_name("dbt"))
    os.execve(program, [program, *arguments], {**without_libpq(), **variables})


@click.command()
@click.option("--dotenv", "form", flag_value="dotenv", help="As lines of a .env file, for editors.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
def env(form: str | None) -> None:
    """Print what dbt, sqlfluff, recce and editors need to reach the marketplace as `standing dbt` does.

    In a shell: eval "$(standing env)". The password is among it only where DATABASE_URL, its service or
    PGPASSWORD has it; what is in a .pgpass file stays there.
    """
    from standing.build.dbt import PASSWORD, by_hand
    from standing.database.connect import connect
    from standing.database.conninfo import ENVIRONMENT, resolved
    from standing.database.url import read

    settings = current()
    with connect(settings) as engine:
        variables = {name: value for name, value in by_hand(settings, engine.url).items() if value}
    wanted = resolved(read(settings.database_url)) if settings.database_url else {}
    if "password" not in wanted:  # dbt looks it up as we have
        variables.pop(PASSWORD, None)
        variables |= {"PGPASSFILE": wanted["passfile"]} if "passfile" in wanted else {}
    if PASSWORD in variables:
        click.echo(
            f"{PASSWORD} is the database's password: keep this out of logs and repositories", err=True
        )
    if form == "json":
        click.echo(json.dumps(variables, indent=1, ensure_ascii=False))
    elif form == "dotenv":
        for name, value in variables.items():
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            click.echo(f"{name}='{quoted}'")
    else:
        for name, value in variables.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        # What an earlier shell had, of this or of another database, would lead dbt elsewhere.
        click.echo(f"unset {' '.join(sorted({*ENVIRONMENT, PASSWORD} - variables.keys()))}")


COMMANDS = (up, down, psql, dbt, env)
