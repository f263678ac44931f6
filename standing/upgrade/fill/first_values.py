"""The guide's "migrate existing data", as walks over users and sellers.

A batch changes only members who still have the column's default. So a repeated batch changes nothing, and
it overwrites no document of the application or of a run. The tiers here and the bands in the statements are
the guide's own, frozen: the first run replaces them by today's policy.
"""

from collections.abc import Collection
from typing import Any

from standing.contract.documents.ratings import RATINGS
from standing.contract.documents.tier_info import TIER_INFO
from standing.contract.documents.trust_score import TRUST_SCORE
from standing.contract.target import Target
from standing.database.catalog import Catalog
from standing.settings import Settings
from standing.sql import quoted, render
from standing.upgrade.fill.completion import plan_completion
from standing.upgrade.fill.loyalty import loyalty_programs
from standing.upgrade.fill.walk import Walk
from standing.upgrade.steps import Item

#: Keys that the application kept one number for.
DIMENSIONS = (
    "overall", "product_quality", "communication", "shipping_speed", "packaging", "accuracy",
    "value_for_money",
)  # fmt: skip
#: The guide's tiers above starter: name, level, completed orders, legacy rating.
TIERS = (
    ("top_seller", 5, 500, 4.7),
    ("power_seller", 4, 200, 4.5),
    ("established", 3, 50, 4.3),
    ("rising", 2, 10, 4.0),
)


def plan_first_values(
    catalog: Catalog, made: Collection[Item], settings: Settings, batch: int
) -> list[Walk]:
    """The walks, in order: what was there is completed first. `made` is the ledger."""
    return [
        *plan_completion(catalog, made, batch),
        transaction_scores(catalog.schema, batch),
        loyalty_programs(catalog, made, settings, batch),
        seller_ratings(catalog.schema, batch),
        seller_tiers(catalog.schema, max(batch // 10, 1)),
    ]


def transaction_scores(schema: str, batch: int) -> Walk:
    pending = _untouched(TRUST_SCORE)
    statement = _statement("transaction_scores", schema, pending=pending)
    return Walk("transaction scores", "users", pending, (statement,), batch)


def seller_ratings(schema: str, batch: int) -> Walk:
    rated = "(coalesce(t.rating_score, 0) <> 0 or coalesce(t.rating_count, 0) <> 0)"
    pending = f"{_untouched(RATINGS)} and {rated}"
    statement = _statement(
        "seller_ratings", schema, dimensions=DIMENSIONS, moment=_moment(RATINGS), pending=pending
    )
    return Walk("seller ratings", "seller_profiles", pending, (statement,), batch)


def seller_tiers(schema: str, batch: int) -> Walk:
    untouched = _untouched(TIER_INFO)
    statement = _statement(
        "seller_tiers", schema, moment=_moment(TIER_INFO), untouched=untouched, tiers=TIERS
    )
    pending = f"{untouched} and t.rating_score >= {min(rating for *_, rating in TIERS)}"
    return Walk("seller tiers", "seller_profiles", pending, (statement,), batch)


def _untouched(target: Target) -> str:
    return target.document.default.untouched(f"t.{target.column}")


def _moment(target: Target) -> str:
    """The default's clocks alone."""
    return target.document.default.expression.split(" || ", 1)[1]


def _statement(name: str, schema: str, **names: Any) -> str:
    tables = {"users": "users", "sellers": "seller_profiles", "orders": "orders"}
    known = {word: quoted(schema, table) for word, table in tables.items()}
    return render(f"upgrade/fill/{name}.sql.j2", **known, **names)
