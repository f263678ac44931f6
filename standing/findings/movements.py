"""Who moved: levels, tiers and scores as published before a run, and in its marts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from standing.contract.stored import present
from standing.contract.targets import Target
from standing.database.connect import rows
from standing.findings.largest_changes import EXAMPLES, ChangesWanted, largest_changes_of
from standing.findings.replaced_values import reworded
from standing.publish.documents import number, step
from standing.report.changes import ReplacedValue
from standing.report.content import Bucket, Distribution, Ladder, Movement
from standing.report.moves import MemberChange
from standing.settings import Settings
from standing.sql import quoted, render


@dataclass(frozen=True)
class Measure:
    """Something to count a target's members by: a key of the document.

    `step` is the width of a bucket for numbers and None for levels and tiers.
    """

    name: str
    target: Target
    title: str
    key: str
    step: float | None = None
    counts: str = ""

    @property
    def without(self) -> str:
        """What is said of members who have no such number."""
        return f"no {self.counts.removeprefix('total_')} yet"

    @property
    def after(self) -> str:
        """An expression over the mart."""
        return _in_mart(self.target, self.key, is_number=self.step is not None)

    @property
    def before(self) -> str:
        """An expression over `old_document`."""
        return _in_document("old_document", self.key, is_number=self.step is not None)

    @property
    def top(self) -> float:
        """The highest number."""
        return self.target.document.key(self.key).highest or 0


def measures_of(target: Target) -> tuple[Measure, ...]:
    """By level or tier, then by numbers."""
    ladder = target.ladder
    steps = [Measure(ladder.code, target, ladder.plural, ladder.key)] if ladder else []
    numbers = [
        Measure(one.name, target, one.title, one.key, one.width, one.counts) for one in target.histograms
    ]
    return (*steps, *numbers)


def _in_mart(target: Target, key: str, is_number: bool) -> str:
    return f"mart.{key}" if key in target.mart_columns else _in_document("mart.document", key, is_number)


def _in_document(document: str, key: str, is_number: bool) -> str:
    return number(document, f"{{{key}}}") if is_number else f"{document} ->> '{key}'"


@dataclass(frozen=True)
class Cell:
    """Members who had `before` (None: nothing published) and now have `after`."""

    before: str | None
    after: str
    members: int


def matrix(connection: Connection, settings: Settings, measure: Measure, run_id: int | None) -> list[Cell]:
    """Every member of a mart, counted by bucket before and after the run.

    `run_id` is a run that has published: before is what its history keeps. With None nothing was written,
    and before is what the application's column holds.
    """
    target = measure.target
    statement = render(
        "findings/matrix.sql.j2",
        has_written=run_id is not None,
        before=_bucket(measure, measure.before, "old_document"),
        after=_bucket(measure, measure.after, "mart.document"),
        mart=quoted(settings.build_schema, target.mart),
        key=quoted(target.key),
        table=quoted(settings.application_schema, target.table),
        table_key=quoted(target.table_key),
        present=present(target, "application"),
    )
    since = None if run_id is None else _began(connection, run_id)
    return [
        Cell(**row) for row in rows(connection, statement, run_id=run_id, target=target.name, since=since)
    ]


def _began(connection: Connection, run_id: int) -> datetime | None:
    """When the run began: its own documents are those that it wrote since."""
    began: datetime | None = connection.scalar(
        text("select started_at from standing.runs where run_id = :run_id"), {"run_id": run_id}
    )
    return began


def _bucket(measure: Measure, expression: str, document: str) -> str:
    if measure.step is None:
        return expression
    # The highest number belongs to the last bucket and not to one of its own.
    inside = f"least({expression}, {measure.top} - {measure.step})"
    bucket = f"(floor({inside} / {measure.step}) * {measure.step})::numeric(6, 1)::text"
    if not measure.counts:
        return bucket
    counted = number(document, f"{{{measure.counts}}}")
    return f"case when {counted} = 0 then '{measure.without}' else {bucket} end"


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
        unit=measure.target.members.unit,
        before=tuple(Bucket(*item) for item in before.items()) if any(before.values()) else (),
        after=tuple(Bucket(*item) for item in after.items()),
    )


def _labels(measure: Measure) -> tuple[str, ...]:
    if measure.step is None:
        return ()
    number = round(measure.top / measure.step)
    steps = tuple(_label(measure, str(n * measure.step)) for n in range(number))
    return (measure.without, *steps) if measure.counts else steps


def _label(measure: Measure, bucket: str) -> str:
    if measure.step is None or bucket == measure.without:
        return bucket
    low = float(bucket)
    return f"{low:g}–{low + measure.step:g}"


def moved(
    connection: Connection, settings: Settings, run_id: int, target: Target, is_stopped: bool
) -> tuple[str, dict[str, Any]]:
    """A query of those whose score, level or tier a run moves, with its parameters.

    The old documents are in the history, or in the change sets of a run that the gate stopped.
    """
    statement = render(
        "findings/moved.sql.j2",
        is_stopped=is_stopped,
        mart=quoted(settings.build_schema, target.mart),
        key=quoted(target.key),
        before=number("old_document", "{" + target.number + "}"),
        after=_in_mart(target, target.number, is_number=True),
        step_before=step("old_document", target),
        step_after=_in_mart(target, target.ladder.key, is_number=False) if target.ladder else "null::text",
    )
    since = None if is_stopped else _began(connection, run_id)
    return statement, {"run_id": run_id, "target_name": target.name, "since": since}


def largest_changes(
    connection: Connection, settings: Settings, run_id: int, target: Target, is_stopped: bool
) -> tuple[MemberChange, ...]:
    """The members whose score, level or tier changed most, some of each cause."""
    statement, parameters = moved(connection, settings, run_id, target, is_stopped)
    asked = ChangesWanted(run_id=run_id, most=EXAMPLES)
    return largest_changes_of(connection, settings, target, statement, asked, **parameters)


def reworded_in(
    connection: Connection, settings: Settings, run_id: int, target: Target, is_stopped: bool
) -> tuple[ReplacedValue, ...]:
    """The labels of policy that are other ones in what the run has written, or the gate stopped."""
    if is_stopped:
        changed = (
            "select member_id, old_document, new_document from standing.change_sets"
            " where run_id = :run_id and target = :target_name"
        )
        return reworded(connection, target, changed, run_id=run_id, target_name=target.name)
    mart = quoted(settings.build_schema, target.mart)
    changed = (
        "select replaced.member_id, replaced.old_document, mart.document as new_document"
        f" from standing.history as replaced join {mart} as mart on mart.{quoted(target.key)} ="
        " replaced.member_id where replaced.run_id = :run_id and replaced.target = :target_name"
        " and replaced.published_at >= :since"
    )
    since = _began(connection, run_id)
    return reworded(connection, target, changed, run_id=run_id, target_name=target.name, since=since)


@dataclass(frozen=True)
class Effects:
    """Whom a run moves. What is empty was not built, or not compared."""

    movements: tuple[Movement, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    largest_changes: tuple[MemberChange, ...] = ()
    reworded: tuple[ReplacedValue, ...] = ()
