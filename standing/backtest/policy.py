"""The rows of policy in force: those that the last run built with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from standing.backtest.bunching import Tier
from standing.sql import quoted


@dataclass(frozen=True)
class Policy:
    """Numbers by name, tiers and trust levels with the lowest first."""

    numbers: Mapping[str, float]
    tiers: tuple[Tier, ...]
    labels: Mapping[int, str]  # of tiers, by level
    levels: tuple[str, ...]


def read_policy(connection: Connection, schema: str) -> Policy:
    def rows(table: str, order: str) -> list[dict[str, Any]]:
        found = connection.execute(text(f"select * from {quoted(schema, table)} order by {order}"))
        return [dict(one) for one in found.mappings()]

    tiers = rows("tier_policy", "tier_level")
    return Policy(
        numbers={row["name"]: float(row["value"]) for row in rows("policy_numbers", "name")},
        tiers=tuple(Tier(row["tier"], int(row["min_orders"]), _number(row["min_rating"])) for row in tiers),
        labels={int(row["tier_level"]): row["label_en"] or row["tier"] for row in tiers},
        levels=tuple(row["level"] for row in rows("trust_levels", "rank")),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
