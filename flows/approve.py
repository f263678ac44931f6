"""Decide about a stopped run on the Prefect page; `standing approve` and `reject` do the same."""

from prefect import State, flow
from prefect.states import Completed

from flows.stages import Stages, concluded, reach_database, to_failed_state
from standing.monitor.metrics import write_metrics
from standing.settings import current


@flow(name="approve", flow_run_name="approve run {run_id}")
@to_failed_state
def approve(run_id: int) -> State[None]:
    """Publish what run `run_id` would have written where the old value still stands; audit, report."""
    from standing.decisions.approval import approve as decide

    reach_database()
    return concluded(current(), decide(current(), run_id, Stages()))


@flow(name="reject", flow_run_name="reject run {run_id}")
@to_failed_state
def reject(run_id: int, reason: str = "") -> State[None]:
    """Drop what run `run_id` would have written; the next run builds anew."""
    from standing.decisions.approval import reject as decide

    reach_database()
    message = decide(current(), run_id, reason)
    write_metrics(current())
    return Completed(message=message)
