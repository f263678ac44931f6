"""A backtest in words: the sentence to remember, what it cannot tell, and the whole as text."""

from collections.abc import Iterator, Sequence

from standing.backtest.figures import Backtest, Figure, Group
from standing.text import plural

#: Fewer orders leave intervals so wide that scores cannot be told apart.
FEW_ORDERS, FEW_SHOPS, FEW_ORIGINS = 2000, 100, 6
#: Fewer orders of a tenth are no sentence to remember.
FEW_IN_TENTH = 100
#: A level that is off by more is no level to rely on.
LEVEL_OFF = 0.02


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def remember(found: Backtest) -> str:
    """The one sentence, of the worst tenth of shops and the best; none where these have few orders."""
    tenths = {one.label: one for one in found.deciles if one.orders >= FEW_IN_TENTH}
    best, worst = tenths.get("1"), tenths.get("10")
    if best is None or worst is None:
        return ""
    days = plural(found.horizon_days, "day")
    return (
        f"Of the tenth of shops that looked worst, {percent(worst.bad_share.value)} of the orders of the"
        f" next {days} went wrong; of the tenth that looked best, {percent(best.bad_share.value)}."
    )


def cannot_tell(found: Backtest) -> Iterator[str]:
    """What the figures do not say, a sentence each."""
    counts = found.counts
    if not counts.labelled:
        yield (
            "Of no order it is known how it ended, as of none where no review names an order: nothing can"
            " be told."
        )
        return
    if counts.unknown:
        yield (
            f"Of {plural(counts.unknown, 'order')} ({percent(counts.unknown / counts.placed)}) nobody knows"
            " yet how they ended; they are left out."
        )
    if counts.bad in (0, counts.labelled):
        yield "All orders ended alike: no score can be told from another."
    yield from _too_few(found)
    yield from _of_scores(found)
    levels, known = sum(one.orders for one in found.levels), counts.labelled
    if found.levels and levels < known:
        share = percent(levels / known)
        yield f"By trust level: only some origins were replayed, with {share} of the orders."
    if not found.levels:
        yield (
            "By trust level: the origins were never replayed; standing backfill with their --from, --to and"
            " --every (1M unless asked otherwise) fills the levels of these moments."
        )
    blind = [one for one in found.bunching if one.smallest_seen is None]
    if blind:
        named = ", ".join(f"{one.cut_off:g} {one.what}" for one in blind)
        yield f"Whether shops work for a tier, too few stand beside these cut-offs to see: {named}."


def _too_few(found: Backtest) -> Iterator[str]:
    counts = found.counts
    if counts.labelled < FEW_ORDERS:
        yield (
            f"There are only {plural(counts.labelled, 'order')}, {counts.bad:,} of them bad: trust the"
            " intervals, not the values."
        )
    shops = max((one.shops for one in found.origins), default=0)
    if shops < FEW_SHOPS:
        yield f"There are only {plural(shops, 'shop')}: tenths of them are single shops."
    if len(found.origins) < FEW_ORIGINS:
        yield f"{plural(len(found.origins), 'origin')} do not show how it drifts within a year."


def _of_scores(found: Backtest) -> Iterator[str]:
    titles = {one.name: f"the {one.title}" for one in found.scores}
    lead = titles.get(found.lead, "")
    alike = [titles[one.against] for one in found.differences if not _is_clear(one.auc)]
    if alike:
        yield f"Whether {lead} ranks better than {', '.join(alike)}: within noise."
    for share in found.calibration:
        error = share.level_error.value
        if error is not None and abs(error) > LEVEL_OFF:
            yield (
                f"The level: by {titles[share.name]} {percent(share.expected)} would have gone wrong,"
                f" {percent(share.observed)} did. Rank by it; do not count on the share."
            )
    sizes = {"smallest": found.volumes[:1], "largest": found.volumes[1:][-1:]}
    for size, groups in sizes.items() if found.differences else ():
        for one in groups:
            if not _is_clear(one.gain):
                yield (
                    f"Whether, of the {size} shops ({one.label} orders before), {lead} ranks better than"
                    f" {titles[found.differences[0].against]}: within noise."
                )


def _is_clear(figure: Figure) -> bool:
    """Whether a difference is above 0 beyond chance."""
    return figure.low is not None and figure.low > 0


