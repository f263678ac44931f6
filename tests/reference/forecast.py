"""expected_problem_rate of seller_profiles.performance, its range and its evidence."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from reference.members import exact
from reference.orders import Known, Order
from reference.policy import Row, rounded


def forecast(known: Known, kept: list[Order]) -> tuple[Row, Row]:
    """The keys of a shop with these orders, and their evidence."""
    policy = known.policy
    measures = _measures(known, kept)
    base = sum(_points(known, name, _prior(known, name)) for name in measures)
    for name, measure in measures.items():
        measure["points"] = _points(known, name, measure["value"]) - _points(
            known, name, _prior(known, name)
        )
    points = base + sum(measure["points"] for measure in measures.values())
    row = [row for row in policy.problem_rates if int(row["points"]) <= points][-1]
    shown = {
        "expected_problem_rate": Decimal(row["rate"]),
        "expected_problem_range": {"low": Decimal(row["low"]), "high": Decimal(row["high"])},
    }
    return shown, {"base": base, "points": points, **measures}


def _measures(known: Known, kept: list[Order]) -> dict[str, Row]:
    numbers = known.policy.numbers
    # Bad orders alone are no sample.
    problems = [o for o in kept if known.has_order_reviews and _is_problem(known, o)]
    rated = [o for o in kept if o.rating is not None]
    fine = [o for o in kept if not _is_problem(known, o)]
    content = [o for o in fine if o.rating is not None or _is_silent(known, o)]
    discontent = [o for o in rated if (o.rating or 0) <= numbers["discontent_rating_to"]]
    shipped = [o for o in kept if known.known(o.row["shipped_at"])]
    lately = [o for o in shipped if known.within(o.row["shipped_at"], "processing_days")]
    hours, recent = (sum((_hours(known, o) for o in some), Fraction(0)) for some in (shipped, lately))
    own_k = numbers["processing_own_k"]
    pace = (recent + own_k * _smoothed(known, "processing_hours", hours, len(shipped))) / (
        len(lately) + own_k
    )
    return {
        "problem_share": _share(known, "problem_share", len(problems), len(problems) + len(content)),
        "discontent_share": _share(known, "discontent_share", len(discontent), len(rated)),
        "processing_hours": {
            **_evidence(known, "processing_hours", rounded(hours), len(shipped), pace),
            "recent_num": rounded(recent),
            "recent_den": len(lately),
            "recent_k": exact(own_k),
        },
    }


def _is_problem(known: Known, order: Order) -> bool:
    rated_badly = order.rating is not None and order.rating <= known.policy.numbers["problem_rating_to"]
    called_off = order.outcome == "cancelled" and not order.cancelled_by("buyer")
    return rated_badly or called_off or order.lost_by("seller") is not None


def _is_silent(known: Known, order: Order) -> bool:
    """Nobody says a word about it any more."""
    ended = order.outcome == "completed" and order.resolved is not None
    return known.has_order_reviews and ended and not known.within(order.resolved, "silence_days")


def _hours(known: Known, order: Order) -> Fraction:
    start = known.known(order.row["paid_at"]) or order.row["created_at"]
    waited = Fraction((order.row["shipped_at"] - start).total_seconds()) / 3600
    return max(waited, known.policy.numbers["processing_floor_hours"])


def _prior(known: Known, name: str) -> Fraction:
    return Fraction(known.policy.problem_metrics[name]["smoothing_prior"])


def _smoothed(known: Known, name: str, num: Fraction, den: int) -> Fraction:
    k = Fraction(known.policy.problem_metrics[name]["smoothing_k"])
    return (num + k * _prior(known, name)) / (den + k)


def _share(known: Known, name: str, num: int, den: int) -> Row:
    return _evidence(known, name, num, den, _smoothed(known, name, Fraction(100 * num), den))


def _evidence(known: Known, name: str, num: Any, den: int, value: Fraction) -> Row:
    row = known.policy.problem_metrics[name]
    cut = Decimal(int(value * 100)).scaleb(-2)
    k, prior = Decimal(row["smoothing_k"]), Decimal(row["smoothing_prior"])
    return {"num": num, "den": den, "k": k, "prior": prior, "value": cut}


def _points(known: Known, name: str, value: Any) -> int:
    bins = [row for row in known.policy.problem_bins if row["metric"] == name]
    return int([row for row in bins if Fraction(row["lower_bound"]) <= Fraction(value)][-1]["points"])
