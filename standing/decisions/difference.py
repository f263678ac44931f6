"""What changed documents mean: by column, by level and tier, and for those who move most."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection

from standing.contract.stored import present
from standing.contract.target import Ladder
from standing.contract.targets import DOCUMENTS, AnyTarget, Target, documents_among
from standing.database.connect import rows
from standing.findings.largest_changes import ChangesWanted, largest_changes_of
from standing.findings.replaced_values import explained_otherwise, reworded
from standing.gate.verdict import GateVerdict
from standing.publish.destinations import destinations
from standing.report.causes import Cause
from standing.report.changes import ReplacedValue
from standing.report.moves import MemberChange
from standing.settings import Settings
from standing.sql import quoted
from standing.text import plain

#: Changed documents of a target that nothing touches.
NOTHING = (
    "select null::uuid as member_id, null::jsonb as old_document, null::jsonb as new_document where false"
)


@dataclass(frozen=True)
class ColumnChange:
    """How many members' documents in one column would change, and of those how many in what class."""

    target: str
    column: str  # table.column
    members: int
    changed: int
    by_class: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """Members by level or tier before and after; `cells` is (before, after) → members, None: had none."""

    target: str
    steps: tuple[tuple[str, str], ...]  # code and Thai label, lowest first
    cells: dict[tuple[str | None, str], int]


@dataclass(frozen=True)
class Difference:
    """All of it. `run_id` is the stopped run, or None for a build of its own.

    `replaced` are labels of policy, and the evidence of those of whom nothing graver changes.
    """

    run_id: int | None
    columns: tuple[ColumnChange, ...]
    matrices: tuple[Matrix, ...]
    largest_changes: tuple[MemberChange, ...]
    gate: GateVerdict
    replaced: tuple[ReplacedValue, ...] = ()
    causes: tuple[Cause, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values; a matrix is a list of before, after and members."""
        return {
            "run_id": self.run_id,
            "causes": [asdict(one) for one in self.causes],
            "columns": [asdict(one) for one in self.columns],
            "matrices": [
                {
                    "target": one.target,
                    "steps": [{"code": code, "label_th": label} for code, label in one.steps],
                    "cells": [
                        {"before": before, "after": after, "members": members}
                        for (before, after), members in one.cells.items()
                    ],
                }
                for one in self.matrices
            ],
            "largest_changes": [plain(asdict(one)) for one in self.largest_changes],
            "replaced": [asdict(one) for one in self.replaced],
            "gate": self.gate.to_json(),
        }


def of_build(
    connection: Connection, settings: Settings, targets: tuple[AnyTarget, ...], gate: GateVerdict
) -> Difference:
    """What the build in `settings.build_schema` would change, which has made the documents of `targets`."""
    changed = dict.fromkeys((target.name for target in DOCUMENTS), NOTHING) | {
        target.name: place.changes(target)
        for place in destinations(settings, documents_among(targets))
        for target in place.targets
    }
    return _gather(connection, settings, DOCUMENTS, changed, gate)


def of_stopped_run(
    connection: Connection,
    settings: Settings,
    targets: tuple[AnyTarget, ...],
    run_id: int,
    gate: GateVerdict,
) -> Difference:
    """What a stopped run would have written."""
    changed = {
        target.name: "select member_id, old_document, new_document from standing.change_sets"
        f" where run_id = {run_id:d} and target = '{target.name}'"
        for target in targets
    }
    return _gather(connection, settings, targets, changed, gate, run_id)


def _gather(
    connection: Connection,
    settings: Settings,
    targets: tuple[AnyTarget, ...],
    changed: dict[str, str],
    gate: GateVerdict,
    run_id: int | None = None,
) -> Difference:
    asked = ChangesWanted(run_id, most=None, with_others=True)
    columns = tuple(_column(connection, settings, target, changed[target.name]) for target in targets)
    documents = documents_among(targets)
    ladders = [(target, target.ladder) for target in documents if target.ladder]
    return Difference(
        run_id=run_id,
        columns=columns,
        matrices=tuple(
            _matrix(connection, settings, target, ladder, changed[target.name])
            for target, ladder in ladders
        ),
        largest_changes=tuple(
            change
            for target in documents
            for change in largest_changes_of(connection, settings, target, changed[target.name], asked)
        ),
        gate=gate,
        replaced=tuple(
            one
            for target in documents
            for find in (reworded, explained_otherwise)
            for one in find(connection, target, changed[target.name])
        ),
    )


def _column(connection: Connection, settings: Settings, target: AnyTarget, changed: str) -> ColumnChange:
    application = quoted(settings.application_schema, target.table)
    change_class = destinations(settings, (target,))[0].change_class(target, "old_document", "new_document")
    classes = rows(
        connection,
        f"select {change_class} as change, count(*) as number from ({changed}) as changed group by 1",
    )
    by_class = {row["change"]: row["number"] for row in classes}
    members = rows(connection, f"select count(*) as members from {application}")[0]["members"]
    return ColumnChange(target.name, target.place, members, sum(by_class.values()), by_class)


def _matrix(
    connection: Connection, settings: Settings, target: Target, ladder: Ladder, changed: str
) -> Matrix:
    """Every member: who does not change is in the same step before and after."""
    application = quoted(settings.application_schema, target.table)
    column = present(target, "application")
    cells = rows(
        connection,
        f"""
        select
            coalesce(changed.old_document, {column}) ->> '{ladder.key}' as before,
            coalesce(changed.new_document, {column}) ->> '{ladder.key}' as after,
            count(*) as members
        from {application} as application
        left join ({changed}) as changed on changed.member_id = application.{quoted(target.table_key)}
        group by 1, 2 order by 1, 2
        """,
    )
    steps = rows(
        connection,
        f"select {ladder.code} as code, label_th from {quoted(settings.build_schema, ladder.seed)}"
        f" order by {ladder.rank}",
    )
    return Matrix(
        target.name,
        tuple((step["code"], step["label_th"]) for step in steps),
        {(cell["before"], cell["after"]): cell["members"] for cell in cells},
    )