def as_text(found: Backtest) -> str:
    """The whole, for people."""
    lines = [*_head(found), *_scores(found), *_origins(found)]
    for title, groups in (
        (f"tenths of shops by {found.lead}, the best first", found.deciles),
        ("by tier at the origin", found.tiers),
        ("by trust level at the origin", found.levels),
        ("by orders before the origin, fifths of orders", found.volumes),
    ):
        lines += _groups(title, groups, found.differences[0].against if found.differences else "")
    lines += [*_flaps(found), *_bunching(found)]
    if found.cannot_tell:
        lines += ["", "what it cannot tell:", *(f"  {one}" for one in found.cannot_tell)]
    return "\n".join(lines)


def _head(found: Backtest) -> Iterator[str]:
    if found.remember:
        yield found.remember
        yield ""
    counts = found.counts
    yield f"known until {found.known_until:%Y-%m-%d %H:%M} UTC; looked ahead {found.horizon_days} days"
    yield (
        f"{plural(len(found.origins), 'origin')}, {plural(counts.placed, 'order')} after them:"
        f" {counts.labelled:,} known, {counts.bad:,} bad; left out: {counts.unknown:,} unknown yet,"
        f" {counts.called_off:,} called off by buyers or never paid, {counts.excluded:,} excluded"
    )


def _scores(found: Backtest) -> Iterator[str]:
    if not found.scores:
        return
    yield ""
    yield f"{'score':<24}{'order AUC':<26}{'Spearman':<26}"
    for one in found.scores:
        yield f"  {one.name:<22}{_figure(one.auc):<26}{_figure(one.spearman):<26}"
    yield f"{found.lead} less"
    for other in found.differences:
        better = f"better at {other.better_at} of {len(found.origins)}"
        auc, spearman = _figure(other.auc, "+"), _figure(other.spearman, "+")
        yield f"  {other.against:<22}{auc:<26}{spearman:<26}{better}"
    for share in found.calibration:
        yield (
            f"{share.name}: slope {_figure(share.slope, digits=2)}, expected {percent(share.expected)},"
            f" came {percent(share.observed)}; Brier {share.brier:.4f}, of a constant"
            f" {share.brier_constant:.4f}"
            + ("" if share.coverage is None else f"; {percent(share.coverage)} of shops within their range")
        )


def _origins(found: Backtest) -> Iterator[str]:
    if not found.origins:
        return
    yield ""
    yield f"{'origin':<14}{'shops':>8}{'orders':>9}{'bad':>9}   {'AUC of the first score':<26}{'shift':>7}"
    for one in found.origins:
        shift = "–" if one.shift is None else f"{one.shift:.2f}"
        yield (
            f"  {one.moment:%Y-%m-%d}  {one.shops:>8,}{one.orders:>9,}{percent(one.bad_share):>9}   "
            f"{_figure(one.auc):<26}{shift:>7}"
        )


def _groups(title: str, groups: Sequence[Group], other: str) -> Iterator[str]:
    """With how well the leading score ranks within each group, and how much better than the other one."""
    if not groups:
        return
    yield ""
    yield title
    for one in groups:
        share = one.bad_share
        between = "" if share.low is None else f"[{percent(share.low)}, {percent(share.high)}]"
        auc = "" if one.auc.value is None else f"AUC {_figure(one.auc)}"
        if one.gain.value is not None:
            auc += f", {_figure(one.gain, '+')} over {other}"
        orders = f"{one.orders:>9,} orders {percent(share.value):>8}"
        yield f"  {one.label:<16}{orders} {between:<20} {auc}".rstrip()


def _flaps(found: Backtest) -> Iterator[str]:
    if not found.flaps:
        return
    yield ""
    yield "tiers, looked at daily: changes up, down, and taken back within 60 days"
    for one in found.flaps:
        grace = "rows in force" if one.grace == "in force" else f"grace {one.grace} days"
        yield f"  {grace:<16}{one.up:>8,}{one.down:>8,}{one.reversed:>8,}  {percent(one.share)}"


def _bunching(found: Backtest) -> Iterator[str]:
    if not found.bunching:
        return
    yield ""
    yield "do shops gather beyond a cut-off? z, and the share within reach that would be seen"
    for one in found.bunching:
        z = "–" if one.z is None else f"{one.z:+.1f}"
        seen = "not seen" if one.smallest_seen is None else f"{100 * one.smallest_seen:.0f} %"
        yield f"  {one.tier:<16}{one.cut_off:>6g} {one.what:<8}{one.shops:>7,} shops  z {z:<6} {seen}"


def _figure(figure: Figure, sign: str = "", digits: int = 3) -> str:
    if figure.value is None:
        return "–"
    said = f"{figure.value:{sign}.{digits}f}"
    if figure.low is None or figure.high is None:
        return said
    return f"{said} [{figure.low:{sign}.{digits}f}, {figure.high:{sign}.{digits}f}]"
