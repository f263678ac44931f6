"""Members by level and tier over the days, from the run registry, and where documents come from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from standing.contract.application import SOURCES
from standing.contract.target import Target
from standing.database.connect import rows
from standing.report.background import Day, Lineage, OverTime
from standing.report.content import Distribution, Ladder
from standing.report.wording import name
from standing.settings import Settings
from standing.sql import render

#: How policy begins among the sources of a key.
SEEDS = "seeds/"
TABLES = tuple(source.table for source in SOURCES)


def over_time(
    connection: Connection,
    settings: Settings,
    as_of: datetime,
    ladders: Sequence[Ladder],
    distributions: Sequence[Distribution],
) -> tuple[OverTime, ...]:
    """For each ladder the days of which a run, or a replay of a past moment, says who stood where.

    `distributions` are those of the run at `as_of`. A day has what its last run counted.
    """
    found = []
    for ladder in ladders:
        codes = tuple(step.code for step in ladder.steps)
        own = next((one for one in distributions if {b.label for b in one.after} == set(codes)), None)
        if own is None:
            continue
        counted = rows(
            connection,
            render("findings/levels_over_time.sql.j2"),
            as_of=as_of,
            zone=settings.business_time_zone,
            spread=own.name,
        )
        days = [Day(row["as_of"], tuple(row["members"].get(code, 0) for code in codes)) for row in counted]
        now = {bucket.label: bucket.count for bucket in own.after}
        days.append(Day(as_of, tuple(now[code] for code in codes)))
        labels = tuple(step.label_en or name(step.code) for step in ladder.steps)
        found.append(OverTime(ladder.title, f"{ladder.unit}s", labels, tuple(days)))
    return tuple(found)


def lineage(target: Target) -> Lineage:
    """Where the document comes from, as its entry in the contract says."""
    keys = target.document.sources
    named = list(dict.fromkeys(source for sources in keys.values() for source in sources))
    return Lineage(
        target=target.name,
        tables=tuple(table for table in TABLES if table in {one.partition(".")[0] for one in named}),
        policy=tuple(one for one in named if one.startswith(SEEDS)),
        facts=target.facts,
        mart=target.mart,
        column=target.place,
        keys=keys,
    )
