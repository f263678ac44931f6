"""Members' points after a run, as a section of the report."""

from typing import Any

from sqlalchemy import Connection

from standing.contract.points import POINTS
from standing.database.connect import rows
from standing.publish.publish import TargetChanges
from standing.report.points import LeftAlone, Points, PointsEnd, PointsMoved, Terms
from standing.settings import Settings
from standing.sql import quoted, render

ENDS = """
    select ends_at as at, sum(points)::bigint as points, count(*) as members
    from (
        select user_id, ends_at, sum(points_left) as points from {0}.point_lots
        where points_left > 0 group by user_id, ends_at
    ) as of_members
    group by ends_at order by ends_at nulls last
"""
UNEQUAL = "select count(*) as members from {0}.point_accounts where not agrees"
HELD = "select count(*) as members from standing.holds where target = :target"
IN_FORCE = """
    select * from standing.loyalty_terms where valid_from <= clock_timestamp()
    order by valid_from desc limit 1
"""


def points_of_all(
    connection: Connection, settings: Settings, changes: TargetChanges, written: int, moved: int
) -> Points:
    """What the build and the accounts say; `moved` members were left because their ledger had moved.

    What a run posts is no part of it where nothing of that was `written`.
    """
    build = quoted(settings.build_schema)
    accounts = quoted(settings.application_schema, POINTS.account)
    (totals,) = rows(connection, render("findings/points_totals.sql.j2", accounts=accounts))
    posted = changes.points or {}
    (unequal,) = rows(connection, UNEQUAL.format(build))
    (held,) = rows(connection, HELD, target=POINTS.name)
    left = {
        "the balance is not what the ledger adds up to": unequal["members"],
        "an undo holds them": held["members"],
        "their ledger moved while the run wrote": moved,
    }
    return Points(
        **{name: totals[name] for name in ("outstanding", "members", "owed", "owing", "held")},
        moved=(
            _moved("issued", posted, written, totals["credited"]),
            _moved("taken", posted, written, None),
            _moved("expired", posted, written, totals["expired"]),
            PointsMoved("spent", None, totals["spent"]),
        ),
        ends=tuple(PointsEnd(**one) for one in rows(connection, ENDS.format(build))),
        left_alone=tuple(LeftAlone(why, members) for why, members in left.items() if members),
        terms=_terms(rows(connection, IN_FORCE)),
    )


def _moved(what: str, posted: Any, written: int, in_all: int | None) -> PointsMoved:
    return PointsMoved(what, int(posted[what]) if written and what in posted else 0, in_all)


def _terms(found: list[dict[str, Any]]) -> Terms | None:
    if not found:
        return None
    numbers = {name: int(value) for name, value in found[0].items() if name != "valid_from"}
    return Terms(found[0]["valid_from"], numbers)
