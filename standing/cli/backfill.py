"""`standing backfill`: the scores of past moments, for charts and backtests."""

from datetime import datetime

import click

from standing.cli.moment import moment
from standing.cli.progress import JSON_LOGS, log_to_stderr
from standing.settings import current


@click.command()
@click.option("--from", "first", required=True, metavar="TIME", help="The first moment.")
@click.option(
    "--to", "last", required=True, metavar="TIME", help="The last one; included where a step meets it."
)
@click.option("--every", default="1d", show_default=True, help="How far apart: 6h, 1d, 1w, 1M.")
@JSON_LOGS
def backfill(first: str, last: str, every: str) -> None:
    """Replay past moments into the table standing.past_documents; goes on where it was.

    TIME is ISO 8601; without a zone it is read in BUSINESS_TIME_ZONE. What the application reads is not
    touched. Moments that are there under the policy in force are left alone.
    """
    from standing.monitor.metrics import write_metrics
    from standing.replay import backfill as core

    settings = current()
    asked = core.Backfill.asked(moment("--from", first), moment("--to", last), every)
    log_to_stderr()

    def on_moment(at: datetime, number: int, total: int, done: bool) -> None:
        state = "there already" if done else "filled"
        click.echo(f"{number}/{total} {at.isoformat(' ', 'minutes')} {state}")

    _, stopped = core.backfill(settings, asked, on_moment)
    if stopped is not None and stopped.error is not None:
        raise stopped.error
    write_metrics(settings)


COMMANDS: tuple[click.Command, ...] = (backfill,)
