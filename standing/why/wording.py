"""An explanation as a table for people."""

from typing import Any

from standing.text import plural
from standing.why.experience import experience
from standing.why.explanation import Explanation
from standing.why.forecast import EXPECTED, forecast
from standing.why.orders import SHOWN

#: Documents that have words of their own; of the others rates are shown.
WORDED = (
    "trust_score",
    "behavior_score",
    "ratings",
    "performance",
    "tier_info",
    "gamification",
    "loyalty_tier",
)


def as_text(explanation: Explanation, with_sources: bool = False) -> str:
    """Factors that add up to the score, then rates, what is missing for more, orders; sources if asked."""
    lines = _user(explanation) if explanation.kind == "user" else _seller(explanation)
    for name, document in explanation.documents.items():
        if name not in WORDED and "evidence" in (document or {}):
            lines += ["", f"{name}:", *_rates(explanation, name)]
    if explanation.orders is None:
        lines += [
            "",
            "orders: not known until the next run that builds anybody has derived all of them anew",
        ]
    for title, orders in (explanation.orders or {}).items():
        newest = f", the newest {SHOWN}" if len(orders) == SHOWN else ""
        lines += ["", f"orders {title}{newest}:", *(_order(order) for order in orders)]
    for target, run_id in explanation.held.items():
        held = f"{target} is held as it was before run {run_id}, which was undone, whatever data say now"
        lines += ["", f"{held}: standing resume {run_id}"]
    if with_sources:
        lines += ["", "where it comes from:"]
        for target, keys in explanation.sources.items():
            lines += [f"  {target}.{key}: {', '.join(tables)}" for key, tables in keys.items()]
    if explanation.as_of:
        lines += ["", f"as of {explanation.as_of:%Y-%m-%d %H:%M:%S} UTC"]
    return "\n".join(lines)


def _order(order: dict[str, Any]) -> str:
    ended = f"{order['resolved_at']:%Y-%m-%d %H:%M}" if order["resolved_at"] else ""
    line = f"  {order['order_id']}  {order['outcome']:<10}{ended:<16}  {order['amount']:>12,.2f}"
    if order["is_counted"]:
        return f"{line}  too small to count for trust" if order["is_small"] else line
    if order["is_excluded"]:
        return f"{line}  excluded"
    return line + ("  too long ago to count" if order["resolved_at"] else "  counts once it has ended")


def _user(explanation: Explanation) -> list[str]:
    score = explanation.documents.get("trust_score") or {}
    lines = [f"{'start':<44}{explanation.start:>8.1f}"]
    raw = score.get("evidence", {}).get("raw", {})
    lines += [_factor(factor, raw.get(factor["code"])) for factor in explanation.factors]
    lines.append(f"{'trust score':<44}{score.get('overall_score', 0):>8.1f}  level {score.get('level')}")
    behavior = explanation.documents.get("behavior_score") or {}
    if "evidence" in behavior:
        risks = [explanation.labels.get(code, code) for code in behavior["risk_factors"]]
        lines += ["", f"risk {behavior['risk_level']}: {', '.join(risks) or 'nothing found'}"]
        lines += _rates(explanation, "behavior_score")
    if explanation.following:
        lines += ["", *_next_level(explanation)]
    return [*lines, *experience(explanation), *_loyalty(explanation)]


def _loyalty(explanation: Explanation) -> list[str]:
    """The tier of whoever has an account of points."""
    held = explanation.documents.get("loyalty_tier")
    if not held or not held["tier"]:
        return []
    until = (
        f", until {held['tier_expires_at'][:10]} if nothing more is earned"
        if held["tier_expires_at"]
        else ""
    )
    return ["", f"loyalty tier {held['tier']} since {held['tier_achieved_at'][:10]}{until}"]


def _factor(factor: dict[str, Any], raw: dict[str, Any] | None) -> str:
    name = factor.get("label_en", factor["code"])
    kind = (factor["bin"] or {}).get("kind")
    shown = evidence(factor["evidence"], kind)
    if raw:
        shown += f" ({evidence(raw)} if excluded orders counted)"
    return f"{name:<44}{factor['points']:>+8.1f}  {shown}{_bin(factor['bin'])}".rstrip()


def evidence(shown: dict[str, Any], kind: str | None = None) -> str:
    """A metric's evidence in words."""
    if "since" in shown:
        return f"since {shown['since']}"
    if "num" not in shown:
        value = shown.get("value", "")
        if kind == "flag":
            return "yes" if value else "no"
        return f"{value:,.2f} baht" if kind == "money" else f"{value}"
    prior = f", with {shown['k']} more at {shown['prior']} %" if "k" in shown else ""
    return f"{shown['num']} of {shown['den']}{prior}"


def _bin(row: dict[str, Any] | None) -> str:
    if not row:
        return ""
    if row["kind"] == "flag":
        bounds = ""
    elif row["upper_bound"] is None:
        bounds = f"{row['lower_bound']:g} and more: "
    else:
        bounds = f"{row['lower_bound']:g} to under {row['upper_bound']:g}: "
    return f"  [{bounds}{row['value']:g} × {row['weight']:g} {row['category']}; {row['why']}]"


