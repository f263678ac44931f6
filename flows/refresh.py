"""Refresh the members' documents: one run of the core, its stages as tasks."""

from prefect import State, flow

from flows.stages import carry_out, to_failed_state
from standing.run.run import Request


@flow(name="refresh", flow_run_name="refresh {selection}")
@to_failed_state
def refresh(selection: str = "all", full: bool = False) -> State[None]:
    """Audit, build, publish and report a selection: all, scores or tiers; `full` builds everybody."""
    return carry_out(Request(selection, full=full))
