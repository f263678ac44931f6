"""Backtest: how well the scores foretold what came next, on the first of each month."""

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed

from flows.stages import at_its_time, reach_database, to_failed_state
from standing.backtest.backtest import keep_backtest
from standing.backtest.moments import OriginRange
from standing.backtest.wording import as_text
from standing.monitor.metrics import write_metrics
from standing.settings import current


@flow(name="backtest", flow_run_name=at_its_time("backtest"))
@to_failed_state
def backtest(every: str = "1M", horizon: str = "90d") -> State[None]:
    """Test the scores at the last twelve origins whose answers are in; too little to tell is no failure."""
    settings = current()
    reach_database()
    found, _ = keep_backtest(settings, OriginRange(every=every, horizon=horizon))
    create_markdown_artifact(
        key="standing-backtest",
        markdown=f"```\n{as_text(found)}\n```",
        description="how well the scores foretold which orders went wrong",
    )
    write_metrics(settings)
    return Completed(message=found.remember or " ".join(found.cannot_tell))
