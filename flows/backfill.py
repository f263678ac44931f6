"""Fill the history table with the scores of past moments; goes on where it was."""

from datetime import datetime
from zoneinfo import ZoneInfo

from prefect import State, flow, get_run_logger
from prefect.states import Completed

from flows.artifacts import Progress
from flows.stages import Stages, as_state, reach_database, to_failed_state
from standing.monitor.metrics import write_metrics
from standing.replay.backfill import Backfill
from standing.replay.backfill import backfill as core
from standing.settings import current


@flow(name="backfill", flow_run_name="backfill {first} to {last}")
@to_failed_state
def backfill(first: datetime, last: datetime, every: str = "1d") -> State[None]:
    """Replay moments from `first` to `last`, `every` (6h, 1d, 1w, 1M) apart, into standing.past_documents.

    Moments without a zone are those of the business.
    """
    settings = current()
    zone = ZoneInfo(settings.business_time_zone)
    moments = [one if one.tzinfo else one.replace(tzinfo=zone) for one in (first, last)]
    asked = Backfill.asked(moments[0], moments[1], every)
    log = get_run_logger()
    reach_database()
    steps = sum(1 for _ in asked.moments(settings.business_time_zone))
    with Progress("backfill", steps) as progress:

        def on_moment(moment: datetime, number: int, total: int, done: bool) -> None:
            words = f"{moment.isoformat(' ', 'minutes')}: {'there already' if done else 'filled'}"
            log.info("%s (%d of %d)", words, number, total)
            progress.show(100 * number / total, words)
            progress.begun = number + 1  # a moment's build moves on within its share

        filled, stopped = core(settings, asked, on_moment, Stages())
    if stopped is not None:
        return as_state(stopped)
    write_metrics(settings)
    return Completed(message=f"{filled} moments filled")
