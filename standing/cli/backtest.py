"""`standing backtest`: how well the scores foretold what happened next."""

import json
from dataclasses import asdict

import click

from standing.cli.moment import moment
from standing.settings import current
from standing.text import plain


@click.command()
@click.option("--from", "first", metavar="TIME", help="The first origin; eleven steps before the last one.")
@click.option("--to", "last", metavar="TIME", help="The last origin; the newest whose answers are in.")
@click.option("--every", default="1M", show_default=True, help="How far apart origins are: 7d, 2w, 1M.")
@click.option("--horizon", default="90d", show_default=True, help="How far ahead of an origin is looked.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: docs/backtest.md.")
def backtest(first: str | None, last: str | None, every: str, horizon: str, as_json: bool) -> None:
    """Say how well the scores foretold which orders went wrong, and what that cannot tell.

    It looks at shops as they were known at past moments, the origins, and at the orders placed after each.
    It reads what the last run built, takes no lock and changes no document; the newest one is in the report
    of the next run. TIME is ISO 8601; without a zone it is read in BUSINESS_TIME_ZONE.
    """
    from standing.backtest.backtest import keep_backtest
    from standing.backtest.moments import OriginRange
    from standing.backtest.wording import as_text
    from standing.monitor.metrics import write_metrics

    settings = current()
    asked = OriginRange(
        moment("--from", first) if first else None, moment("--to", last) if last else None, every, horizon
    )
    found, why = keep_backtest(settings, asked)
    click.echo(json.dumps(plain(asdict(found)), ensure_ascii=False) if as_json else as_text(found))
    if why:
        click.echo(f"not kept for the report: {why}", err=True)
    write_metrics(settings)


COMMANDS: tuple[click.Command, ...] = (backtest,)
