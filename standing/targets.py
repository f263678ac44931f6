"""What is published where: each mart's document and the JSONB column the application reads it from."""

from dataclasses import dataclass


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
        name="ratings",
        mart="seller_ratings",
        key="seller_id",
        table="seller_profiles",
        table_key="id",
        column="ratings",
        clock_fields=("last_updated",),
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
