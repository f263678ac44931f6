"""`standing migrate` and `rollback`: the application's schema, forward and back."""

import click


@click.command()
def migrate() -> None:
    """Upgrade the application's schema: columns, tables, indexes and first values.

    Works beside the running application, in short steps. May be stopped and started again at any
    moment; takes only the steps that are missing.
    """
    from standing.cli.progress import steps_shown
    from standing.database import connect
    from standing.settings import current
    from standing.upgrade.migration import migrate

    settings = current()
    with connect(settings) as engine, steps_shown() as report:
        outcome = migrate(settings, engine, report)
    if outcome.nothing:
        click.echo("nothing to do: the database is upgraded")
        return
    click.echo(f"upgraded: {len(outcome.steps)} steps")
    for name, members in outcome.members.items():
        click.echo(f"  {name}: {members:,}")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def rollback(yes: bool) -> None:
    """Take the upgrade back: drop exactly what it created, and Standing's own schemas."""
    from standing.cli.progress import steps_shown
    from standing.database import connect
    from standing.settings import current
    from standing.upgrade.migration import rollback

    settings = current()
    with connect(settings) as engine:
        if not yes:
            where = engine.url.set(password=None).render_as_string()
            click.confirm(f"take the upgrade of {where} back?", abort=True, err=True)
        with steps_shown() as report:
            outcome = rollback(settings, engine, report)
    click.echo(f"rolled back: {len(outcome.steps)} steps")


COMMANDS: tuple[click.Command, ...] = (migrate, rollback)
