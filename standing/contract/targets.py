"""What is published where: each mart's document and the JSONB column the application reads it from."""

from dataclasses import dataclass

from standing.errors import SettingError


@dataclass(frozen=True)
class Target:
    """One document: built in `mart` by `key`, published to `table`.`column` by `table_key`.

    `clock_fields` are top-level keys of the document that move with time alone: a document that differs
    in nothing else is not written. `review_field` names the one that says when it must be written anew all
    the same.
    """

    name: str
    mart: str
    key: str
    table: str
    table_key: str
    column: str
    clock_fields: tuple[str, ...] = ()
    review_field: str | None = None


TARGETS = (
    Target(
        name="trust_score",
        mart="user_trust_scores",
        key="user_id",
        table="users",
        table_key="id",
        column="trust_score",
        clock_fields=("last_calculated", "next_review"),
        review_field="next_review",
    ),
    Target(
        name="behavior_score",
        mart="user_behavior_scores",
        key="user_id",
        table="users",
        table_key="id",
        column="behavior_score",
        clock_fields=("last_updated",),
    ),
    Target(
        name="ratings",
        mart="seller_ratings",
        key="seller_id",
        table="seller_profiles",
        table_key="id",
        column="ratings",
        clock_fields=("last_updated",),
    ),
    Target(
        name="performance",
        mart="seller_performance",
        key="seller_id",
        table="seller_profiles",
        table_key="id",
        column="performance",
        clock_fields=("last_calculated",),
    ),
    Target(
        name="tier_info",
        mart="seller_tiers",
        key="seller_id",
        table="seller_profiles",
        table_key="id",
        column="tier_info",
    ),
)

#: What `standing run SELECTION` may be, and which documents each publishes; dbt's selectors.yml has
#: the same names and says what is built.
SELECTIONS: dict[str, tuple[str, ...]] = {
    "all": ("trust_score", "behavior_score", "ratings", "performance", "tier_info"),
    "scores": ("trust_score", "behavior_score", "ratings", "performance"),
    "tiers": ("tier_info",),
}


def targets_of(selection: str) -> tuple[Target, ...]:
    """The targets a selection publishes. Raises SettingError for an unknown one."""
    if selection not in SELECTIONS:
        raise SettingError(f"there is no selection {selection!r}", f"use one of: {', '.join(SELECTIONS)}")
    return tuple(target for target in TARGETS if target.name in SELECTIONS[selection])


#: Application table → the build's table of those whom the run built.
DUE_TABLES = {"users": "due_users", "seller_profiles": "due_sellers"}

#: The number by which a target's documents are compared as a whole.
NUMBERS = {
    "trust_score": "overall_score",
    "behavior_score": "completion_rate",
    "ratings": "overall",
    "performance": "order_fulfillment_rate",
    "tier_info": "tier_level",
}
#: Levels and tiers: the document's key, and the policy table with its codes and ranks.
LADDERS = {
    "trust_score": ("level", "trust_levels", "level", "rank"),
    "tier_info": ("current_tier", "tier_policy", "tier", "tier_level"),
}
#: What is not lost in the ordinary course of days, as paths into a document; all numbers.
VALUES = {
    "trust_score": ("{overall_score}", "{transaction_score}"),
    "behavior_score": ("{evidence,completion_rate,den}",),
    "ratings": ("{overall}", "{total_reviews}"),
    "performance": ("{total_sales}", "{total_revenue}"),
    "tier_info": ("{evidence,completed_orders}", "{evidence,mean_rating,den}"),
}
