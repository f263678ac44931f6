"""Why a member stands where they stand, in the words of the published documents."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from standing.database import rows
from standing.errors import SettingError, StandingError
from standing.publish_sql import quoted
from standing.settings import Settings
from standing.targets import TARGETS

TABLES = {"user": "users", "seller": "seller_profiles"}


def published(connection: Connection, settings: Settings, kind: str, member_id: str) -> dict[str, Any]:
    """The member's published documents by target name.

    Raises SettingError if the id is not a UUID, StandingError if there is no such member.
    """
    try:
        key = UUID(member_id)
    except ValueError:
        raise SettingError(f"{member_id!r} is not a UUID", "give the id of the row") from None
    table = TABLES[kind]
    targets = [target for target in TARGETS if target.table == table]
    columns = ", ".join(f"{quoted(target.column)} as {target.name}" for target in targets)
    found = rows(
        connection,
        f"select {columns} from {quoted(settings.application_schema, table)} where id = :key",
        key=key,
    )
    if not found:
        raise StandingError(f"there is no {kind} {member_id} in {table}", "check the id")
    return found[0]


def explain(kind: str, documents: dict[str, Any]) -> str:
    """The documents as a table for people; a score's factors add up to it."""
    return _explain_user(documents["trust_score"]) if kind == "user" else _explain_seller(documents)


def _explain_user(score: dict[str, Any]) -> str:
    lines = [f"{'start':<34}{50.0:>8.1f}"]
    lines += [
        f"{factor['label_en']:<34}{factor['points']:>+8.1f}  {_evidence(factor['evidence'])}"
        for factor in score["factors"]["positive"] + score["factors"]["negative"]
    ]
    lines.append(f"{'trust score':<34}{score['overall_score']:>8.1f}  level {score['level']}")
    lines.append(f"calculated {score['last_calculated']}, next review {score['next_review']}")
    return "\n".join(lines)


def _evidence(evidence: dict[str, Any]) -> str:
    if "num" not in evidence:
        return f"{evidence.get('value', '')}"
    counted = f"{evidence['num']} of {evidence['den']}"
    prior = f", with {evidence['k']} more at {evidence['prior']} %" if "k" in evidence else ""
    return counted + prior


def _explain_seller(documents: dict[str, Any]) -> str:
    ratings, tier = documents["ratings"], documents["tier_info"]
    lines = [
        f"tier {tier['current_tier']} (level {tier['tier_level']}) since {tier['tier_achieved_at']}",
        f"rating {ratings['overall']} of {ratings['total_reviews']} reviews,"
        f" {ratings['rating_trend']}; adjusted for ranking {ratings.get('adjusted', 'not calculated yet')}",
    ]
    following = tier.get("next_tier")
    if following:
        lines.append(
            f"next tier {following['tier']}: {following['orders_needed']} more completed orders"
            + (f" and a mean rating of {following['rating_needed']}" if following["rating_needed"] else "")
        )
    lines += [
        f"{change['at']}: {change['from']} → {change['to']} ({change['reason']})"
        for change in tier["tier_change_history"]
    ]
    return "\n".join(lines)
