"""What the planner makes of the staging views: whatever reads a few rows of them, reads a few rows."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from standing.settings import Settings


@pytest.fixture(scope="module")
def published(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


@pytest.mark.parametrize(
    ("view", "key"),
    [
        ("stg_users", "user_id"),
        ("stg_sellers", "seller_id"),
        ("stg_orders", "order_id"),
        ("stg_order_keys", "buyer_id"),
        ("stg_order_keys", "seller_id"),
        ("base_orders", "seller_id"),
        ("stg_reviews", "review_id"),
        ("stg_review_keys", "order_id"),
        ("base_reviews", "reviewer_id"),
        ("stg_messages", "thread_id"),
        ("stg_messages", "recipient_id"),
        ("stg_disputes", "order_id"),
        ("stg_returns", "order_id"),
        ("stg_user_sessions", "user_id"),
    ],
)
def test_a_join_to_staging_reaches_the_index_of_the_application(
    published: Settings, view: str, key: str
) -> None:
    """Without that, a run of a few members reads whole tables (docs/decisions/0005)."""
    engine = create_engine(published.database_url or "")
    with engine.connect() as connection:
        # Small tables would be read whole by choice.
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(text(f"set enable_{way} = off"))
        plan = connection.scalars(
            text(
                f"explain select 1 from (select gen_random_uuid() as key) as due"
                f" join {published.build_schema}.{view} as rows_there on rows_there.{key} = due.key"
            )
        ).all()
    engine.dispose()
    assert any("Index Cond" in line for line in plan), "\n".join(plan)
