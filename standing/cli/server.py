"""`standing up`, `down`, `psql`, `dbt`: the server and the tools that talk to it."""

import os
import shutil
import sys
from pathlib import Path

import click


@click.command()
def up() -> None:
    """Start the embedded PostgreSQL server, if DATABASE_URL is not set."""
    from standing.database import connect, shown
    from standing.settings import current

    with connect(current()) as engine:
        click.echo(f"ready: {shown(engine.url)}")


@click.command()
def down() -> None:
    """Stop the embedded PostgreSQL server."""
    from standing.embedded import Server
    from standing.settings import current

    stopped = Server(current().home).stop()
    click.echo("stopped" if stopped else "the embedded server was not running")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the marketplace; ARGUMENTS go to psql."""
    from standing.database import connect
    from standing.embedded import wheel_binaries
    from standing.settings import current

    with connect(current()) as engine:
        url = engine.url.set(drivername="postgresql")
    program = shutil.which("psql") or str(wheel_binaries() / "bin" / "psql")
    password = str(url.password) if url.password else ""
    environment = {**os.environ, "PGTZ": "UTC", **({"PGPASSWORD": password} if password else {})}
    shown = url.set(password=None).render_as_string()
    sys.stdout.flush()
    os.execve(program, [program, shown, *arguments], environment)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(arguments: tuple[str, ...]) -> None:
    """Run dbt on the marketplace; ARGUMENTS go to dbt, such as `test --select test_type:unit`."""
    from standing.database import connect
    from standing.dbt import environment
    from standing.settings import current

    settings = current()
    with connect(settings) as engine:
        variables = environment(settings, engine.url)
    sys.stdout.flush()
    program = str(Path(sys.executable).with_name("dbt"))
    os.execve(program, [program, *arguments], {**os.environ, **variables})


COMMANDS = (up, down, psql, dbt)
