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
