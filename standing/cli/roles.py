"""`standing roles`: which role may what, what for, and the SQL that gives it."""

import click

from standing.settings import current

MARKS = {True: ("✓", "green"), False: ("✗", "red")}


@click.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print the roles and grants as SQL.")
@click.option("--runner", default="standing_runner", show_default=True, help="Who runs, and owns nothing.")
@click.option("--owner", help="Who upgrades; the owner of the application's users if not named.")
def roles(as_sql: bool, runner: str, owner: str | None) -> None:
    """Show what an owner, who upgrades, and a runner, who runs all else, need, and what it is for.

    Reads only. Give the grants with: standing roles --sql | psql -v ON_ERROR_STOP=1 …
    """
    from standing.database.catalog import read_catalog
    from standing.database.connect import connect
    from standing.database.owners import driver
    from standing.state.rights import builds
    from standing.upgrade.checks.roles import owners_lacks
    from standing.upgrade.roles import choose, exists, present, script

    settings = current()
    with connect(settings) as engine, engine.begin() as pooled:
        connection = driver(pooled)
        catalog = read_catalog(connection, settings.application_schema)
        both = choose(connection, catalog, runner, owner)
        if as_sql:
            click.echo(script(connection, catalog, settings, both))
            return
        click.echo(f"owner {both.owner}: migrate, rollback, backup, restore")
        if not exists(connection, both.owner):
            _line(False, "is not there")
        else:
            lacks = [what for what, _ in owners_lacks(connection, catalog, both.owner)]
            for what in lacks or ["owns the application's tables, creates in its schema and the database"]:
                _line(not lacks, what)
        click.echo(f"runner {both.runner}: every other command, and the flows")
        if not exists(connection, both.runner):
            _line(False, "is not there; standing roles --sql makes it")
        for right, is_held in present(connection, settings, both.runner):
            _line(is_held, f"{right.what}: {right.purpose}")
        for build in builds(connection, settings, both.runner) if exists(connection, both.runner) else ():
            _line(False, f"{build.what}: {build.purpose}")


def _line(has: bool, words: str) -> None:
    mark, colour = MARKS[has]
    click.echo(f"  {click.style(mark, fg=colour)} {words}")


COMMANDS = (roles,)
