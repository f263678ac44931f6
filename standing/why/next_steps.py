"""What would have to change for the next level or tier, as things that can be done.

The arithmetic of points, gaps and means stays in SQL, over the published document and its policy.
"""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from standing.database.connect import rows
from standing.sql import quoted, render
from standing.state.policies import Policy
from standing.text import told_apart

#: More purchases than this are no advice.
FARTHEST = 1000


def next_level(
    connection: Connection, build: str, key: UUID, policy: Policy, document: dict[str, Any]
) -> dict[str, Any] | None:
    """The level above the member's and a change that reaches it; None at the top.

    `verify` are flags, largest gain first, which is in `verify_points`; `complete_orders` purchases, each
    at a shop that is new to the member. `is_enough` says whether they reach the level; if not,
    `points_missing` must come from elsewhere. Everything else being equal: what a purchase does to the
    rates only helps.
    """
    steps = rows(
        connection,
        render("why/next_level.sql.j2", build=quoted(build)),
        key=key,
        score=document.get("overall_score"),
        level=document.get("level"),
        bins=json.dumps(policy["int_scorecard"]),
        levels=json.dumps(policy["int_trust_levels"]),
        farthest=FARTHEST,
    )
    if not steps:
        return None
    step = steps[0]
    if step["is_banned"]:
        return {"level": step["level"], "is_enough": False, "banned": True}
    return {
        "level": step["level"],
        "min_score": float(step["min_score"]),
        "min_completed_orders": step["min_completed_orders"],
        "min_counterparties": step["min_counterparties"],
        "completed_orders": step["completed_orders"],
        "counterparties": step["counterparties"],
        "min_amount": _number_of(policy, "min_counted_amount"),
        "verify": step["verify"],
        "verify_points": step["gains"],
        "complete_orders": step["orders"],
        "is_enough": step["is_enough"],
        "points_missing": float(step["missing"]),
    }


def _number_of(policy: Policy, name: str) -> float:
    """A number of policy; 0 where the document's policy had no such row."""
    found = (row["value"] for row in policy.get("policy_numbers", ()) if row["name"] == name)
    return float(next(found, 0))


def mean_rating(connection: Connection, policy: Policy, document: dict[str, Any]) -> Decimal | None:
    """The mean that decided on a tier, with the digits that tell it apart from what tiers ask for."""
    rated = "cast(:document as jsonb) #>> '{evidence,mean_rating,num}'"
    reviews = "cast(:document as jsonb) #>> '{evidence,mean_rating,den}'"
    mean: Decimal | None = connection.scalar(
        text(f"select ({rated})::numeric / nullif(({reviews})::numeric, 0)"),
        {"document": json.dumps(document)},
    )
    asked = [Decimal(str(row["min_rating"])) for row in policy.get("tier_policy", ()) if row["min_rating"]]
    return None if mean is None else told_apart(mean, asked, 2)


def next_tier(connection: Connection, document: dict[str, Any]) -> dict[str, Any] | None:
    """The tier above the shop's: completed orders, new buyers and 5-star reviews that reach it; None at the
    top.
    """
    steps = rows(connection, render("why/next_tier.sql.j2"), document=json.dumps(document))
    if not steps:
        return None
    step = steps[0]
    return {
        "tier": step["tier"],
        "complete_orders": step["orders"],
        "new_buyers": step["buyers"],
        "mean_rating": float(step["mean"]) if step["mean"] is not None else None,
        "five_star_reviews": step["stars"],
    }
