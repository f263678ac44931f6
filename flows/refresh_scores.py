"""Refresh all documents but tiers, every TRUST_SCORE_CALCULATION_INTERVAL."""

from prefect import State, flow

from flows.stages import at_its_time, carry_out, to_failed_state
from standing.run.run import Request


@flow(name="refresh-scores", flow_run_name=at_its_time("scores"))
@to_failed_state
def refresh_scores() -> State[None]:
    """Audit, build, publish and report all documents but the tiers."""
    return carry_out(Request("scores"))
