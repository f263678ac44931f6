"""Update the seller tiers; every SELLER_TIER_UPDATE_INTERVAL."""

from prefect import State, flow

from flows.stages import carry_out, plainly
from standing.stages import Request


@flow(name="update-seller-tiers")
@plainly
def update_seller_tiers() -> State[None]:
    """Audit, build, publish and report the tiers."""
    return carry_out(Request("tiers"))
