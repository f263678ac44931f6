"""Change sets: what a stopped run would have written, kept until somebody decides."""

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import TARGETS, AnyTarget, PostingTarget, targets_of
from standing.gate.held import among
from standing.publish.destinations import destinations
from standing.publish.publish import TargetChanges
from standing.settings import Settings
from standing.state.history import written_by


def keep(
    engine: Engine,
    settings: Settings,
    targets: tuple[AnyTarget, ...],
    run_id: int,
    depends_on: Mapping[str, str],
) -> int:
    """Keep the old and the new document of every member who would change, or how the ledger stands and what
    would be posted; gives their number.

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
        for place in destinations(settings, targets):
            place.begin(connection)
            for target in place.targets:
                statement = f"""
                    insert into standing.change_sets (run_id, target, member_id, old_document, new_document)
                    select :run_id, '{target.name}', pairs.* from ({place.changes(target)}) as pairs
                """
                number += connection.execute(text(statement), {"run_id": run_id}).rowcount
        connection.execute(text("analyze standing.change_sets"))
    return number


def held_by(connection: Connection, run_id: int) -> tuple[AnyTarget, ...]:
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


def count(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], run_id: int, by: int
) -> list[TargetChanges]:
    """Documents that a stopped run would have changed, by target; once decided, those `by` wrote."""
    documents = ("old_document", "new_document")
    classes = " union all ".join(
        f"select '{target.name}' as target, {place.change_class(target, *documents)} as change"
        f" from standing.change_sets where run_id = :run_id and target = '{target.name}'"
        for place in destinations(settings, targets)
        for target in place.targets
    )
    by_target: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        found = f"select target, change, count(*) as number from ({classes}) as classes group by 1, 2"
        for row in connection.execute(text(found), {"run_id": run_id}):
            by_target.setdefault(row.target, {})[row.change] = row.number
        numbers = {name: sum(one.values()) for name, one in by_target.items()}
        numbers = numbers or written_by(connection, by, targets)
    return [
        TargetChanges(
            target.name,
            numbers.get(target.name, 0),
            numbers.get(target.name, 0),
            0,
            by_class=by_target.get(target.name, {}),
            points={} if isinstance(target, PostingTarget) else None,
        )
        for target in targets
    ]


def drop(connection: Connection, run_id: int) -> None:
    """Forget the change set of a run that is decided."""
    for table in ("change_sets", "change_set_builds"):
        connection.execute(text(f"delete from standing.{table} where run_id = :run_id"), {"run_id": run_id})
