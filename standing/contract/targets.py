"""What is published where, and in which selection of a run."""

from collections.abc import Iterable

from standing.contract.documents.behavior_score import BEHAVIOR_SCORE
from standing.contract.documents.gamification import GAMIFICATION
from standing.contract.documents.loyalty_tier import LOYALTY_TIER
from standing.contract.documents.performance import PERFORMANCE
from standing.contract.documents.ratings import RATINGS
from standing.contract.documents.tier_info import TIER_INFO
from standing.contract.documents.trust_score import TRUST_SCORE
from standing.contract.points import POINTS
from standing.contract.target import AnyTarget, PostingTarget, Target
from standing.errors import SettingError

__all__ = [
    "DOCUMENTS",
    "INTERVALS",
    "SELECTIONS",
    "TARGETS",
    "AnyTarget",
    "PostingTarget",
    "Target",
    "documents_among",
    "published_in",
    "targets_of",
]

TARGETS: tuple[AnyTarget, ...] = (
    TRUST_SCORE,
    BEHAVIOR_SCORE,
    GAMIFICATION,
    RATINGS,
    PERFORMANCE,
    TIER_INFO,
    POINTS,
    LOYALTY_TIER,
)


def documents_among(targets: Iterable[AnyTarget]) -> tuple[Target, ...]:
    """Those that are documents."""
    return tuple(target for target in targets if isinstance(target, Target))


DOCUMENTS = documents_among(TARGETS)

#: What `standing run SELECTION` may be, and what each publishes.
SELECTIONS: dict[str, tuple[str, ...]] = {
    "all": tuple(target.name for target in TARGETS),
    **{
        selection: tuple(target.name for target in TARGETS if target.selection == selection)
        for selection in dict.fromkeys(target.selection for target in TARGETS)
    },
}

#: Which selections are refreshed by themselves, and the setting that says how often; each has a flow
#: (flows/deployments.py). A target of another selection would wait for the daily reconcile. Points are
#: posted as often as scores are, and at each midnight.
INTERVALS = {
    "scores": "trust_score_calculation_interval",
    "tiers": "seller_tier_update_interval",
    "points": "trust_score_calculation_interval",
}


def targets_of(selection: str) -> tuple[AnyTarget, ...]:
    """The targets a selection publishes. Raises SettingError for an unknown one."""
    if selection not in SELECTIONS:
        raise SettingError(f"there is no selection {selection!r}", f"use one of: {', '.join(SELECTIONS)}")
    return tuple(target for target in TARGETS if target.name in SELECTIONS[selection])


def published_in(table: str) -> tuple[Target, ...]:
    """The targets that have a column of their own in an application's table."""
    return tuple(target for target in DOCUMENTS if target.table == table and target.stored_as == "column")
