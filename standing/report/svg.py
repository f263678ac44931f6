"""From an Altair chart to an accessible SVG that lives inside the page.

Colours are CSS variables of the page, so one picture serves light, dark and print. A picture that
cannot be drawn is left out: the table beside it says the same.
"""

import re
import zlib
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from standing.report.wording import clean

_ATTRIBUTE = re.compile(r' (?:d|transform)="[^"]*"')
_LONG = re.compile(r"(\d\.\d\d)\d+(?!e)")
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "aria": False,  # the picture is one image to a screen reader, with its own title and description
    "font": "sans-serif",
    # text is wider in some fonts than in those vega measures with: fixed room, not fitted room
    "autosize": {"type": "none"},
    "padding": 0,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "title": None,
        "gridColor": "var(--rule)",
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "labelPadding": 6,
    },
    "text": {"fontSize": 12, "fill": "currentColor"},
}


def data(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as inline data of a chart."""
    import altair as alt

    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def svg(picture: Any, title: str, described: str) -> Markup | None:
    """The picture as an <svg> with title and description; None if it could not be drawn."""
    import vl_convert  # 0.4 s for the first picture: it starts a JavaScript engine

    title, described = clean(title), clean(described)
    spec = picture.configure(**_CONFIG).to_dict(validate=False)
    try:
        drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    except ValueError:  # what vl-convert raises for everything
        return None
    head = re.match(r'<svg [^>]*viewBox="([\d. -]*)"[^>]*>', drawn)
    if head is None:
        return None
    # several pictures share a page, so their inner ids must differ
    own = f"c{zlib.crc32((title + described + drawn).encode()):08x}"
    inner = re.sub(r'(id="|url\(#)(clip|gradient)', rf"\g<1>{own}\g<2>", drawn[head.end() :])
    inner = inner.replace('font-family="sans-serif" ', "")  # the page's fonts, which know Thai
    # vega gives every group of marks a role but no name; the picture as a whole has both
    inner = re.sub(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"<>]*")', "", inner)
    # a hundredth of a pixel is enough, and half the size
    inner = _ATTRIBUTE.sub(lambda found: _LONG.sub(r"\1", found[0]), inner)
    title, described = escape(title), escape(described)
    return Markup(  # noqa: S704 - vega escapes a picture's texts; tested with hostile ones
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{head[1]}" role="img" '
        f'aria-label="{title}" aria-describedby="{own}d">'
        f'<title>{title}</title><desc id="{own}d">{described}</desc>{inner}'
    )
