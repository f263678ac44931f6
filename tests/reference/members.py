"""users.trust_score and users.behavior_score."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reference.orders import Known, Order
from reference.policy import Row, evidence, percent, rounded, text

Side = tuple[str, Order]


def sides(known: Known, user_id: str) -> list[Side]:
    """The member's orders, each with the member's role in it; what nobody paid is no sale."""
    bought = [("buyer", order) for order in known.orders if order.row["buyer_id"] == user_id]
    sold = [("seller", order) for order in known.orders if order.shop_person == user_id and order.paid]
    return bought + sold


def has_exclusions(known: Known, user_id: str) -> bool:
    mine = [o for o in known.orders if user_id in (o.row["buyer_id"], o.shop_person)]
    return any(order.excluded for order in mine)


def other(side: Side) -> str:
    role, order = side
    return (order.shop_person or order.row["seller_id"]) if role == "buyer" else order.row["buyer_id"]


def within_cap(known: Known, traded: list[Side]) -> list[Side]:
    """Of each partner the newest orders that count, those that leave the rates after all others."""
    cap = known.policy.days("max_orders_per_partner")
    if not cap:
        return traded
    by_partner: dict[str, list[Side]] = {}
    for side in traded:
        by_partner.setdefault(other(side), []).append(side)
    kept: list[Side] = []
    for sides_of_one in by_partner.values():
        newest = sorted(sides_of_one, key=lambda side: side[1].row["id"])
        newest.sort(key=lambda side: side[1].resolved or known.as_of, reverse=True)
        newest.sort(key=lambda side: side[1].excluded)
        kept += newest[:cap]
    return kept


def upheld(known: Known, table: str, user_id: str) -> list[datetime]:
    """Decisions of the last year, each with its moment."""
    found = []
    for row in known.world[table]:
        if row["user_id"] == user_id and (row["outcome"] or "").lower() == "upheld" and row["created_at"]:
            decided = known.known(max(row["created_at"], row["decided_at"] or row["created_at"]))
            if known.within(decided, "trust_window_days"):
                found.append(decided)
    return found


def helpful(known: Known, user_id: str, trusted: bool = False) -> int:
    mine = [r for r in known.reviews if r["writer"] == user_id and (r["trusted"] or not trusted)]
    votes = [review["engagement"] for review in mine]
    return sum(1 for vote in votes if vote and vote.get("helpful_count", 0) > 0)


def referred(known: Known, user_id: str) -> set[str]:
    """Whom the member brought and who has bought."""
    return {
        r["referee_id"]
        for r in known.world["referred_users"]
        if r["referrer_id"] == user_id and known.known(r["first_purchase_at"])
    } - {None}


def recent_threads(known: Known, user_id: str, window: str) -> list[Row]:
    return [
        t for t in known.threads if t["to"] == user_id and t["judged"] and known.within(t["at"], window)
    ]


def trust_score(known: Known, user_id: str) -> Row:
    user, policy = known.users[user_id], known.policy
    mine = sides(known, user_id)
    traded = [side for side in mine if side[1].outcome == "completed" and side[1].lifts_trust]
    completed = within_cap(known, traded)
    clean = [
        o
        for role, o in completed
        if o.lost_by(role) is None and known.within(o.resolved, "trust_window_days")
    ]
    cancelled = [
        o
        for role, o in mine
        if o.lowers_trust and o.cancelled_by(role) and known.within(o.resolved, "trust_window_days")
    ]
    lost = [
        (o, o.lost_by(r))
        for r, o in mine
        if o.lowers_trust and known.within(o.lost_by(r), "trust_window_days")
    ]
    received = [r for r in known.reviews if r["person"] == user_id and r["trusted"]]
    answered = recent_threads(known, user_id, "trust_window_days")
    security = user["security_settings"] or {}
    values: dict[str, Any] = {
        "email_verified": int(bool(user["email_verified"])),
        "phone_verified": int(bool(user["phone_verified"])),
        "kyc_verified": int(str(user["kyc_status"]).lower() in policy.kyc),
        "two_factor_enabled": int(security.get("two_factor_enabled") is True),
        "account_age_days": (
            policy.business_day(known.as_of) - policy.business_day(user["created_at"])
        ).days,
        "completed_orders_as_buyer": sum(1 for role, _ in completed if role == "buyer"),
        "counterparties": len({other(side) for side in traded}),
        "completed_value": sum((o.amount for _, o in completed), Fraction(0)),
        "clean_orders": len(clean),
        "helpful_reviews": helpful(known, user_id, trusted=True),
        "referrals": len(referred(known, user_id)),
    }
    good = [o.resolved for o in clean if not o.excluded]
    reports, warnings = upheld(known, "user_reports", user_id), upheld(known, "user_warnings", user_id)
    own = [o.resolved for o in cancelled if not o.excluded]
    losses = [moment for o, moment in lost if not o.excluded]
    positive = sum(1 for r in received if r["rating"] >= policy.numbers["positive_rating_from"])
    rates = {
        "response_rate": evidence(sum(t["answered"] for t in answered), [t["at"] for t in answered]),
        "own_cancellation_rate": evidence(len(own), own + good),
        "dispute_loss_rate": evidence(len(losses), losses + good),
        "upheld_report_rate": evidence(len(reports), reports + good),
        "warning_rate": evidence(len(warnings), warnings + good),
        "positive_share": evidence(positive, [r["created_at"] for r in received]),
    }
    factors, by_category = _factors(known, values, rates, text(user["created_at"]))
    overall = max(Decimal(50) + sum(f["points"] for f in factors), Decimal(0))
    if 50 + sum(f["points"] for f in factors) < 0:
        cap = -50 - sum(f["points"] for f in factors)
        factors.insert(0, {"code": "cap", "points": cap})
    shown: Row = dict(rates)
    if has_exclusions(known, user_id):
        every = [o.resolved for o in clean]
        shown["raw"] = {
            "own_cancellation_rate": evidence(len(cancelled), [o.resolved for o in cancelled] + every),
            "dispute_loss_rate": evidence(len(lost), [moment for _, moment in lost] + every),
        }
    levels = [
        level
        for level in policy.levels
        if overall >= Decimal(level["min_score"])
        and len(completed)
        >= int(level["min_completed_orders"] or _DEFAULTS.get(level["min_orders_setting"], 0))
        and values["counterparties"] >= int(level["min_counterparties"])
        and (level["rank"] == "1" or security.get("is_banned") is not True)
    ]
    return {
        "overall_score": overall,
        "level": max(levels, key=lambda level: int(level["rank"]))["level"],
        **{f"{name}_score": min(max(value, 0), 100) for name, value in by_category.items()},
        "positive": [f for f in factors if f["points"] > 0],
        "negative": [f for f in factors if f["points"] < 0],
        "evidence": shown,
    }


_DEFAULTS = {"TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD": 10, "TRUST_SCORE_MIN_TRANSACTIONS_FOR_DIAMOND": 100}


def _factors(
    known: Known, values: Row, rates: Row, since: str | None
) -> tuple[list[Row], dict[str, Decimal]]:
    """All factors with points, largest first, and the sums of the categories."""
    policy = known.policy
    found, by_category = [], dict.fromkeys(policy.categories, Decimal(0))
    for name, metric in policy.metrics.items():
        if name in rates:
            k, prior = Fraction(metric["smoothing_k"]), Fraction(metric["smoothing_prior"])
            rates[name] |= {
                "k": Decimal(metric["smoothing_k"]),
                "prior": Decimal(metric["smoothing_prior"]),
            }
            value = (100 * rates[name]["num"] + k * prior) / (rates[name]["den"] + k)
            shown = rates[name]
        else:
            value = values[name]
            shown = {"since": since} if name == "account_age_days" else {"value": exact(value)}
        bins = [b for b in policy.bins if b["metric"] == name and Fraction(b["lower_bound"]) <= value]
        best = Decimal(max(bins, key=lambda b: Fraction(b["lower_bound"]))["value"])
        by_category[metric["category"]] += best
        points = best * Decimal(str(float(policy.categories[metric["category"]])))
        labels = {"label_en": metric["label_en"], "label_th": metric["label_th"]}
        found.append({"code": name, "points": points, **labels, "evidence": shown})
    kept = [f for f in found if f["points"]]
    return sorted(kept, key=lambda f: (-abs(f["points"]), f["code"])), by_category


def exact(value: Any) -> Decimal:
    return Decimal(Fraction(value).numerator) / Decimal(Fraction(value).denominator)


def window(known: Known, resolved: list[Order]) -> str:
    """The name of the policy that says how far back this one's rates look."""
    recent = [o for o in resolved if not o.excluded and known.within(o.resolved, "evaluation_window_days")]
    short = len(recent) >= known.policy.numbers["evaluation_min_resolved"]
    return "evaluation_window_days" if short else "evaluation_long_window_days"