def _rates(explanation: Explanation, name: str) -> list[str]:
    """Each rate with what was counted; where orders are excluded, also what it would be with them."""
    document = explanation.documents[name]
    shown = document["evidence"]
    raw = shown.get("raw", {})
    lines = []
    for key in (key for key in explanation.sources[name] if key in shown and key != EXPECTED):
        rate = shown[key]
        period = f", {rate['from']} to {rate['to']}" if rate["from"] else ""
        against = "against" if key == "month_over_month_growth" else "of"
        counted = f"{rate['num']} {against} {rate['den']}" if "num" in rate else evidence(rate)
        lines.append(f"  {key:<26}{document[key]:>8}  {counted}{period}")
        if key in raw and (raw[key]["num"], raw[key]["den"]) != (rate["num"], rate["den"]):
            lines.append(f"  {'':<34}  ({evidence(raw[key])} if excluded orders counted)")
    if raw:
        lines.append(
            "  These rates leave out the orders listed in order_exclusions (a flood, a carrier at fault,"
            " an appeal):"
            " nobody is to suffer, or gain, by them."
        )
    return lines


def _next_level(explanation: Explanation) -> list[str]:
    following = explanation.following or {}
    name = explanation.labels.get(following["level"], following["level"])
    if following.get("banned"):
        return [f"next level {name}: banned members stay at the lowest level"]
    things = [
        f"{explanation.labels.get(flag, flag)} ({points:+.1f})"
        for flag, points in zip(following["verify"], following["verify_points"], strict=True)
    ]
    least = f" of {following['min_amount']:g} baht or more" if following["min_amount"] else ""
    if following["complete_orders"] == 1:
        things.append(f"1 more completed purchase{least}, at a shop not bought from before")
    elif following["complete_orders"]:
        things.append(
            f"{following['complete_orders']} more completed purchases{least}, each at a shop not bought"
            " from before"
        )
    if not following["is_enough"]:
        points = "point" if following["points_missing"] == 1 else "points"
        things.append(f"{following['points_missing']:g} more {points} from other factors")
    asked = [f"{following['min_score']:g} points"]
    if following["min_completed_orders"]:
        orders = plural(following["min_completed_orders"], "completed order")
        asked.append(f"{orders} (now {following['completed_orders']})")
    if following["min_counterparties"]:
        partners = plural(following["min_counterparties"], "different partner")
        asked.append(f"{partners} (now {following['counterparties']})")
    *others, last = asked
    whole = f"{', '.join(others)} and {last}" if others else last
    return _way(f"next level {name}, from {whole} on", things)


def _next_tier(explanation: Explanation) -> list[str]:
    following = explanation.following or {}
    orders, buyers = following["complete_orders"], following["new_buyers"]
    stars, mean = following["five_star_reviews"], following["mean_rating"]
    things = []
    if orders:
        least = f", at least {buyers} of them to new buyers" if 0 < buyers < orders else ""
        least = ", each to a new buyer" if buyers == orders > 1 else least
        least = ", to a new buyer" if buyers == orders == 1 else least
        things.append(f"{plural(orders, 'more completed order')}{least}")
    if stars:
        now = f"; it is {explanation.mean_rating} now" if explanation.mean_rating is not None else ""
        things.append(f"{plural(stars, 'more review')} of 5 stars by buyers, for a mean of {mean:g}{now}")
    name = explanation.labels.get(following["tier"], following["tier"])
    return _way(f"next tier {name}", things)


def _way(title: str, things: list[str]) -> list[str]:
    if not things:
        return [f"{title}: nothing is missing; the next run gives it"]
    return [f"{title}; what is missing:", *(f"  {thing}" for thing in things)]


def _rating(explanation: Explanation, ratings: dict[str, Any]) -> Any:
    """The published rating, or the mean that it is rounded from where a tier's limit lies between."""
    mean = explanation.mean_rating
    return ratings.get("overall") if mean is None or round(mean, 2) == mean else mean


def _counted(ratings: dict[str, Any]) -> str:
    """How many of the reviews count for more than what the page shows, where not all of them do."""
    counted = ratings.get("evidence", {}).get("adjusted", {}).get("den")
    if counted in (None, ratings.get("total_reviews")):
        return ""
    return f" and tier by {plural(counted, 'review')} with an order of their writer, one an order"


def _seller(explanation: Explanation) -> list[str]:
    ratings, tier = explanation.documents.get("ratings") or {}, explanation.documents.get("tier_info") or {}
    lines = [
        f"tier {tier.get('current_tier')} (level {tier.get('tier_level')}) since"
        f" {tier.get('tier_achieved_at')}",
        f"rating {_rating(explanation, ratings)} of {plural(ratings.get('total_reviews') or 0, 'review')},"
        f" {ratings.get('rating_trend')};"
        f" adjusted for ranking {ratings.get('adjusted', 'not calculated yet')}{_counted(ratings)}",
    ]
    grace = tier.get("evidence", {}).get("grace")
    if grace:
        lines.append(
            f"earned now: {grace['earned_tier']}; kept until {grace['until']}, lost since {grace['since']}"
        )
    performance = explanation.documents.get("performance") or {}
    if "evidence" in performance:
        lines += ["", *_rates(explanation, "performance"), *forecast(explanation)]
    if explanation.following:
        lines += ["", *_next_tier(explanation)]
    for change in tier.get("tier_change_history", []):
        lines.append(
            f"{change.get('at')}: {change.get('from')} → {change.get('to')} ({change.get('reason')})"
        )
    return lines
