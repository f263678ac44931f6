"""The report's pictures as inline SVG: Altair describes them, vl-convert draws them, no browser needed.

Every picture is drawn for a phone's width and put side by side with others on wider screens. The
numbers that it shows stand in a table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from standing.report.content import Distribution
from standing.report.ends import ENDS
from standing.report.sankey import Flow
from standing.report.svg import data, svg
from standing.report.wording import clean, number, signed

WIDTH = 340  # px, the inner width of a small phone
_TREND = 270  # three fit side by side on a wide screen
_SPARK = 96  # a picture in a table's cell
_LABEL = 104  # px for category names; longer ones end in an ellipsis, the table has them whole
_AXES = {"left": 40, "right": 4, "top": 8, "bottom": 24}  # px around a chart that has axes
_SHORT = "datum.value ? format(datum.value, '~s') : '0'"  # 20k
_MARKS = {"warned": "!", "stopped": "■", "failed": "✕"}  # above the bar of a run, by its verdict
_MOST_CATEGORIES = 12  # more buckets become a histogram
_MOST_COLUMNS = 40  # more are drawn together with their neighbours


@dataclass(frozen=True)
class Point:
    """One run in a trend: its number, its value and how it ended."""

    run_id: int
    value: float
    status: str


def distribution(shown: Distribution) -> Markup | None:
    """Members per bucket: after as bars, before as a line across each; None if there is nothing to draw."""
    if not any(bucket.count for bucket in (*shown.before, *shown.after)):
        return None
    rows = paired(shown)
    spec = _histogram(_merged(rows)) if len(rows) > _MOST_CATEGORIES else _bars(rows)
    largest = max(rows, key=lambda row: row["after"])
    described = (
        f"{len(rows)} groups; the largest, {largest['label']}, holds "
        f"{number(largest['after'])} of {number(sum(row['after'] for row in rows))} {shown.unit}."
    )
    return svg(spec, shown.title, described)


def flow(drawn: Flow, title: str) -> Markup | None:
    """Who moved between levels: bands from where members were (left) to where they are (right)."""
    if not drawn.bands:
        return None
    import altair as alt

    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-_LABEL, drawn.width + _LABEL], nice=False))
    y = alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[0, drawn.height], reverse=True, nice=False))
    bands = [
        alt.Chart(data(band.outline))
        .mark_area(color=f"var(--{band.direction})", opacity=0.55)
        .encode(x=x, y=y, y2="bottom:Q")
        for band in drawn.bands
    ]
    posts: list[dict[str, object]] = [
        {"x": post.x, "x2": post.x + 5, "top": post.top, "bottom": post.bottom} for post in drawn.posts
    ]
    bars = alt.Chart(data(posts)).mark_rect(color="currentColor").encode(x=x, x2="x2:Q", y=y, y2="bottom:Q")
    names = [
        alt.Chart(
            data(
                [
                    {
                        "x": post.x,
                        "top": post.label_at,
                        "text": f"{_short(clean(post.label))}  {number(post.members)}",
                    }
                    for post in drawn.posts
                    if post.left is left
                ]
            )
        )
        .mark_text(
            align="right" if left else "left", dx=-6 if left else 11, baseline="middle", limit=_LABEL - 10
        )
        .encode(x=x, y=y, text="text:N")
        for left in (True, False)
    ]
    picture = alt.layer(*bands, bars, *names).properties(width=WIDTH, height=drawn.height)
    return svg(picture, title, drawn.described)


def trend(points: Sequence[Point], title: str, unit: str) -> Markup | None:
    """One bar a run, oldest first, coloured and, for the ones not passed, marked by verdict."""
    if len(points) < 2:
        return None
    import altair as alt

    rows = [
        {
            "run": str(one.run_id),
            "value": one.value,
            "color": f"var(--{ENDS[one.status].mood})",
            "mark": _MARKS.get(ENDS[one.status].mood, ""),
        }
        for one in points
    ]
    x = alt.X("run:N", sort=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8))
    y = alt.Y(
        "value:Q",
        # a first publication is thousands of times a usual day; both must be seen
        scale=alt.Scale(
            type="symlog", constant=1, domain=[0, 1.6 * max(1, *(one.value for one in points))], nice=False
        ),
        axis=alt.Axis(labelExpr=_SHORT, values=_decades([one.value for one in points])),
    )
    base = alt.Chart(data(rows))
    bars = base.mark_bar(minBandSize=2).encode(x=x, y=y, color=alt.Color("color:N", scale=None))
    marks = (
        base.transform_filter("datum.mark != ''")
        .mark_text(dy=-7, fontSize=11)
        .encode(
            x=x,
            y=y,
            text=alt.Text("mark:N"),
            color=alt.Color("color:N", scale=None),
        )
    )
    last = points[-1]
    described = (
        f"{len(points)} runs, oldest first; run {last.run_id}, the newest: {number(last.value)} {unit}."
    )
    return svg((bars + marks).properties(width=_TREND - 44, height=110, padding=_AXES), title, described)


def sparkline(rows: Sequence[int], runs: Sequence[int], title: str) -> Markup | None:
    """One thin bar a run, oldest first and the newest in ink; for a table's cell. None for a single run."""
    if len(rows) < 2:
        return None
    import altair as alt

    bars = [
        {"run": place, "rows": value, "color": "var(--after)" if place < len(rows) - 1 else "var(--ink)"}
        for place, value in enumerate(rows)
    ]
    picture = (
        alt.Chart(data(bars))
        .mark_bar()
        .encode(
            x=alt.X("run:O", axis=None, scale=alt.Scale(paddingInner=0.25)),
            y=alt.Y("rows:Q", axis=None, scale=alt.Scale(domain=[0, max(1, *rows)], nice=False)),
            color=alt.Color("color:N", scale=None),
        )
        .properties(width=_SPARK, height=24)
    )
    described = f"Runs {runs[0]} to {runs[-1]}, oldest first: {', '.join(number(value) for value in rows)}."
    return svg(picture, title, described)


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


