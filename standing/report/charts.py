"""The report's pictures as inline SVG: Altair describes them, vl-convert draws them, no browser needed.

Every picture is drawn for a phone's width and put side by side with others on wider screens. The
numbers that it shows stand in a table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from standing.report.background import OverTime
from standing.report.ends import ENDS
from standing.report.sankey import Flow
from standing.report.svg import data, svg
from standing.report.wording import clean, number

WIDTH = 340  # px, the inner width of a small phone
_TREND = 270  # three fit side by side on a wide screen
_WIDEST = 24  # px of a bar of a trend
_SPARK = 96  # a picture in a table's cell
WIDEST = 140  # px beside a flow, for the names of levels with their members
_CHARACTER = 5.6  # px
LABEL = 122  # px for category names; longer ones end in an ellipsis, the table has them whole
AXES = {"left": 40, "right": 4, "top": 8, "bottom": 24}  # px around a chart that has axes
SHORT = "datum.value ? format(datum.value, '~s') : '0'"  # 20k
_MARKS = {"warned": "!", "stopped": "■", "failed": "✕"}  # above the bar of a run, by its verdict


@dataclass(frozen=True)
class Point:
    """One run in a trend: its number, its value and how it ended."""

    run_id: int
    value: float
    status: str


def flow(drawn: Flow, title: str) -> Markup | None:
    """Who moved between levels: bands from where members were (left) to where they are (right)."""
    if not drawn.bands:
        return None
    import altair as alt

    names = {id(post): _named(clean(post.label), number(post.members)) for post in drawn.posts}
    room = min(WIDEST, _CHARACTER * max(len(one) for one in names.values()) + 16)
    beside = drawn.width * room / (WIDTH - 2 * room)  # in the flow's own unit
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-beside, drawn.width + beside], nice=False))
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
    texts = [
        alt.Chart(
            data(
                [
                    {"x": post.x, "top": post.label_at, "text": names[id(post)]}
                    for post in drawn.posts
                    if post.left is left
                ]
            )
        )
        .mark_text(align="right" if left else "left", dx=-6 if left else 11, baseline="middle", limit=room)
        .encode(x=x, y=y, text="text:N")
        for left in (True, False)
    ]
    picture = alt.layer(*bands, bars, *texts).properties(width=WIDTH, height=drawn.height)
    return svg(picture, title, drawn.described)


def trend(points: Sequence[Point], title: str, unit: str, *, by_verdict: bool = True) -> Markup | None:
    """One bar a run, oldest first; coloured and, for the ones not passed, marked by verdict, if asked."""
    if len(points) < 2:
        return None
    import altair as alt

    rows = [
        {
            "run": str(one.run_id),
            "value": one.value,
            "color": f"var(--{ENDS[one.status].mood if by_verdict else 'after'})",
            "mark": _MARKS.get(ENDS[one.status].mood, "") if by_verdict else "",
        }
        for one in points
    ]
    x = alt.X("run:N", sort=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8))
    y = alt.Y(
        "value:Q",
        scale=_scale(max(1, *(one.value for one in points)), by_verdict),
        axis=alt.Axis(labelExpr=SHORT, values=_decades([one.value for one in points]))
        if by_verdict
        else alt.Axis(labelExpr=SHORT, tickCount=3),
    )
    base = alt.Chart(data(rows))
    bars = base.mark_bar(size=max(2, min(_WIDEST, 150 // len(points)))).encode(
        x=x, y=y, color=alt.Color("color:N", scale=None)
    )
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
    return svg((bars + marks).properties(width=_TREND - 44, height=110, padding=AXES), title, described)


def over_time(shown: OverTime) -> Markup | None:
    """Members by level or tier, day by day, the lowest at the bottom; None for a single day."""
    if len(shown.days) < 2:
        return None
    import altair as alt

    bands = [
        {"at": day.at.timestamp() * 1000, "place": place, "members": members, "shade": shade(shown, place)}
        for day in shown.days
        for place, members in enumerate(day.members)
    ]
    picture = (
        alt.Chart(data(bands))
        .mark_area(stroke="var(--paper)", strokeWidth=0.6)
        .encode(
            x=alt.X(
                "at:T",
                scale=alt.Scale(type="utc", nice=False),
                axis=alt.Axis(format="%-d %b %y", tickCount=3, grid=False, labelFlush=True),
            ),
            y=alt.Y("members:Q", stack="zero", axis=alt.Axis(labelExpr=SHORT, tickCount=4)),
            detail="place:O",
            order=alt.Order("place:O"),
            color=alt.Color("shade:N", scale=None),
        )
        .properties(width=WIDTH - 44, height=170, padding=AXES)
    )
    first, last = shown.days[0], shown.days[-1]
    counts = ", ".join(
        f"{label} {number(then)} to {number(now)}"
        for label, then, now in zip(shown.steps, first.members, last.members, strict=True)
    )
    return svg(picture, f"{shown.title} over time", f"{len(shown.days)} days: {counts} {shown.unit}.")


def shade(shown: OverTime, place: int) -> str:
    """The colour of a step: the higher, the stronger."""
    strength = 22 + 78 * place // max(1, len(shown.steps) - 1)
    return f"color-mix(in srgb, var(--after) {strength}%, var(--paper))"


def _scale(largest: float, by_powers: bool) -> Any:
    """From 0. By powers of ten where a first publication is thousands of times a usual day."""
    import altair as alt

    if by_powers:
        return alt.Scale(type="symlog", constant=1, domain=[0, 1.6 * largest], nice=False)
    return alt.Scale(domain=[0, 1.1 * largest], nice=False)


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


def _named(label: str, members: str) -> str:
    """A level's name, shortened where the number behind it would not stay in the picture."""
    most = 23 - len(members)
    return f"{label if len(label) <= most else label[: most - 1] + '…'}  {members}"


def _decades(values: Sequence[float]) -> list[float]:
    """0 and powers of ten up to the largest value, four at most."""
    powers, power = [1.0], 1.0
    while power * 10 <= max(*values, 1):
        power *= 10
        powers.append(power)
    return [0.0, *powers[:: -(-len(powers) // 4)]]
