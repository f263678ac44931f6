"""Update the seller tiers; every SELLER_TIER_UPDATE_INTERVAL."""

from prefect import State, flow

from flows.stages import at_its_time, carry_out, to_failed_state
from standing.run.run import Request


@flow(name="update-seller-tiers", flow_run_name=at_its_time("tiers"))
@to_failed_state
def update_seller_tiers() -> State[None]:
    """Audit, build, publish and report the tiers."""
    return carry_out(Request("tiers"))
