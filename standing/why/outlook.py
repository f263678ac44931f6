"""What would have to change for the next level or tier, as things that can be done."""

from decimal import ROUND_CEILING, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from standing.database import rows
from standing.publish_sql import quoted

#: What a member can have verified or switched on.
FLAGS = ("email_verified", "phone_verified", "kyc_verified", "two_factor_enabled")
#: What one more completed purchase, at a shop that is new to the member, adds one to.
PURCHASES = ("completed_orders_as_buyer", "clean_orders", "counterparties")
#: More purchases than this are no advice.
FARTHEST = 1000


def next_level(
    connection: Connection, build: str, documents: dict[str, Any], key: UUID
) -> dict[str, Any] | None:
    """The level above the member's and a change that reaches it; None at the top.

    `verify` are flags, largest gain first; `complete_orders` purchases, each at a shop that is new to the
    member. `is_enough` says whether they reach the level; if not, `points_missing` must come from elsewhere.
    Everything else being equal: what a purchase does to the rates only helps.
    """
    score = documents.get("trust_score") or {}
    levels = rows(
        connection,
        f"select level, rank, min_score, min_completed_orders from {quoted(build, 'int_trust_levels')} order by rank",
    )
    ranks = {level["level"]: level["rank"] for level in levels}
    above = [level for level in levels if level["rank"] == ranks.get(score.get("level", ""), 0) + 1]
    metrics = rows(
        connection,
        f"select *, raw_clean as clean_orders from {quoted(build, 'int_user_metrics')} where user_id = :key",
        key=key,
    )
    if not above or not metrics:
        return None
    level, measured = above[0], metrics[0]
    if measured["is_banned"]:
        return {"level": level["level"], "is_enough": False, "banned": True}
    gain = _Gains(connection, build, measured)
    # Rounded to tenths: a float of the document is a tenth of the score, exactly.
    gap = level["min_score"] - Decimal(str(score["overall_score"]))
    verify = []
    for flag in sorted(FLAGS, key=lambda name: (-gain.of(name, 1), name)):
        if gap > 0 and not measured[flag] and gain.of(flag, 1) > 0:
            verify.append(flag)
            gap -= gain.of(flag, 1)
    needed = max(level["min_completed_orders"] - measured["completed_orders"], 0)
    purchases = next(
        (n for n in range(needed, FARTHEST) if sum(gain.of(name, n) for name in PURCHASES) >= gap), None
    )
    orders = needed if purchases is None else purchases
    left = gap - sum(gain.of(name, orders) for name in PURCHASES)
    return {
        "level": level["level"],
        "min_score": float(level["min_score"]),
        "min_completed_orders": level["min_completed_orders"],
        "verify": verify,
        "complete_orders": orders,
        "is_enough": purchases is not None,
        "points_missing": float(max(left, Decimal(0))),
    }


class _Gains:
    """Points that a metric would gain if it were so much larger."""

    def __init__(self, connection: Connection, build: str, measured: dict[str, Any]) -> None:
        self.measured = measured
        self.bins = rows(
            connection,
            f"select metric, lower_bound, points from {quoted(build, 'int_scorecard')} order by metric, lower_bound",
        )

    def of(self, metric: str, more: int) -> Decimal:
        now = self.measured[metric]
        return self._points(metric, now + more) - self._points(metric, now)

    def _points(self, metric: str, value: Any) -> Decimal:
        reached = [b["points"] for b in self.bins if b["metric"] == metric and b["lower_bound"] <= value]
        return Decimal(reached[-1]) if reached else Decimal(0)


def next_tier(
    connection: Connection, build: str, documents: dict[str, Any], key: UUID
) -> dict[str, Any] | None:
    """The tier above the shop's: completed orders and 5-star reviews that reach it; None at the top."""
    following = (documents.get("tier_info") or {}).get("next_tier")
    if not following:
        return None
    standing = rows(
        connection,
        f"select total_reviews, rating_sum from {quoted(build, 'int_seller_standing')} where seller_id = :key",
        key=key,
    )[0]
    wanted = Decimal(str(following["rating_needed"]))
    stars = Decimal(0)
    if wanted:
        short = wanted * standing["total_reviews"] - standing["rating_sum"]
        stars = max((short / (5 - wanted)).to_integral_value(ROUND_CEILING), Decimal(0))
        stars = max(stars, Decimal(0 if standing["total_reviews"] else 1))
    return {
        "tier": following["tier"],
        "complete_orders": int(following["orders_needed"]),
        "mean_rating": float(wanted) or None,
        "five_star_reviews": int(stars),
    }
