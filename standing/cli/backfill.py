"""`standing backfill`: the scores of past moments, for charts and backtests."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from standing.cli.progress import JSON_LOGS
from standing.errors import SettingError

if TYPE_CHECKING:
    from standing.settings import Settings


@click.command()
@click.option("--from", "first", required=True, metavar="TIME", help="The first moment.")
@click.option(
    "--to", "last", required=True, metavar="TIME", help="The last one; included where a step meets it."
)
@click.option("--every", default="1d", show_default=True, help="How far apart: 6h, 1d, 1w.")
@JSON_LOGS
def backfill(first: str, last: str, every: str) -> None:
    """Replay past moments into the table standing.past_documents; goes on where it was.

    TIME is ISO 8601; without a zone it is read in BUSINESS_TIME_ZONE. What the application reads is not
    touched. Moments that are there under the policy in force are left alone.
    """
    from standing.cli.progress import log_to_stderr
    from standing.monitor.metrics import write_metrics
    from standing.replay import backfill as core
    from standing.settings import current

    settings = current()
    asked = core.Backfill.asked(_moment("--from", first, settings), _moment("--to", last, settings), every)
    log_to_stderr()

    def on_moment(moment: datetime, number: int, total: int, done: bool) -> None:
        click.echo(f"{number}/{total} {moment:%Y-%m-%d %H:%M} {'there already' if done else 'filled'}")

    _, stopped = core.backfill(settings, asked, on_moment)
    if stopped is not None and stopped.error is not None:
        raise stopped.error
    write_metrics(settings)


def _moment(option: str, given: str, settings: "Settings") -> datetime:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise SettingError(
            f"{option} {given!r} is not a moment", "write it like 2026-01-31T12:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.business_time_zone))


COMMANDS: tuple[click.Command, ...] = (backfill,)
