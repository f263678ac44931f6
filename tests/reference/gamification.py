"""users.gamification, the keys that runs publish."""

import re
from datetime import datetime
from typing import Any

from reference.members import helpful, other, referred, sides, within_cap
from reference.orders import Known
from reference.policy import Row, seed, text

RULES = {row["metric"]: int(row["points"]) for row in seed("experience_rules")}
LEVELS = sorted((int(row["minimum"]), int(row["experience_level"])) for row in seed("gamification_levels"))
AWARDS = sorted(seed("awards"), key=lambda row: int(row["place"]))
LISTS = {"badge": "badges", "achievement": "achievements"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def month(known: Known, moment: datetime) -> int:
    day = known.policy.business_day(moment)
    return 12 * day.year + day.month - 1


def streak(known: Known, moments: list[datetime]) -> Row:
    """Months back from the newest, which is this one or the last."""
    months = {month(known, moment) for moment in moments}
    newest = max(months, default=0)
    if newest < month(known, known.as_of) - 1:
        return {"months": 0, "from": None, "to": None}
    first = newest
    while first - 1 in months:
        first -= 1
    shown = [f"{number // 12:04}-{number % 12 + 1:02}" for number in (first, newest)]
    return {"months": newest - first + 1, "from": shown[0], "to": shown[1]}


def worn(known: Known, published: Any) -> dict[tuple[str, str], str]:
    """Kind and code of what a run had published by as_of, with its moment."""
    if not isinstance(published, dict) or "evidence" not in published:
        return {}
    return {
        (kind, item["code"]): item["earned_at"]
        for kind, name in LISTS.items()
        if isinstance(published.get(name), list)
        for item in published[name]
        if isinstance(item, dict)
        and item.get("code")
        and MOMENT.fullmatch(str(item.get("earned_at")))
        and item["earned_at"] <= text(known.as_of)
    }


def gamification(known: Known, user_id: str) -> Row:
    traded = [
        side for side in sides(known, user_id) if side[1].outcome == "completed" and side[1].lifts_trust
    ]
    counted = within_cap(known, traded)
    bought = [order for role, order in traded if role == "buyer"]
    written = [r for r in known.reviews if r["writer"] == user_id and r["trusted"]]
    streaks = {
        "purchase_streak": streak(known, [order.resolved for order in bought if order.resolved]),
        "review_streak": streak(known, [r["created_at"] for r in written if r["created_at"]]),
    }
    counts = {
        "purchases": sum(1 for role, _ in counted if role == "buyer"),
        "sales": sum(1 for role, _ in counted if role == "seller"),
        "reviews": len(written),
        "helpful_reviews": helpful(known, user_id, trusted=True),
        "referrals": len(referred(known, user_id)),
    }
    points = sum(RULES[metric] * number for metric, number in counts.items())
    level = max(number for minimum, number in LEVELS if minimum <= points)
    following = min((minimum for minimum, _ in LEVELS if minimum > points), default=points)
    reached = {**counts, "partners": len({other(side) for side in traded})}
    reached |= {name: one["months"] for name, one in streaks.items()}
    past = worn(known, known.users[user_id].get("gamification"))
    held = [
        (row, past.get((row["kind"], row["code"]), text(known.as_of)))
        for row in AWARDS
        if reached[row["metric"]] >= int(row["threshold"])
        or (row["is_kept"] == "true" and (row["kind"], row["code"]) in past)
    ]
    return {
        "experience_points": points,
        "level": level,
        "points_to_next_level": following - points,
        **{name: one["months"] for name, one in streaks.items()},
        "milestones_completed": [row["code"] for row, _ in held if row["kind"] == "milestone"],
        **{
            name: [{"code": row["code"], "earned_at": at} for row, at in held if row["kind"] == kind]
            for kind, name in LISTS.items()
        },
        "evidence": {
            "experience": {
                metric: {"count": number, "each": RULES[metric], "points": RULES[metric] * number}
                for metric, number in counts.items()
            },
            "partners": reached["partners"],
            **{name: {"from": one["from"], "to": one["to"]} for name, one in streaks.items()},
        },
    }
