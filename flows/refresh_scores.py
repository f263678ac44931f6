"""Refresh trust scores, behaviour scores, ratings and performance; every TRUST_SCORE_CALCULATION_INTERVAL."""

from prefect import State, flow

from flows.stages import carry_out, plainly
from standing.stages import Request


@flow(name="refresh-scores")
@plainly
def refresh_scores() -> State[None]:
    """Audit, build, publish and report everything but the tiers."""
    return carry_out(Request("scores"))