def _bars(rows: list[dict[str, Any]]) -> Any:
    import altair as alt

    texts = [
        number(row["after"])
        if row["before"] is None
        else f"{number(row['after'])} ({signed(row['after'] - row['before'])})"
        for row in rows
    ]
    room = max(58, 7 * max(len(text) for text in texts))
    base = alt.Chart(data([row | {"text": text} for row, text in zip(rows, texts, strict=True)])).encode(
        y=alt.Y("place:N", axis=None, sort=None, scale=alt.Scale(paddingInner=0.35))
    )
    span = max(max(row["after"], row["before"] or 0) for row in rows)
    inner = WIDTH - _LABEL - room
    x = alt.Scale(domain=[0, span * (WIDTH - _LABEL) / inner], nice=False)
    layers = [
        base.mark_bar(color="var(--after)").encode(x=alt.X("after:Q", axis=None, scale=x)),
        base.mark_text(align="right", x=-8, limit=_LABEL - 18).encode(text="label:N"),
        base.mark_text(align="left", dx=7).encode(x=alt.X("edge:Q", scale=x), text="text:N"),
    ]
    if rows[0]["before"] is not None:
        layers.insert(
            1, base.mark_tick(color="var(--before)", thickness=2).encode(x=alt.X("before:Q", scale=x))
        )
    return (
        alt.layer(*layers)
        .transform_calculate(edge="max(datum.after, datum.before)")
        .properties(width=WIDTH - _LABEL, height=27 * len(rows), padding={"left": _LABEL})
    )


def _histogram(rows: list[dict[str, Any]]) -> Any:
    import altair as alt

    base = alt.Chart(data(rows)).encode(
        x=alt.X(
            "label:N",
            sort=None,
            scale=alt.Scale(paddingInner=0.12),
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=6, labelLimit=70),
        )
    )
    y = alt.Y("after:Q", axis=alt.Axis(labelExpr=_SHORT, tickCount=4))
    layers = [base.mark_bar(color="var(--after)").encode(y=y)]
    if rows[0]["before"] is not None:
        layers.append(base.mark_tick(color="var(--before)", thickness=2, bandSize=9).encode(y="before:Q"))
    return alt.layer(*layers).properties(width=WIDTH - 44, height=170, padding=_AXES)


def _short(text: str) -> str:
    """At most 14 characters: the number behind a level's name must stay in the picture."""
    return text if len(text) <= 14 else text[:13] + "…"


def _decades(values: Sequence[float]) -> list[float]:
    """0 and powers of ten up to the largest value, four at most."""
    powers, power = [1.0], 1.0
    while power * 10 <= max(*values, 1):
        power *= 10
        powers.append(power)
    return [0.0, *powers[:: -(-len(powers) // 4)]]
