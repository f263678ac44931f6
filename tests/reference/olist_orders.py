"""What followed an origin on the Olist files, with pandas."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = ZoneInfo("America/Sao_Paulo")


def followed(folder: Path, origins: list[datetime]) -> list[tuple[int, int, int]]:
    """After each origin: orders placed with shops that had sold before, those known how they ended, bad.

    An order of several shops is one of each; they share its dates and reviews.
    """
    import pandas as pd

    def read(name: str, columns: list[str]) -> Any:
        return pd.read_csv(folder / f"olist_{name}_dataset.csv.gz", usecols=columns)

    dates = {
        "order_purchase_timestamp": "placed",
        "order_approved_at": "paid",
        "order_delivered_carrier_date": "shipped",
        "order_delivered_customer_date": "delivered",
    }
    orders = read("orders", ["order_id", "order_status", *dates]).rename(columns=dates)
    for name in dates.values():
        orders[name] = pd.to_datetime(orders[name]).dt.tz_localize(HERE, ambiguous=True, nonexistent="NaT")
    items = read("order_items", ["order_id", "seller_id"]).drop_duplicates()
    pairs = items.merge(orders, on="order_id")
    pairs = pairs[~(pairs.delivered < pairs.placed)]
    for name in ("paid", "shipped"):
        pairs[name] = pairs[name].where(~(pairs[name] < pairs.placed))
    pairs["latest"] = pairs[["paid", "shipped", "delivered"]].max(axis=1).fillna(pairs.placed)
    is_cancelled = pairs.order_status.isin(["canceled", "unavailable"])
    pairs["cancelled"] = pairs.latest.where(is_cancelled)
    is_completed = pairs.order_status == "delivered"
    pairs["completed"] = pairs.delivered.where(is_completed).fillna(pairs.latest.where(is_completed))
    pairs["paid_from"] = pairs[["paid", "shipped", "delivered", "completed"]].min(axis=1)
    pairs["first_sale"] = pairs.groupby("seller_id").placed.transform("min")
    times = ["review_creation_date", "review_answer_timestamp"]
    reviews = read("order_reviews", ["order_id", "review_id", "review_score", *times])
    written = pd.to_datetime(reviews[times[1]].fillna(reviews[times[0]]))
    reviews["written"] = written.dt.tz_localize(HERE, ambiguous=True, nonexistent="NaT")
    first = reviews.sort_values(["written", "review_id"]).drop_duplicates("order_id")

    def at(origin: datetime) -> tuple[int, int, int]:
        ends, known = origin + timedelta(days=90), origin + timedelta(days=120)
        after = pairs[(pairs.placed >= origin) & (pairs.placed < ends) & (pairs.first_sale <= origin)]
        # The first review counts, and what nobody paid counts neither for nor against its shop.
        stars = first[first.written <= known].set_index("order_id").review_score
        is_paid = after.paid_from <= known
        rating = after.order_id.map(stars).where(is_paid)
        bad = (rating <= 2) | ((after.cancelled <= known) & is_paid)
        silent = (after.completed < known - timedelta(days=29)) & ~(after.cancelled <= known)
        return len(after), int((bad | rating.notna() | silent).sum()), int(bad.sum())

    return [at(origin) for origin in origins]
