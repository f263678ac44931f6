"""Sources that had rows when a run last published, and show none, or few, now.

Behind a view or on another server somebody may hide the rows, and no error says so; a table may be renamed
or lost. What its rows say of members would be gone from the scores without a word, so a run stops there.
A full run that a person asks for takes the sources as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from standing.contract.application import SOURCES
from standing.contract.fitness import Misfit
from standing.contract.relations import READ_ONLY, Relations
from standing.database.catalog import rows
from standing.database.owners import Driver, driver
from standing.database.schemas import Application, refuse
from standing.incremental.observed import BuildRequest
from standing.log import logger
from standing.sql import quoted

#: So many rows of a table are looked for. Of one that had fewer, the application may have deleted each.
LOOKED_FOR = 20
#: No trigger follows a view or a foreign table: rows that are hidden there look like rows that never were.
LEAST_SHARE = 0.5
MEANT = "if that is meant: standing run --full"

#: Source → its rows, of a table up to `LOOKED_FOR`; without those that have none.
Filled = Mapping[str, int]

#: What the last run saw that published, or that was approved.
LAST = """
select run_id, summary -> 'filled' as filled
from standing.runs
where status in ('published', 'approved') and summary ? 'filled'
order by run_id desc
limit 1
"""


def look(connection: Driver, schema: str, relations: Relations) -> dict[str, int]:
    """How many rows each source has, see `Filled`; what row security hides here is an error."""
    each = [
        f"select '{source.table}' as name, count(*) as number"
        f" from (select from {quoted(schema, source.table)}"
        f"{f' limit {LOOKED_FOR}' if relations[source.table].is_table else ''}) as found"
        for source in SOURCES
        if source.table in relations
    ]
    if not each:
        return {}
    with connection.transaction(force_rollback=True):
        connection.execute("set local row_security = off")
        return {
            row["name"]: row["number"]
            for row in rows(connection, " union all ".join(each))
            if row["number"]
        }


def lost(now: Filled, before: Mapping[str, Any], relations: Relations) -> Iterator[Misfit]:
    """The sources that had rows and show none, or few, now, each with what to look at."""
    for table, number in before.items():
        relation, seen = relations.get(table), now.get(table, 0)
        if relation is None:
            yield Misfit(table, "is not there any more", f"bring {table} back; {MEANT}")
        elif not relation.is_table:
            few = number >= LOOKED_FOR and seen < number * LEAST_SHARE
            if not seen or few:
                kind = READ_ONLY.get(relation.kind, "a part of a table")
                shows = f"{seen} where there were {number} rows" if seen else "no row any more"
                fix = f"see what {table} reads, and whether its role there sees every row; {MEANT}"
                yield Misfit(table, f"({kind}) shows {shows}", fix)
        elif number >= LOOKED_FOR and not seen:
            yield Misfit(table, "has no row any more", f"see who emptied {table}; {MEANT}")


def found_lost(connection: Driver, schema: str, relations: Relations) -> list[Misfit]:
    """As `lost`, beside the last run that published."""
    last = rows(connection, LAST)
    return list(lost(look(connection, schema, relations), last[0]["filled"], relations)) if last else []


def require_filled(connection: Connection, application: Application, asked: BuildRequest) -> Filled:
    """Raise UnfitDatabase where a source has lost its rows, unless the run was asked to be a full one."""
    now = look(driver(connection), application.schema, application.relations)
    last = connection.execute(text(LAST)).first()
    wrong = list(lost(now, last.filled, application.relations)) if last else []
    if wrong and asked.full:
        named = ", ".join(f"{one.object} {one.problem}" for one in wrong)
        logger(asked.run_id, "find the due").warning("%s; the run was asked to be full and goes on", named)
    elif wrong and last:
        refuse(wrong, f"schema {application.schema!r} lacks rows that run {last.run_id} read")
    return now