def response(known: Known, user_id: str | None) -> Row:
    threads = recent_threads(known, user_id, "response_window_days") if user_id else []
    times = sorted(Fraction(t["seconds"]) / 60 for t in threads if t["answered"])
    middle = (times[(len(times) - 1) // 2] + times[len(times) // 2]) / 2 if times else Fraction(0)
    return {
        "response_rate": percent(len(times), len(threads)),
        "response_time_avg": rounded(sum(times, Fraction(0)) / (len(times) or 1)),
        "response_time_median": rounded(middle),
        "evidence": evidence(len(times), [t["at"] for t in threads]),
        "threads": threads,
    }


def behavior_score(known: Known, user_id: str) -> Row:
    mine = sides(known, user_id)
    days = window(known, [o for _, o in mine])
    inside = [(role, o) for role, o in mine if o.resolved and known.within(o.resolved, days)]

    def rates(chosen: list[Side]) -> Row:
        own = [o for role, o in chosen if o.cancelled_by(role)]
        concluded = [o for _, o in chosen if o.outcome != "cancelled"] + own
        done = [o for o in concluded if o.outcome == "completed"]
        resolved = [o.resolved for _, o in chosen]
        return {
            "completion_rate": evidence(len(done), [o.resolved for o in concluded]),
            "cancellation_rate": evidence(len(own), resolved),
            "dispute_rate": evidence(sum(o.disputed for _, o in chosen), resolved),
        }

    shown = rates([(role, o) for role, o in inside if not o.excluded])
    written = response(known, user_id)
    acts = [o.row["created_at"] for role, o in mine if role == "buyer"]
    acts += [
        m["sent_at"]
        for m in known.world["messages"]
        if m["sender_id"] == user_id and known.known(m["sent_at"])
    ]
    acts += [r["created_at"] for r in known.reviews if r["writer"] == user_id and r["created_at"]]
    acts += [moment for moment in (known.known(known.users[user_id]["last_login_at"]),) if moment]
    active = [act for act in acts if known.within(act, "active_days")]
    sessions = [
        (s["ended_at"] - s["started_at"]).total_seconds()
        for s in known.world["user_sessions"]
        if s["user_id"] == user_id
        and s["started_at"]
        and known.known(s["ended_at"])
        and s["ended_at"] >= s["started_at"]
        and known.within(s["ended_at"], "session_window_days")
    ]
    counts = {
        "report_count": len(upheld(known, "user_reports", user_id)),
        "warning_count": len(upheld(known, "user_warnings", user_id)),
    }
    threads = written["threads"]
    level, factors = _risk(
        known,
        {
            "cancellation_rate": (
                shown["cancellation_rate"]["num"] * 100,
                shown["cancellation_rate"]["den"],
            ),
            "dispute_rate": (shown["dispute_rate"]["num"] * 100, shown["dispute_rate"]["den"]),
            "unanswered_rate": (sum(not t["answered"] for t in threads) * 100, len(threads)),
            **{name: (number, None) for name, number in counts.items()},
        },
    )
    found = {"response_rate": written["evidence"], **shown}
    raw = {"raw": rates(inside)} if has_exclusions(known, user_id) else {}
    return {
        **{name: percent(rate["num"], rate["den"]) for name, rate in found.items()},
        "response_time_avg": written["response_time_avg"],
        "response_time_median": written["response_time_median"],
        "last_active": text(max(acts, default=known.users[user_id]["created_at"])),
        "active_days_last_30": len({known.policy.business_day(act) for act in active}),
        "avg_session_duration": rounded(Fraction(sum(sessions)) / 60 / (len(sessions) or 1)),
        **counts,
        "helpful_reviews_count": helpful(known, user_id),
        "risk_level": level,
        "risk_factors": factors,
        "evidence": {**found, **raw},
    }


def _risk(known: Known, measures: dict[str, tuple[int, int | None]]) -> tuple[str, list[str]]:
    held = []
    for rule in known.policy.risks:
        num, den = measures[rule["measure"]]
        enough = den is None or den >= max(int(rule["min_evidence"]), 1)
        if enough and num >= Fraction(rule["at_least"]) * (1 if den is None else den):
            held.append(rule)
    held.sort(key=lambda rule: (rule["risk_level"], rule["code"]))
    levels = {rule["risk_level"] for rule in held}
    level = next((name for name in ("high", "medium") if name in levels), "low")
    return level, [rule["code"] for rule in held]
