"""Post points and expire them, every TRUST_SCORE_CALCULATION_INTERVAL and at midnight."""

from prefect import State, flow

from flows.stages import at_its_time, carry_out, to_failed_state
from standing.run.run import Request


@flow(name="expire-points", flow_run_name=at_its_time("points"))
@to_failed_state
def expire_points() -> State[None]:
    """Audit, build, post and report what members' points are worth."""
    return carry_out(Request("points"))
