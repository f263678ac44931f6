"""The pictures of the newest backtest: tenths of shops, and origin by origin."""

from markupsafe import Markup

from standing.report.charts import AXES, WIDTH
from standing.report.foretold import Foretold
from standing.report.svg import data, svg
from standing.report.wording import percent


def tenths(shown: Foretold) -> Markup | None:
    """The share that went wrong of each tenth of shops, as bars with their intervals and numbers."""
    found = [one for one in shown.tenths if one.share is not None]
    if len(found) < 2:
        return None
    import altair as alt

    rows = [
        {
            "label": one.label,
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "text": percent(one.share),
        }
        for one in found
    ]
    most = max(one.high or one.share or 0 for one in found)
    x = alt.X("label:N", sort=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 1.12 * most]), axis=alt.Axis(format=".0%", tickCount=4))
    base = alt.Chart(data(rows)).encode(x=x)
    bars = base.mark_bar(color="var(--after)", size=20).encode(y=y)
    ranges = base.mark_rule(color="var(--before)", strokeWidth=2).encode(y="low:Q", y2="high:Q")
    texts = base.mark_text(dy=-5, fontSize=9).encode(y="high:Q", text="text:N")
    picture = alt.layer(bars, ranges, texts).properties(width=WIDTH - 44, height=170, padding=AXES)
    described = f"From the best tenth to the worst: {', '.join(percent(one.share) for one in found)}."
    return svg(picture, "Orders that went wrong, by tenth of shops", described)


def by_origin(shown: Foretold) -> Markup | None:
    """The AUC at each origin with its band; 0.5, where a score knows nothing, as a line."""
    found = [one for one in shown.origins if one.auc is not None]
    if len(found) < 2:
        return None
    import altair as alt

    rows = [
        {"at": one.moment.timestamp() * 1000, "auc": one.auc, "low": one.low, "high": one.high}
        for one in found
    ]
    values = [one for row in found for one in (row.low, row.high, row.auc) if one is not None]
    scale = alt.Scale(domain=[min(0.48, *values), max(0.6, *values)], nice=True)
    x = alt.X(
        "at:T",
        scale=alt.Scale(type="utc", nice=False),
        axis=alt.Axis(format="%-d %b %y", tickCount=3, grid=False, labelFlush=True),
    )
    axis = alt.Axis(format=".2f", tickCount=4)
    base = alt.Chart(data(rows)).encode(x=x)
    band = base.mark_area(color="var(--after)", opacity=0.25).encode(
        y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q"
    )
    line = base.mark_line(color="var(--after)", point={"color": "var(--after)"}).encode(
        y=alt.Y("auc:Q", scale=scale, axis=axis)
    )
    chance = (
        alt.Chart(data([{"auc": 0.5}]))
        .mark_rule(color="var(--before)", strokeDash=[4, 3])
        .encode(y=alt.Y("auc:Q", scale=scale, axis=axis))
    )
    picture = alt.layer(band, line, chance).properties(width=WIDTH - 44, height=170, padding=AXES)
    described = f"{len(found)} origins: {', '.join(f'{one.auc:.3f}' for one in found)}."
    return svg(picture, "Order AUC by origin", described)


def pictures(shown: Foretold | None) -> tuple[Markup | None, Markup | None]:
    """Both, in their order."""
    return (None, None) if shown is None else (tenths(shown), by_origin(shown))
