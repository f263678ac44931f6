"""A member's points as a table for people."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from standing.text import plural
from standing.why.points import PointsExplanation

#: What a lot is called, by its source; others are the application's own entries.
SOURCES = {
    "order": "order",
    "signup": "welcome bonus",
    "referral": "referral",
    "opening": "balance before points began",
    "restore": "given back",
}
#: Lots of which nothing is left are shown, the newest so many.
SHOWN = 10
#: Totals of the account → column.
TOTALS = {"held": "points_pending", "credited in all": "points_lifetime", "ended": "points_expired"}


def points_as_text(found: PointsExplanation, zone_name: str) -> str:
    """The balance as a sum, the lots, what comes next, and what does not agree. Times are of the zone."""
    zone = ZoneInfo(zone_name)
    lines = [*_sum(found), *_lots(found, zone)]
    coming = {"spendable from": found.holds[:1], "next end": found.ends[:1], "ended": found.ended}
    for title, listed in coming.items():
        lines += [
            f"{title} {_when(one['at'], zone)}: {_points(one['points'])}" for one in listed if one["at"]
        ]
    if owed := found.account["owed"]:
        lines.append(f"owed: {_points(owed)}, met by the next credits")
    if found.disagreements:
        lines += ["", "what does not agree:", *(f"  {one}" for one in found.disagreements)]
    else:
        lines.append("balance, ledger, keys and lots agree")
    return "\n".join([*lines, "", f"as of {_when(found.as_of, zone)} ({zone_name})"])


def _sum(found: PointsExplanation) -> list[str]:
    """The balance: the opening, and the ledger's entries by what they were for."""
    account = found.account
    lines = []
    if account["opening"]:
        lines.append(f"{SOURCES['opening']:<44}{account['opening']:>+10,.0f}")
    for one in found.entries:
        name = one["what"] if one["source"] == "expiry" else f"{one['what']}, {_name(one['source'])}"
        number = plural(one["entries"], "entry", "entries")
        lines.append(f"{name:<44}{one['points']:>+10,.0f}  {number}")
    lines.append(f"{'points balance':<44}{account['points_balance']:>10,.0f}")
    for name, column in TOTALS.items():
        if account[column] is not None:
            lines.append(f"{name:<44}{account[column]:>10,.0f}")
    return lines


def _lots(found: PointsExplanation, zone: ZoneInfo) -> list[str]:
    kept = [one for one in found.lots if one["is_held"] or one["points_left"]]
    gone = [one for one in found.lots if one not in kept]
    lines = [""]
    if kept:
        lines += ["lots, in the order in which they are spent:", *(_lot(one, zone) for one in kept), ""]
    if gone:
        newest = f", the newest {SHOWN} of {len(gone)}" if len(gone) > SHOWN else ""
        lines += [f"of which nothing is left{newest}:", *(_lot(one, zone) for one in gone[:SHOWN]), ""]
    return lines


def _lot(one: dict[str, Any], zone: ZoneInfo) -> str:
    what = " ".join(filter(None, (_name(one["source"]), one["source_id"])))
    since = _when(one["credited_at"], zone) if one["credited_at"] else ""
    if one["is_held"]:
        left = f"{one['points']:>8,.0f} held until then"
    elif not one["points_left"]:
        left = f"{one['points']:>8,.0f}" if one["points"] else f"{'':>8} reversed"
    else:
        until = f"until {_when(one['ends_at'], zone)}" if one["ends_at"] else "without an end"
        left = f"{one['points_left']:>8,.0f} left of {one['points']:,.0f}, {until}"
    return f"  {what:<56}{since:<18}{left}".rstrip()


def _points(number: Any) -> str:
    return f"{number:,.0f} {'point' if number == 1 else 'points'}"


def _name(source: str | None) -> str:
    return SOURCES.get(source or "", source or "no source")


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
