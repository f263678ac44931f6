"""A member's experience, level, streaks and awards as lines for people."""

from typing import Any

from standing.text import plural
from standing.why.explanation import EXPERIENCE, Explanation

AWARDS = ("badges", "achievements", "milestones_completed")


def experience(explanation: Explanation) -> list[str]:
    """What adds up to the experience, then what came of it; nothing before the first run."""
    document = explanation.documents.get("gamification") or {}
    if "evidence" not in document:
        return []
    shown, missing = document["evidence"], document["points_to_next_level"]
    rules = sorted(shown["experience"].items(), key=lambda rule: (-rule[1]["points"], rule[0]))
    lines = ["", *(_rule(explanation, *rule) for rule in rules if rule[1]["points"])]
    following = f", {missing:g} more for the next" if missing else ", the highest"
    total = f"{'experience':<44}{document['experience_points']:>+8g}"
    lines.append(f"{total}  level {document['level']:g}{following}")
    for streak, act in (("purchase_streak", "purchases"), ("review_streak", "reviews")):
        if document[streak]:
            months = plural(document[streak], "month")
            span = f"{shown[streak]['from']} to {shown[streak]['to']}"
            lines.append(f"  {act} in {months} running, {span}")
    return lines + [_awards(explanation, name, document[name]) for name in AWARDS if document[name]]


def _rule(explanation: Explanation, metric: str, rule: dict[str, Any]) -> str:
    name = explanation.labels.get(EXPERIENCE + metric, metric)
    return f"{name:<44}{rule['points']:>+8g}  {rule['count']:g} of {rule['each']:g} each"


def _awards(explanation: Explanation, name: str, listed: list[Any]) -> str:
    awards = []
    for one in listed:
        code, since = (one["code"], f" ({one['earned_at'][:10]})") if isinstance(one, dict) else (one, "")
        awards.append(f"{explanation.labels.get(code, code)}{since}")
    return f"  {name.replace('_completed', '')}: {', '.join(awards)}"
