"""Who moved: levels, tiers and scores before and after a run, from what was published before and the marts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from standing.contract.targets import NUMBERS, Target
from standing.database.connect import rows
from standing.findings.movers import MOVERS, movers_of
from standing.publish.documents import number, step
from standing.report.content import Bucket, Distribution, Ladder, Movement, Mover
from standing.settings import Settings
from standing.sql import quoted


@dataclass(frozen=True)
class Measure:
    """Something to count members by.

    `after` is an expression over the mart, `before` over `old_document`. `step` is the width of a
    bucket for numbers and None for names; `top` is the highest number.
    """

    name: str
    target: str
    title: str
    unit: str
    after: str
    before: str
    step: float | None = None
    top: float = 0


MEASURES = (
    Measure("level", "trust_score", "Trust levels", "members", "level", "old_document ->> 'level'"),
    Measure(
        "overall_score",
        "trust_score",
        "Trust scores",
        "members",
        "overall_score",
        number("old_document", "{overall_score}"),
        step=5,
        top=100,
    ),
    Measure(
        "tier", "tier_info", "Seller tiers", "sellers", "current_tier", "old_document ->> 'current_tier'"
    ),
    Measure(
        "rating",
        "ratings",
        "Mean ratings",
        "sellers",
        "overall",
        number("old_document", "{overall}"),
        step=0.5,
        top=5,
    ),
    Measure(
        "adjusted_rating",
        "ratings",
        "Ratings adjusted for ranking",
        "sellers",
        "adjusted",
        number("old_document", "{adjusted}"),
        step=0.5,
        top=5,
    ),
)

#: Whose moves a report lists, by the number and the level or tier in the mart.
STANDINGS = {
    "trust_score": ("mart.overall_score", "mart.level"),
    "ratings": ("mart.overall", "null::text"),
    "tier_info": ("(mart.document ->> 'tier_level')::numeric", "mart.current_tier"),
}


@dataclass(frozen=True)
class Cell:
    """Members who had `before` (None: nothing published) and now have `after`."""

    before: str | None
    after: str
    members: int


def matrix(
    connection: Connection, settings: Settings, target: Target, measure: Measure, run_id: int | None
) -> list[Cell]:
    """Every member of a mart, counted by bucket before and after the run.

    `run_id` is a run that has published: before is what its history keeps. With None nothing was written,
    and before is what the application's column holds.
    """
    mart = quoted(settings.build_schema, target.mart)
    after, before = (_bucket(measure, part) for part in (f"mart.{measure.after}", measure.before))
    if run_id is None:
        statement = f"""
            select
                case when published.member_id is null then {after} else {before} end as before,
                {after} as after,
                count(*) as members
            from {mart} as mart
            left join (
                select {quoted(target.table_key)} as member_id, {quoted(target.column)} as old_document
                from {quoted(settings.application_schema, target.table)}
            ) as published on published.member_id = mart.{quoted(target.key)}
            group by 1, 2
            order by 1, 2
        """
    else:
        # Whoever was not written has stayed where he is: counting the mart's column needs no document of it.
        statement = f"""
            with written as (
                select {before} as before, {after} as after, count(*) as members
                from standing.history as published
                join {mart} as mart on mart.{quoted(target.key)} = published.member_id
                where published.run_id = :run_id and published.target = :target and published.published_at >= :since
                group by 1, 2
            ),
            everybody as (
                select {after} as after, count(*) as members from {mart} as mart group by 1
            ),
            cells as (
                select before, after, members from written
                union all
                select after, after, members from everybody
                union all
                select after, after, -members from written
            )
            select before, after, sum(members)::bigint as members from cells
            group by 1, 2
            having sum(members) > 0
            order by 1, 2
        """
    since = None if run_id is None else _began(connection, run_id)
    return [
        Cell(**row) for row in rows(connection, statement, run_id=run_id, target=target.name, since=since)
    ]


def _began(connection: Connection, run_id: int) -> datetime | None:
    """The history is found by when it was written, and by day."""
    began: datetime | None = connection.scalar(
        text("select started_at from standing.runs where run_id = :run_id"), {"run_id": run_id}
    )
    return began


def _bucket(measure: Measure, expression: str) -> str:
    if measure.step is None:
        return expression
    # The highest number belongs to the last bucket and not to one of its own.
    inside = f"least({expression}, {measure.top} - {measure.step})"
    return f"(floor({inside} / {measure.step}) * {measure.step})::numeric(6, 1)::text"


def movements(target: Target, cells: list[Cell]) -> tuple[Movement, ...]:
    """The matrix of a named measure, as the report shows it."""
    return tuple(Movement(target.name, cell.before, cell.after, cell.members) for cell in cells)


def distribution(measure: Measure, cells: list[Cell], names: tuple[str, ...]) -> Distribution:
    """Both margins of a matrix. `names` are the buckets of a named measure, lowest first."""
    labels = names or _labels(measure)
    after = dict.fromkeys(labels, 0)
    before = dict.fromkeys(labels, 0)
    for cell in cells:
        after[_label(measure, cell.after)] = after.get(_label(measure, cell.after), 0) + cell.members
        if cell.before is not None:
            key = _label(measure, cell.before)
            before[key] = before.get(key, 0) + cell.members
    return Distribution(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        before=tuple(Bucket(*item) for item in before.items()) if any(before.values()) else (),
        after=tuple(Bucket(*item) for item in after.items()),
    )


def _labels(measure: Measure) -> tuple[str, ...]:
    if measure.step is None:
        return ()
    number = round(measure.top / measure.step)
    return tuple(_label(measure, str(n * measure.step)) for n in range(number))


def _label(measure: Measure, bucket: str) -> str:
    if measure.step is None:
        return bucket
    low = float(bucket)
    return f"{low:g}–{low + measure.step:g}"


def movers(
    connection: Connection, settings: Settings, run_id: int, target: Target, is_stopped: bool
) -> tuple[Mover, ...]:
    """The members whose score, level or tier moved most.

    The old documents are in the history, or in the change sets of a run that the gate stopped.
    """
    since = None if is_stopped else _began(connection, run_id)
    kept_in = "standing.change_sets" if is_stopped else "standing.history"
    written = "" if is_stopped else "and kept.published_at >= :since"
    mart, key = quoted(settings.build_schema, target.mart), quoted(target.key)
    before = number("old_document", "{" + NUMBERS[target.name] + "}")
    step_before = step("old_document", target)
    after, step_after = STANDINGS[target.name]
    # Found by the mart's columns first: of the new documents only theirs are read.
    changed = f"""
        select largest.member_id, largest.old_document, mart.document as new_document
        from (
            select kept.member_id, kept.old_document
            from {kept_in} as kept
            join {mart} as mart on mart.{key} = kept.member_id
            where kept.run_id = {run_id:d} and kept.target = '{target.name}' {written}
                and ({before}, {step_before}) is distinct from ({after}, {step_after})
            order by
                abs({after} - {before}) desc nulls last,
                {step_before} is not distinct from {step_after},
                kept.member_id
            limit {MOVERS}
        ) as largest
        join {mart} as mart on mart.{key} = largest.member_id
    """
    return movers_of(connection, settings, target, changed, since=since)


@dataclass(frozen=True)
class Effects:
    """Whom a run moves. What is empty was not built, or not compared."""

    movements: tuple[Movement, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    movers: tuple[Mover, ...] = ()
