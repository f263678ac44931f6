"""Where members stand, before and after a run: numbers and pictures, drawn to one scale side by side."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from standing.report.charts import AXES, LABEL, SHORT, WIDTH
from standing.report.content import Bucket, Distribution, Ladder, RunReport
from standing.report.svg import data, svg
from standing.report.wording import clean, name, number, signed

_BEYOND = 1.15  # of the largest count now: how far a scale reaches
_MOST_CATEGORIES = 12  # more buckets become a histogram
_MOST_COLUMNS = 40  # more are drawn together with their neighbours


def drawn(run: RunReport) -> list[tuple[Distribution, Markup | None, list[dict[str, Any]]]]:
    """Each with levels and tiers by their labels, drawn to one scale with those of its kind beside it."""
    shown = [_labelled(one, run.ladders) for one in run.distributions]
    largest = largest_of(shown)
    return [(one, distribution(one, most), paired(one)) for one, most in zip(shown, largest, strict=True)]


def _labelled(shown: Distribution, ladders: Sequence[Ladder]) -> Distribution:
    names = [{step.code: step.label_en or name(step.code) for step in one.steps} for one in ladders]
    codes = {bucket.label for bucket in (*shown.before, *shown.after)}
    known = next((labels for labels in names if codes <= labels.keys()), {})

    def labelled(buckets: Sequence[Bucket]) -> tuple[Bucket, ...]:
        return tuple(replace(one, label=known.get(one.label, one.label)) for one in buckets)

    return replace(shown, before=labelled(shown.before), after=labelled(shown.after))


def largest_of(shown: Sequence[Distribution]) -> list[int]:
    """For each distribution the largest count now of those that are drawn alike and count the same."""
    kinds = [(one.unit, len(paired(one)) > _MOST_CATEGORIES) for one in shown]
    most: dict[tuple[str, bool], int] = {}
    for kind, one in zip(kinds, shown, strict=True):
        rows = _merged(paired(one)) if kind[1] else paired(one)
        most[kind] = max(most.get(kind, 0), *(row["after"] for row in rows), 0)
    return [most[kind] for kind in kinds]


def distribution(shown: Distribution, most: int = 0) -> Markup | None:
    """Members per bucket: after as bars, before as a line across each; None if there is nothing to draw.

    `most` is the largest count beside it, so that all are drawn to one scale. A line beyond the scale, such
    as that of a default which everybody had, stands at its end with its number.
    """
    if not any(bucket.count for bucket in (*shown.before, *shown.after)):
        return None
    rows = paired(shown)
    most = max(most, largest_of([shown])[0], 1)
    spec = _histogram(_merged(rows), most) if len(rows) > _MOST_CATEGORIES else _bars(rows, most)
    largest = max(rows, key=lambda row: row["after"])
    described = (
        f"{len(rows)} groups; the largest, {largest['label']}, holds "
        f"{number(largest['after'])} of {number(sum(row['after'] for row in rows))} {shown.unit}."
    )
    return svg(spec, shown.title, described)


def paired(shown: Distribution) -> list[dict[str, Any]]:
    """One row (place, label, after, before) a bucket: of `after`, then those only `before` has."""
    before = {bucket.label: bucket.count for bucket in shown.before}
    after = {bucket.label: bucket.count for bucket in shown.after}
    labels = [*after, *(label for label in before if label not in after)]
    return [
        {
            "place": place,
            "label": clean(label),
            "after": after.get(label, 0),
            "before": before.get(label, 0) if before else None,
        }
        for place, label in enumerate(labels)
    ]


def _merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring buckets together until at most _MOST_COLUMNS are left."""
    step = -(-len(rows) // _MOST_COLUMNS)
    lots = [rows[at : at + step] for at in range(0, len(rows), step)]
    return [
        {
            "place": lot[0]["place"],
            "label": lot[0]["label"],
            "after": sum(row["after"] for row in lot),
            "before": None if lot[0]["before"] is None else sum(row["before"] for row in lot),
        }
        for lot in lots
    ]


def _within(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The rows with where their line stands, and its number where that is beyond the scale."""
    top = most * _BEYOND
    return [
        row
        | {
            "line": None if row["before"] is None else min(row["before"], top),
            "beyond": number(row["before"]) if (row["before"] or 0) > top else "",
        }
        for row in rows
    ]


def _bars(rows: list[dict[str, Any]], most: int) -> Any:
    import altair as alt

    texts = [
        number(row["after"])
        if row["before"] is None
        else f"{number(row['after'])} ({signed(row['after'] - row['before'])})"
        for row in rows
    ]
    room = max(58, 7 * max(len(text) for text in texts))
    shown = [row | {"text": text} for row, text in zip(_within(rows, most), texts, strict=True)]
    base = alt.Chart(data(shown)).encode(
        y=alt.Y("place:N", axis=None, sort=None, scale=alt.Scale(paddingInner=0.35))
    )
    span = most * _BEYOND
    inner = WIDTH - LABEL - room
    x = alt.Scale(domain=[0, span * (WIDTH - LABEL) / inner], nice=False)
    layers = [
        base.mark_bar(color="var(--after)").encode(x=alt.X("after:Q", axis=None, scale=x)),
        base.mark_text(align="right", x=-8, limit=LABEL - 12).encode(text="label:N"),
        base.mark_text(align="left", dx=7).encode(x=alt.X("edge:Q", scale=x), text="text:N"),
    ]
    if rows[0]["before"] is not None:
        layers.insert(
            1, base.mark_tick(color="var(--before)", thickness=2).encode(x=alt.X("line:Q", scale=x))
        )
    return (
        alt.layer(*layers)
        .transform_calculate(edge="max(datum.after, datum.line)")
        .properties(width=WIDTH - LABEL, height=27 * len(rows), padding={"left": LABEL})
    )


def _histogram(rows: list[dict[str, Any]], most: int) -> Any:
    import altair as alt

    base = alt.Chart(data(_within(rows, most))).encode(
        x=alt.X(
            "label:N",
            sort=None,
            scale=alt.Scale(paddingInner=0.12),
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=6, labelLimit=70),
        )
    )
    scale = alt.Scale(domain=[0, most * _BEYOND], nice=False)
    y = alt.Y("after:Q", axis=alt.Axis(labelExpr=SHORT, tickCount=4), scale=scale)
    layers = [base.mark_bar(color="var(--after)").encode(y=y)]
    if rows[0]["before"] is not None:
        line = base.mark_tick(color="var(--before)", thickness=2, bandSize=9)
        beyond = base.mark_text(align="left", dx=8, baseline="top", fill="var(--muted)")
        layers.append(line.encode(y=alt.Y("line:Q", scale=scale)))
        layers.append(beyond.encode(y=alt.Y("line:Q", scale=scale), text="beyond:N"))
    return alt.layer(*layers).properties(width=WIDTH - 44, height=170, padding=AXES)
