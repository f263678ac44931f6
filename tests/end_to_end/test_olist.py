"""Real orders: tiers on the Olist data, against a separate calculation with pandas."""

import json
from datetime import datetime

import pytest
from conftest import SHARED, MakeDatabase, Standing
from reference.olist_orders import followed
from sqlalchemy import create_engine, text

OLIST = SHARED / "data" / "olist"

pytestmark = pytest.mark.skipif(not OLIST.is_dir(), reason=f"no Olist data in {OLIST}")


def tiers_by_pandas() -> dict[str, int]:
    """Tier → sellers, from the CSV files: delivered orders and their buyers, and the first review of
    each of a seller's orders.
    """
    import pandas as pd

    orders = pd.read_csv(
        OLIST / "olist_orders_dataset.csv.gz", usecols=["order_id", "order_status", "customer_id"]
    )
    items = pd.read_csv(OLIST / "olist_order_items_dataset.csv.gz", usecols=["order_id", "seller_id"])
    customers = pd.read_csv(OLIST / "olist_customers_dataset.csv.gz")
    orders = orders.merge(customers[["customer_id", "customer_unique_id"]], on="customer_id")
    reviews = pd.read_csv(OLIST / "olist_order_reviews_dataset.csv.gz")
    known = reviews.review_answer_timestamp.fillna(reviews.review_creation_date)
    reviews = reviews.assign(known=known).sort_values("known").drop_duplicates("order_id")
    sellers = pd.read_csv(OLIST / "olist_sellers_dataset.csv.gz", usecols=["seller_id"]).set_index(
        "seller_id"
    )
    pairs = items.drop_duplicates().merge(orders, on="order_id")
    delivered = pairs[pairs.order_status == "delivered"].groupby("seller_id")
    sellers["completed"], sellers["buyers"] = delivered.size(), delivered.customer_unique_id.nunique()
    scores = pairs.merge(reviews, on="order_id").groupby("seller_id").review_score
    sellers["reviews"], sellers["stars"] = scores.count(), scores.sum()
    sellers = sellers.fillna(0).astype(int)

    def tier(seller: "pd.Series[int]") -> str:
        rules = (
            ("top_seller", 500, 250, 47),
            ("power_seller", 200, 100, 45),
            ("established", 50, 25, 43),
            ("rising", 10, 5, 40),
        )
        for name, orders_needed, buyers_needed, tenths in rules:
            enough = seller.completed >= orders_needed and seller.reviews > 0
            enough = enough and seller.buyers >= buyers_needed
            if enough and 10 * seller.stars >= tenths * seller.reviews:
                return name
        return "starter"

    counted: dict[str, int] = sellers.apply(tier, axis=1).value_counts().to_dict()
    return counted


def test_tiers_and_what_followed_are_those_that_pandas_finds_and_the_forecast_gains(
    make_database: MakeDatabase, standing: Standing
) -> None:
    settings = make_database()
    standing.told(settings, "load", "olist", str(OLIST))
    standing.told(settings, "migrate")
    first = json.loads(standing.told(settings, "run", "--json"))
    assert first["status"] == "published"
    engine = create_engine(settings.database_url or "")
    with engine.connect() as connection:
        counted = connection.execute(
            text("select tier_info ->> 'current_tier', count(*) from seller_profiles group by 1")
        )
        published = dict(counted.all())
    engine.dispose()
    assert published == tiers_by_pandas()
    assert published == {"starter": 1531, "rising": 484, "established": 56, "power_seller": 1}

    found = json.loads(standing.told(settings, "backtest", "--json"))
    moments = [datetime.fromisoformat(one["moment"]) for one in found["origins"]]
    assert [f"{one:%Y-%m-%d %H}" for one in (moments[0], moments[-1])] == ["2016-11-30 17", "2017-10-31 17"]
    followed_by = followed(OLIST, moments)
    assert found["counts"]["placed"] == sum(placed for placed, _, _ in followed_by)
    for origin, (_, labelled, bad) in zip(found["origins"], followed_by, strict=True):
        assert (origin["orders"], round(origin["bad_share"] * labelled)) == (labelled, bad), origin
    against = {one["against"]: one for one in found["differences"]}
    for other in ("smoothed_share", "adjusted", "mean_rating"):
        assert against[other]["auc"]["low"] > 0, against[other]
        assert against[other]["spearman"]["low"] > 0, against[other]
        assert against[other]["better_at"] >= 9, against[other]
    slope = found["calibration"][0]["slope"]
    assert slope["low"] < 1 < slope["high"]
    by_grace = {one["grace"]: one["share"] for one in found["flaps"]}
    assert by_grace["0"] > 2 * by_grace["30"] > 4 * by_grace["60"]
