"""An explanation as a table for people."""

from typing import Any

from standing.why.gather import Explanation


def as_text(found: Explanation) -> str:
    """Lines of at most about 110 characters; a score's factors add up to it."""
    lines = _user(found) if found.kind == "user" else _seller(found)
    for title, orders in found.orders.items():
        lines += ["", f"orders {title}:"]
        lines += [
            f"  {order['order_id']}  {order['outcome']:<10}"
            + (f" {order['resolved_at']:%Y-%m-%d %H:%M}" if order["resolved_at"] else " open")
            + f"  {order['amount']:>12,.2f}"
            for order in orders
        ]
    lines += ["", "where it comes from:"]
    for target, keys in found.sources.items():
        lines += [f"  {target}.{key}: {', '.join(tables)}" for key, tables in keys.items()]
    if found.as_of:
        lines += ["", f"as of {found.as_of:%Y-%m-%d %H:%M:%S} UTC"]
    return "\n".join(lines)


def _user(found: Explanation) -> list[str]:
    score = found.documents.get("trust_score") or {}
    lines = [f"{'start':<44}{found.start:>8.1f}"]
    lines += [_factor(factor) for factor in found.factors]
    lines.append(f"{'trust score':<44}{score.get('overall_score', 0):>8.1f}  level {score.get('level')}")
    behavior = found.documents.get("behavior_score") or {}
    if "evidence" in behavior:
        lines += [
            "",
            f"risk {behavior['risk_level']}: {', '.join(behavior['risk_factors']) or 'nothing found'}",
        ]
        lines += _rates(behavior)
    if found.following:
        lines += ["", _next_level(found.following)]
    return lines


def _factor(factor: dict[str, Any]) -> str:
    name = factor.get("label_en", factor["code"])
    return (
        f"{name:<44}{factor['points']:>+8.1f}  {evidence(factor['evidence'])}{_bin(factor['bin'])}".rstrip()
    )


def evidence(shown: dict[str, Any]) -> str:
    """A metric's evidence in words."""
    if "since" in shown:
        return f"since {shown['since']}"
    if "num" not in shown:
        return f"{shown.get('value', '')}"
    prior = f", with {shown['k']} more at {shown['prior']} %" if "k" in shown else ""
    return f"{shown['num']} of {shown['den']}{prior}"


def _bin(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    bound = "and more" if found["upper_bound"] is None else f"to under {found['upper_bound']:g}"
    return (
        f"  [{found['lower_bound']:g} {bound}: {found['value']:g} × {found['weight']:g} {found['category']};"
        f" {found['why']}]"
    )


def _rates(document: dict[str, Any]) -> list[str]:
    lines = []
    for key, shown in document["evidence"].items():
        if key == "raw":
            lines += [f"  {rate} with excluded orders: {evidence(raw)}" for rate, raw in shown.items()]
        elif key in document:
            period = f", {shown['from']} to {shown['to']}" if shown["from"] else ""
            lines.append(f"  {key:<26}{document[key]:>8}  {evidence(shown)}{period}")
    return lines


def _next_level(following: dict[str, Any]) -> str:
    if following.get("banned"):
        return f"next level {following['level']}: banned members stay at the lowest level"
    things = [f"have {flag}" for flag in following["verify"]]
    if following["complete_orders"]:
        things.append(
            f"complete {following['complete_orders']} more purchases, each at a shop not bought from before"
        )
    said = "; ".join(things) or "nothing but the next run"
    if not following["is_enough"]:
        said += f"; {following['points_missing']:g} more points must come from other factors"
    return f"next level {following['level']} ({following['min_score']:g} points, {following['min_completed_orders']} completed orders): {said}"


def _seller(found: Explanation) -> list[str]:
    ratings, tier = found.documents.get("ratings") or {}, found.documents.get("tier_info") or {}
    lines = [
        f"tier {tier.get('current_tier')} (level {tier.get('tier_level')}) since {tier.get('tier_achieved_at')}",
        f"rating {ratings.get('overall')} of {ratings.get('total_reviews')} reviews, {ratings.get('rating_trend')};"
        f" adjusted for ranking {ratings.get('adjusted', 'not calculated yet')}",
    ]
    grace = tier.get("evidence", {}).get("grace")
    if grace:
        lines.append(
            f"earned now: {grace['earned_tier']}; kept until {grace['until']}, lost since {grace['since']}"
        )
    performance = found.documents.get("performance") or {}
    if "evidence" in performance:
        lines += ["", *_rates(performance)]
    following = found.following
    if following:
        said = f"{following['complete_orders']} more completed orders"
        if following["mean_rating"]:
            said += (
                f" and a mean rating of {following['mean_rating']:g}"
                f" ({following['five_star_reviews']} more reviews of 5 stars)"
            )
        lines += ["", f"next tier {following['tier']}: {said}"]
    for change in tier.get("tier_change_history", []):
        lines.append(
            f"{change.get('at')}: {change.get('from')} → {change.get('to')} ({change.get('reason')})"
        )
    return lines
