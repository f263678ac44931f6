"""`standing fit`: points of the forecast from the marketplace's own history."""

import click

from standing import PROJECT_ROOT
from standing.cli.moment import moment
from standing.settings import current


@click.command()
@click.option("--from", "first", metavar="TIME", help="The first origin; eleven steps before the last one.")
@click.option("--to", "last", metavar="TIME", help="The last origin; the newest whose answers are in.")
@click.option("--every", default="1M", show_default=True, help="How far apart origins are: 7d, 2w, 1M.")
@click.option("--horizon", default="90d", show_default=True, help="How far ahead of an origin is looked.")
@click.option("--write", "is_written", is_flag=True, help="Write the proposed rows into seeds/.")
def fit(first: str | None, last: str | None, every: str, horizon: str, is_written: bool) -> None:
    """Propose points of expected_problem_rate from the marketplace's own history.

    It prints the rows beside those in force, and what they would have gained on origins that the fit had
    not seen. It reads what the last run built, takes no lock and changes nothing; with --write it replaces
    seeds/problem_bins.csv and seeds/problem_rates.csv, and standing diff shows who would move. TIME is ISO
    8601; without a zone it is read in BUSINESS_TIME_ZONE.
    """
    from standing.backtest.moments import OriginRange
    from standing.database.connect import connect
    from standing.fit.files import write
    from standing.fit.proposal import propose
    from standing.fit.wording import as_text
    from standing.state.upgraded import require_upgraded

    settings = current()
    asked = OriginRange(
        moment("--from", first) if first else None, moment("--to", last) if last else None, every, horizon
    )
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
        proposal = propose(engine, settings, asked)
    click.echo(as_text(proposal))
    if is_written:
        written = write(proposal, PROJECT_ROOT)
        click.echo(f"\nwritten: {' and '.join(written)}; standing diff shows who would move", err=True)


COMMANDS: tuple[click.Command, ...] = (fit,)
