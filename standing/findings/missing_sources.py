"""What is out of reach for members because the application lacks a source."""

from sqlalchemy import Connection, text

from standing.contract.gaps import Gap, gaps
from standing.database.schemas import read_application
from standing.report.content import MissingSource
from standing.settings import Settings
from standing.sql import quoted, render


def missing_sources(connection: Connection, settings: Settings, scored: bool) -> tuple[MissingSource, ...]:
    """Every gap, with the highest trust level that can be reached without it, and all of them together.

    The levels are told where trust was `scored`, so that its policy is there.
    """
    application = read_application(connection, settings.application_schema)
    found = {
        table: {name: kind for name, kind in columns.items() if f"{table}.{name}" not in application.empty}
        for table, columns in application.columns.items()
    }
    missing = gaps(found)
    effects = [
        MissingSource(
            gap.table,
            gap.columns if gap.table in found else (),
            gap.loss.effect + _reach(connection, settings, gap.loss.metrics if scored else ()),
        )
        for gap in missing
    ]
    together = tuple(metric for gap in missing for metric in gap.loss.metrics)
    if scored and len([gap for gap in missing if gap.loss.metrics]) > 1:
        effects.append(
            MissingSource("all of these", (), "together" + _reach(connection, settings, together))
        )
    return tuple(_whole_tables(effects, missing, set(found)))


def _whole_tables(
    gaps: list[MissingSource], missing: tuple[Gap, ...], tables: set[str]
) -> list[MissingSource]:
    """One line for a table that is missing whole, however many gaps that makes."""
    absent = {gap.table for gap in missing if gap.table not in tables}
    lines: dict[str, MissingSource] = {}
    rest = []
    for one in gaps:
        if one.table in absent:
            before = lines.get(one.table)
            effect = f"{before.effect}; {one.effect}" if before else one.effect
            lines[one.table] = MissingSource(one.table, (), effect)
        else:
            rest.append(one)
    return [*lines.values(), *rest]


def _reach(connection: Connection, settings: Settings, metrics: tuple[str, ...]) -> str:
    """The best score and level without the points of these metrics; nothing where there are none."""
    if not metrics:
        return ""
    scorecard, trust_levels = (
        quoted(settings.build_schema, model) for model in ("int_scorecard", "int_trust_levels")
    )
    statement = render("findings/reach.sql.j2", scorecard=scorecard, trust_levels=trust_levels)
    row = connection.execute(text(statement), {"metrics": list(metrics)}).first()
    return f": trust reaches {row.score:.1f} at most, level {row.level}" if row else ""
