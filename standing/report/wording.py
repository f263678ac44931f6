"""How the report writes numbers, times and texts: the filters of its templates.

Texts come from a database and are hostile until escaped; `words` does that and marks Thai as Thai,
so that browsers break its lines and screen readers speak it correctly.
"""

import re
import unicodedata
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

#: Factors shown of each member listed among the largest changes, here and by `standing diff`.
FACTORS = 4
_THAI = re.compile(r"[\u0e01-\u0e5b]+(?:[\s\d.,:/()–-]*[\u0e01-\u0e5b]+)*")
_NOT_TEXT = {"Cc", "Cs", "Co", "Cn"}
_DIRECTION = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def clean(text: str) -> str:
    """The text with what no page can show (control characters, lone surrogates) or what would turn
    its neighbours' reading direction replaced by U+FFFD; line ends and tabs stay."""
    return "".join(
        "\ufffd"
        if one not in "\n\t" and (one in _DIRECTION or unicodedata.category(one) in _NOT_TEXT)
        else one
        for one in text
    )


def words(text: str) -> Markup:
    """Escaped text for element content (not for attributes), Thai passages with lang="th"."""
    text, parts, end = clean(text), [], 0
    for passage in _THAI.finditer(text):
        parts += [
            escape(text[end : passage.start()]),
            Markup('<span lang="th">{}</span>').format(passage[0]),
        ]
        end = passage.end()
    return Markup("").join([*parts, escape(text[end:])])


def number(value: int | float | Decimal | None) -> str:
    """12,345; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}".replace("-", "−")


def percent(share: float | None) -> str:
    """12.3 % of a share of 1; a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def signed(value: int | float | Decimal) -> str:
    """+12, −3, ±0."""
    return f"{value:+,}".replace("-", "−") if value else "±0"


def duration(seconds: float) -> str:
    """0.42 s, 12.3 s, 3 min 12 s, 1 h 05 min; number and unit stay on one line."""
    if seconds < 9.995:
        return f"{seconds:.2f}\u00a0s"
    if seconds < 59.95:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u00a0min {rest:02}\u00a0s"
    return f"{minutes // 60:,}\u00a0h {minutes % 60:02}\u00a0min"


def zone(name: str) -> tzinfo:
    """The time zone of that name; UTC if this machine does not know it (a report is always written)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def instant(moment: datetime, zone_name: str) -> Markup:
    """A moment in the business time zone and, smaller, in UTC."""
    utc, local = moment.astimezone(UTC), moment.astimezone(zone(zone_name))
    stamp = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    if local.utcoffset() == utc.utcoffset():
        return Markup('<time datetime="{}">{} UTC</time>').format(stamp, day_and_time(utc))
    same_day = utc.date() == local.date()
    beside = f"{utc:%H:%M} UTC" if same_day else f"{day_and_time(utc)} UTC"
    return Markup('<time datetime="{}">{} <small>{} · {}</small></time>').format(
        stamp, day_and_time(local), zone_name.replace("_", " "), beside
    )


def day_and_time(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def name(code: str) -> str:
    """A code as words: top_seller → Top seller."""
    return clean(code).replace("_", " ").strip().capitalize() or "–"
