"""A proposal as text for people."""

from collections.abc import Iterator

import numpy as np

from standing.backtest.card import Metric
from standing.backtest.figures import Figure
from standing.fit.proposal import LEAST_OF_A_KIND, Proposal
from standing.text import plural


def as_text(proposal: Proposal) -> str:
    """The rows in force and the proposed ones, bin by bin, then what these gain and what cannot be told."""
    last, first = proposal.moments[-1], proposal.moments[0]
    lines = [
        f"Fitted to {proposal.orders:,} orders after {plural(len(proposal.moments), 'origin')} from"
        f" {first:%Y-%m-%d} to {last:%Y-%m-%d}, of which {proposal.bad:,} went wrong; known until"
        f" {proposal.known_until:%Y-%m-%d}."
    ]
    for now, then in zip(proposal.in_force.metrics, proposal.proposed.metrics, strict=True):
        lines += ["", *_bins(proposal, now, then)]
    lines += ["", *_rates(proposal), "", *_gain(proposal), *proposal.cannot_tell]
    return "\n".join(lines)


def _bins(proposal: Proposal, now: Metric, then: Metric) -> Iterator[str]:
    yield f"{now.label} ({now.name})"
    yield f"  {'from':>8}{'in force':>10}{'proposed':>10}{'orders':>12}{'went wrong':>12}"
    orders, bad = proposal.orders_in_bins[now.name], proposal.bad_in_bins[now.name]
    for place, bound in enumerate(now.bounds):
        share = f"{100 * bad[place] / orders[place]:.1f} %" if orders[place] else ""
        yield (
            f"  {bound:>8g}{now.points[place]:>10g}{then.points[place]:>10g}{orders[place]:>12,.0f}"
            f"{share:>12}"
        )


def _rates(proposal: Proposal) -> Iterator[str]:
    """The rates of the least and the most points, and of a shop of which nothing is known."""
    now, then = proposal.in_force, proposal.proposed
    yield "Rates, in percent, of the points of"
    yield f"  {'':<36}{'in force':>18}{'proposed':>18}"
    for title, old, new in (
        ("the best shop", 0.0, 0.0),
        ("a shop of which nothing is known", now.base, then.base),
        ("the worst shop", float(now.most), float(then.most)),
    ):
        place = now.row(np.array([old]))[0]
        rate = proposal.rates[int(new)].rate
        yield (f"  {title:<36}{f'{old:g}: {100 * now.rates[place]:.2f}':>18}{f'{new:g}: {rate:.2f}':>18}")


def _gain(proposal: Proposal) -> Iterator[str]:
    if proposal.figures is None or proposal.gain is None:
        yield (
            "What they gain cannot be told: no origin is left that comes after enough others to fit"
            f" ({LEAST_OF_A_KIND} orders that went wrong and as many that did not, known by then)."
        )
        return
    fitted, in_force = proposal.figures
    gain = proposal.gain
    yield (
        f"Fitted anew before each of {plural(proposal.tested, 'origin')} and tested on what followed it:"
    )
    for title, (new, old, more) in {
        "order AUC": (fitted.auc, in_force.auc, gain.auc),
        "Spearman": (fitted.spearman, in_force.spearman, gain.spearman),
    }.items():
        yield f"  {title:<12}fitted {_figure(new)}, in force {_figure(old)}; gain {_figure(more, '+')}"
    better = f"{gain.better_at} of {plural(proposal.tested, 'origin')}"
    yield f"  the fitted points have the better AUC at {better}"
    low = gain.auc.low
    if low is None or low <= 0:
        yield "The gain is within noise: the rows in force do as well."


def _figure(figure: Figure, sign: str = "") -> str:
    if figure.value is None:
        return "not known"
    if figure.low is None or figure.high is None:
        return f"{figure.value:{sign}.4f}"
    return f"{figure.value:{sign}.4f} [{figure.low:{sign}.4f}, {figure.high:{sign}.4f}]"
