"""What a run replaces, each on a sample: correlated subqueries, and a job that works row by row.

Both find the numbers from which the documents are made and write one document; neither looks up bins or
writes the factors with their evidence, so that what they take is less than they would need.
"""

import time

from sqlalchemy import Engine, text

SAMPLE = 500

#: The migration guide counts a member's orders anew in each place that needs a number; so do these.
BUYER = "(select count(*) from orders where buyer_id = users.id and {})"
SELLER = (
    "(select count(*) from orders where seller_id in"
    " (select id from seller_profiles where user_id = users.id) and {})"
)
OF_MEMBERS = {
    "completed_as_buyer": BUYER.format("status = 'completed'"),
    "cancelled_as_buyer": BUYER.format("status = 'cancelled' and cancelled_by = 'buyer'"),
    "refunded_as_buyer": BUYER.format("refunded_at is not null"),
    "completed_as_seller": SELLER.format("status = 'completed'"),
    "cancelled_as_seller": SELLER.format("status = 'cancelled' and cancelled_by = 'seller'"),
    "value": "(select sum(total_amount) from orders where buyer_id = users.id and status = 'completed')",
    "partners": (
        "(select count(distinct seller_id) from orders where buyer_id = users.id and status = 'completed')"
    ),
    "reviews_written": "(select count(*) from reviews where reviewer_id = users.id)",
    "reviews_received": (
        "(select count(*) from reviews where seller_id in"
        " (select id from seller_profiles where user_id = users.id) and rating >= 4)"
    ),
    "disputes": (
        "(select count(*) from disputes join orders on orders.id = disputes.order_id"
        " where orders.buyer_id = users.id and decided_against = 'buyer')"
    ),
    "messages": "(select count(*) from messages where recipient_id = users.id)",
    "reports": "(select count(*) from user_reports where user_id = users.id and outcome = 'upheld')",
}
SHOP = "(select count(*) from orders where seller_id = shop.id and {})"
REVIEWS = "(select {} from reviews where seller_id = shop.id{})"
OF_SHOPS = {
    "completed": SHOP.format("status = 'completed'"),
    "cancelled": SHOP.format("status = 'cancelled' and cancelled_by = 'seller'"),
    "shipped_in_time": SHOP.format("shipped_at <= ship_by"),
    "delivered_in_time": SHOP.format("delivered_at <= promised_at"),
    "refunded": SHOP.format("refunded_at is not null"),
    "revenue": "(select sum(total_amount) from orders where seller_id = shop.id and status = 'completed')",
    "buyers": (
        "(select count(distinct buyer_id) from orders where seller_id = shop.id and status = 'completed')"
    ),
    "reviews": REVIEWS.format("count(*)", ""),
    "mean": REVIEWS.format("avg(rating)", ""),
    "recent": REVIEWS.format("avg(rating)", " and created_at > now() - interval '30 days'"),
    **{f"stars_{stars}": REVIEWS.format("count(*)", f" and rating = {stars}") for stars in range(1, 6)},
}

#: What the job asks about each member, in a statement each.
QUESTIONS = (
    "select status, total_amount, seller_id, cancelled_by, refunded_at from orders where buyer_id = :id",
    "select o.status, o.total_amount, o.shipped_at, o.ship_by, o.delivered_at, o.promised_at,"
    " o.cancelled_by"
    " from orders as o join seller_profiles as s on s.id = o.seller_id where s.user_id = :id",
    "select r.rating, r.created_at from reviews as r join seller_profiles as s on s.id = r.seller_id"
    " where s.user_id = :id",
    "select created_at from reviews where reviewer_id = :id",
    "select d.decided_against from disputes as d join orders as o on o.id = d.order_id"
    " where o.buyer_id = :id",
    "select sent_at from messages where recipient_id = :id",
    "select outcome from user_reports where user_id = :id",
)


def guide(engine: Engine) -> float:
    """Seconds for all members and shops, extrapolated from a sample of each; nothing stays written."""
    return _subqueries(engine, "users", "users", "trust_score", OF_MEMBERS) + _subqueries(
        engine, "seller_profiles", "shop", "performance", OF_SHOPS
    )


def _subqueries(engine: Engine, table: str, alias: str, column: str, numbers: dict[str, str]) -> float:
    pairs = ", ".join(f"'{name}', {subquery}" for name, subquery in numbers.items())
    sample = f"(select id from {table} order by md5(id::text) limit {SAMPLE})"
    made = f"{column} || jsonb_build_object({pairs})"
    statement = f"update {table} as {alias} set {column} = {made} where id in {sample}"
    with engine.connect() as connection:
        members = connection.scalar(text(f"select count(*) from {table}")) or 0
        began = time.monotonic()
        written = connection.execute(text(statement)).rowcount
        seconds = time.monotonic() - began
        connection.rollback()
    return seconds * members / written


def rows(engine: Engine) -> float:
    """Seconds for all members by a job that takes one after the other, extrapolated; nothing stays."""
    with engine.connect() as connection:
        total = connection.scalar(text("select count(*) from users")) or 0
        members = connection.scalars(
            text(f"select id from users order by md5(id::text) limit {SAMPLE}")
        ).all()
        began = time.monotonic()
        for member in members:
            found = [connection.execute(text(question), {"id": member}).all() for question in QUESTIONS]
            completed = sum(1 for order in found[0] if order.status == "completed")
            connection.execute(
                text(
                    "update users set trust_score = jsonb_build_object('completed', cast(:n as int))"
                    " where id = :id"
                ),
                {"n": completed, "id": member},
            )
        seconds = time.monotonic() - began
        connection.rollback()
    return seconds * total / len(members)
