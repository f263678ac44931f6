"""seller_profiles.ratings, seller_profiles.performance and seller_profiles.tier_info."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reference.forecast import forecast
from reference.members import exact, response, window
from reference.orders import Known, Order
from reference.policy import Row, evidence, percent, rounded, text

DIMENSIONS = (
    "product_quality",
    "communication",
    "shipping_speed",
    "packaging",
    "accuracy",
    "value_for_money",
)
STARS = {5: "five_star", 4: "four_star", 3: "three_star", 2: "two_star", 1: "one_star"}


def mean(values: list[Any]) -> Decimal:
    return rounded(sum(map(Fraction, values), Fraction(0)) / (len(values) or 1))


def ratings(known: Known, seller_id: str) -> Row:
    mine = [r for r in known.reviews if r["seller_id"] == seller_id]
    numbers = known.policy.numbers

    def last(days: int) -> list[Row]:
        return [r for r in mine if r["created_at"] and r["created_at"] >= known.begins(days)]

    def shown(chosen: list[Row]) -> Row:
        return evidence(sum(r["rating"] for r in chosen), [r["created_at"] for r in chosen])

    recent, quarter = last(30), last(90)
    earlier = [r for r in quarter if r not in recent]
    trend = "stable"
    if min(len(recent), len(earlier)) >= numbers["trend_min_reviews"]:
        now, then = (Fraction(sum(r["rating"] for r in g), len(g)) for g in (recent, earlier))
        if abs(now - then) > numbers["trend_threshold"]:
            trend = "improving" if now > then else "declining"
    overall = mean([r["rating"] for r in mine])
    counted = [r for r in mine if r["counted"]]
    k, prior = numbers["adjusted_rating_k"], numbers["adjusted_rating_prior"]
    details = {}
    for name in DIMENSIONS:
        given = [(r["detailed_ratings"] or {}).get(name) for r in mine]
        scores = [g for g in given if isinstance(g, int | float) and 1 <= g <= 5]
        details[name] = mean(scores) if scores else overall
    return {
        "overall": overall,
        "total_reviews": len(mine),
        **details,
        "rating_distribution": {
            name: sum(r["rating"] == stars for r in mine) for stars, name in STARS.items()
        },
        "rating_trend": trend,
        "last_30_days_avg": mean([r["rating"] for r in recent]),
        "last_90_days_avg": mean([r["rating"] for r in quarter]),
        "adjusted": rounded((sum(r["rating"] for r in counted) + k * prior) / (len(counted) + k)),
        "evidence": {
            "overall": shown(mine),
            "last_30_days_avg": shown(recent),
            "last_90_days_avg": shown(quarter),
            "adjusted": {**shown(counted), "k": exact(k), "prior": exact(prior)},
        },
    }


def performance(known: Known, seller_id: str) -> Row:
    mine = [o for o in known.orders if o.row["seller_id"] == seller_id]
    every = [o for o in mine if o.paid]
    days = window(known, every)
    completed = [o for o in every if o.outcome == "completed"]
    person = known.person(seller_id)
    written = response(known, person)

    months = [o for o in completed if o.resolved and o.resolved >= known.begins(60)]
    month = [o for o in months if o.resolved and o.resolved >= known.begins(30)]
    before = [o for o in months if o.resolved and o.resolved < known.begins(30)]
    now, then = (sum((o.amount for o in group), Fraction(0)) for group in (month, before))
    total = sum((o.amount for o in completed), Fraction(0))
    kept = [o for o in every if not o.excluded]
    shipped = [o for o in kept if known.within(known.known(o.row["shipped_at"]), days)]
    seconds = [_processing(known, o) for o in shipped]
    products = [
        p
        for p in known.world["products"]
        if p["seller_id"] == seller_id and (p["status"] or "").lower() == "active"
    ]
    stocks = [p["stock"] for p in products if p["stock"] is not None]
    balances = dict.fromkeys(("pending", "available", "withdrawn"), Decimal(0))
    for payout in known.world["payouts"]:
        if (
            payout["seller_id"] == seller_id
            and known.known(payout["created_at"])
            and payout["status"] in balances
        ):
            balances[payout["status"]] += payout["amount"]
    rates = _rates(known, kept, days)
    shown = {
        **rates,
        "response_rate": written["evidence"],
        "month_over_month_growth": evidence(
            exact(now - then), [o.resolved for o in month + before], exact(then)
        ),
    }
    expected, behind = forecast(known, kept)
    raw = {"raw": _rates(known, every, days)} if any(o.excluded for o in mine) else {}
    return {
        **{name: percent(rate["num"], rate["den"]) for name, rate in shown.items()},
        "total_sales": len(completed),
        "total_revenue": exact(total),
        "avg_order_value": rounded(total / (len(completed) or 1)),
        "total_customers": len({o.row["buyer_id"] for o in completed}),
        "last_30_days_sales": len(month),
        "last_30_days_revenue": exact(now),
        "avg_processing_time": rounded(sum(seconds, Fraction(0)) / 3600 / (len(seconds) or 1)),
        "response_time_avg": written["response_time_avg"],
        "active_listings": len(products),
        "sold_out_listings": sum(stock <= 0 for stock in stocks),
        "avg_stock_level": mean(stocks),
        "pending_balance": balances["pending"],
        "available_balance": balances["available"],
        "total_withdrawn": balances["withdrawn"],
        **expected,
        "evidence": {**shown, "expected_problem_rate": behind, **raw},
    }


def _processing(known: Known, order: Order) -> Fraction:
    start = known.known(order.row["paid_at"]) or order.row["created_at"]
    return max(Fraction((order.row["shipped_at"] - start).total_seconds()), Fraction(0))


def _rates(known: Known, chosen: list[Order], days: str) -> dict[str, Row]:
    completed = [o for o in chosen if o.outcome == "completed"]
    bought: dict[str, list[datetime]] = {}
    for order in completed:
        if order.resolved:
            bought.setdefault(order.row["buyer_id"], []).append(order.resolved)
    quarter = known.policy.days("retention_window_days")
    start, middle = known.begins(2 * quarter), known.begins(quarter)
    earlier = {b: [m for m in moments if start <= m < middle] for b, moments in bought.items()}
    earlier = {buyer: moments for buyer, moments in earlier.items() if moments}
    stayed = sum(any(m >= middle for m in bought[buyer]) for buyer in earlier)
    judged = [o for o in chosen if known.within(o.judged, days)]
    promised = [
        o for o in chosen if o.row["promised_at"] and known.within(known.known(o.row["delivered_at"]), days)
    ]
    in_time = sum(
        known.policy.business_day(o.row["delivered_at"]) <= known.policy.business_day(o.row["promised_at"])
        for o in promised
    )
    resolved = [o for o in chosen if known.within(o.resolved, days)]
    ended = [o for o in resolved if o.outcome != "cancelled"]
    defects = sum(o.cancelled_by("seller") or o.lost_by("seller") is not None for o in resolved)
    liked = sum((o.rating or 0) >= known.policy.numbers["positive_rating_from"] for o in completed)
    when = [o.resolved for o in resolved]
    return {
        "repeat_customer_rate": evidence(
            sum(len(moments) > 1 for moments in bought.values()),
            [moment for moments in bought.values() for moment in moments],
            len(bought),
        ),
        "customer_retention_rate": evidence(
            stayed, [m for ms in earlier.values() for m in ms], len(earlier)
        ),
        "order_fulfillment_rate": evidence(
            sum(o.handed_over is not None for o in judged), [o.judged for o in judged]
        ),
        "on_time_delivery_rate": evidence(in_time, [o.row["delivered_at"] for o in promised]),
        "return_rate": evidence(sum(o.outcome == "returned" for o in ended), [o.resolved for o in ended]),
        "dispute_rate": evidence(sum(o.disputed for o in resolved), when),
        "defect_rate": evidence(defects, when),
        "effective_positive_rate": evidence(liked, [o.resolved for o in completed]),
    }


def as_then(past: dict[str, Any], as_of: str) -> dict[str, Any]:
    """What of the published document was known then, by its own moments."""
    if past.get("tier_achieved_at", "") <= as_of:
        return past
    young = [c for c in past["tier_change_history"] if c.get("at", "") > as_of]
    old = [c for c in past["tier_change_history"] if c.get("at", "") <= as_of]
    return past | {
        "current_tier": young[-1]["from"] if young else None,
        "tier_achieved_at": old[0].get("at") if old else None,
        "tier_change_history": old,
    }


def tier_info(known: Known, seller_id: str) -> Row:
    policy = known.policy
    mine = [r for r in known.reviews if r["seller_id"] == seller_id and r["counted"]]
    total = sum(r["rating"] for r in mine)
    sold = [o for o in known.orders if o.row["seller_id"] == seller_id and o.outcome == "completed"]
    completed, buyers = len(sold), len({o.row["buyer_id"] for o in sold})
    mean_rating = Fraction(total, len(mine)) if mine else None

    def earned(tier: dict[str, str]) -> bool:
        rated = not tier["min_rating"] or (
            mean_rating is not None and mean_rating >= Fraction(tier["min_rating"])
        )
        enough = completed >= int(tier["min_orders"]) and buyers >= int(tier["min_buyers"])
        return enough and rated

    ladder = {tier["tier"]: tier for tier in policy.tiers}
    deserved = max((t for t in policy.tiers if earned(t)), key=lambda t: int(t["tier_level"]))
    past = as_then(known.sellers[seller_id]["tier_info"] or {}, text(known.as_of))
    before = ladder.get(past.get("current_tier") or "", policy.tiers[0])
    tier, grace = deserved, {}
    days = policy.grace.get(before["tier"], int(before["demotion_grace_days"])) if "evidence" in past else 0
    if int(deserved["tier_level"]) < int(before["tier_level"]) and days:
        given = past.get("evidence", {}).get("grace", {}).get("since")
        since = datetime.fromisoformat(given) if given and given <= text(known.as_of) else known.as_of
        until = since + timedelta(days=days)
        if until > known.as_of:
            tier = before
            grace = {"grace": {"earned_tier": deserved["tier"], "since": text(since), "until": text(until)}}
    moved = tier["tier"] != before["tier"]
    rose = int(tier["tier_level"]) > int(before["tier_level"])
    change = {"from": before["tier"], "to": tier["tier"], "at": text(known.as_of)}
    change["reason"] = "requirements_met" if rose else "requirements_lost"
    following = next((t for t in policy.tiers if int(t["tier_level"]) == int(tier["tier_level"]) + 1), None)
    return {
        "current_tier": tier["tier"],
        "tier_level": int(tier["tier_level"]),
        "benefits": json.loads(tier["benefits"]),
        "commission_rate": Decimal(tier["commission_rate"]),
        "boost_multiplier": Decimal(tier["boost_multiplier"]),
        "priority_support": tier["priority_support"] == "true",
        "tier_achieved_at": text(known.as_of)
        if moved or not past.get("tier_achieved_at")
        else past["tier_achieved_at"],
        "tier_change_history": ([change] if moved else []) + past.get("tier_change_history", []),
        "next_tier": following
        and {
            "tier": following["tier"],
            "orders_needed": max(int(following["min_orders"]) - completed, 0),
            "buyers_needed": max(int(following["min_buyers"]) - buyers, 0),
            "rating_needed": Decimal(0)
            if mean_rating is not None and mean_rating >= Fraction(following["min_rating"])
            else Decimal(following["min_rating"]),
        },
        "evidence": {
            "completed_orders": completed,
            "buyers": buyers,
            "mean_rating": evidence(total, [r["created_at"] for r in mine]),
            **grace,
        },
    }
