"""Refresh the members' documents: one run of the core, its stages as tasks."""

from prefect import State, flow

from flows.stages import as_state, as_task, publish_artifact
from standing.run import execute
from standing.settings import current
from standing.stages import Request


@flow(name="refresh", flow_run_name="refresh {selection}")
def refresh(selection: str = "all") -> State[None]:
    """Audit, build, publish and report a selection: all, scores or tiers."""
    outcome = execute(current(), Request(selection), perform=as_task)
    publish_artifact(outcome)
    return as_state(outcome)
