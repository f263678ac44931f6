"""Change sets: what a stopped run would have written, kept until somebody decides."""

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import TARGETS, Target, targets_of
from standing.gate.held import among
from standing.publish.change_classes import change_class
from standing.publish.documents import candidate, present
from standing.publish.publish import TargetChanges
from standing.publish.statement import ChangeTable
from standing.publish.writer import by_table
from standing.settings import Settings
from standing.sql import quoted
from standing.state.history import written_by


def keep(
    engine: Engine,
    settings: Settings,
    targets: tuple[Target, ...],
    run_id: int,
    depends_on: Mapping[str, str],
) -> int:
    """Keep the old and the new document of every member who would change; gives their number.

    `depends_on` is target → what its documents were made from. Members who are merely due for their review
    are left out: they stay due, and nothing of them changes.
    """
    number = 0
    with engine.begin() as connection:
        drop(connection, run_id)
        for target in targets:
            connection.execute(
                text("insert into standing.change_set_builds values (:run_id, :target, :depends_on)"),
                {"run_id": run_id, "target": target.name, "depends_on": depends_on[target.name]},
            )
        for group in by_table(targets):
            table = ChangeTable(settings, group)
            for target in group:
                statement = f"""
                    insert into standing.change_sets (run_id, target, member_id, old_document, new_document)
                    select :run_id, '{target.name}', pairs.*
                    from ({changed_documents(table, target)}) as pairs
                """
                number += connection.execute(text(statement), {"run_id": run_id}).rowcount
        connection.execute(text("analyze standing.change_sets"))
    return number


def held_by(connection: Connection, run_id: int) -> tuple[Target, ...]:
    """The targets of which a stopped run keeps what it would have written."""
    kept = connection.scalars(
        text("select target from standing.change_set_builds where run_id = :run_id"), {"run_id": run_id}
    ).all()
    if kept:
        return among(TARGETS, kept)
    # Of a run that an earlier version stopped: it held all of its selection.
    found = connection.execute(
        text("select selection from standing.runs where run_id = :run_id"), {"run_id": run_id}
    )
    return targets_of(found.scalar_one())


def count(engine: Engine, targets: tuple[Target, ...], run_id: int, by: int) -> list[TargetChanges]:
    """Documents that a stopped run would have changed, by target; once decided, those `by` wrote."""
    documents = ("old_document", "new_document")
    classes = " union all ".join(
        f"select '{target.name}' as target, {change_class(target, *documents)} as change"
        f" from standing.change_sets where run_id = :run_id and target = '{target.name}'"
        for target in targets
    )
    by_target: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        found = f"select target, change, count(*) as number from ({classes}) as classes group by 1, 2"
        for row in connection.execute(text(found), {"run_id": run_id}):
            by_target.setdefault(row.target, {})[row.change] = row.number
        numbers = {name: sum(one.values()) for name, one in by_target.items()}
        numbers = numbers or written_by(connection, by, targets)
    return [
        TargetChanges(name, numbers.get(name, 0), numbers.get(name, 0), 0, by_class=by_target.get(name, {}))
        for name in (target.name for target in targets)
    ]


def changed_documents(table: ChangeTable, target: Target) -> str:
    """A query of member_id, old_document and new_document: who changes in a build, clock fields aside."""
    old, new = present(target, "application"), candidate(target, "mart.document", table.application_table)
    return f"""
        select change.member_id, {old} as old_document, {new} as new_document
        from {table.name} as change
        join {table.application_table} as application on application.{table.key} = change.member_id
        join {table.mart(target)} as mart on mart.{quoted(target.key)} = change.member_id
        where change.{target.name}_changed
    """


def drop(connection: Connection, run_id: int) -> None:
    """Forget the change set of a run that is decided."""
    for table in ("change_sets", "change_set_builds"):
        connection.execute(text(f"delete from standing.{table} where run_id = :run_id"), {"run_id": run_id})
