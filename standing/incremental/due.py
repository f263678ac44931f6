"""Who is due: whose documents a run builds anew.

A member is due when a change was logged, when the published document may be wrong by now, or when everybody
is due. A member stays due until the transaction that publishes or confirms the document
(standing/incremental/acknowledge.py), however many runs end before it.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from standing.build.fingerprint import Fingerprint
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import TARGETS, Target
from standing.incremental.observed import Asked, Observed
from standing.settings import Settings
from standing.sql import quoted

LOST = "a crash of the server has emptied the build"


def everybody_due(
    connection: Connection,
    observed: Observed,
    fingerprint: Fingerprint,
    targets: tuple[Target, ...],
    full: bool = False,
) -> Iterator[tuple[str, str]]:
    """The targets of which everybody is due, each with the reason."""
    known: dict[str, str] = {
        row.target: row.depends_on
        for row in connection.execute(text("select target, depends_on from standing.target_state"))
    }
    for target in targets:
        if full:
            yield target.name, "asked for with --full"
        if observed.is_lost:
            yield target.name, LOST
        if not observed.log:
            yield target.name, observed.log.reason
        if target.name not in known:
            yield target.name, "never published before"
        elif known[target.name] != fingerprint.targets[target.name]:
            yield target.name, "a model, policy, setting, source column or constraint has changed"
        for model in (target.mart, *target.facts):
            if model not in observed.built:
                yield target.name, f"{model} is missing from the build"


def make_everybody_due(
    connection: Connection, observed: Observed, fingerprint: Fingerprint, asked: Asked
) -> None:
    """Note for which targets everybody is due, and why; a crash empties the build of all of them."""
    due = list(everybody_due(connection, observed, fingerprint, asked.targets, asked.full))
    if observed.is_lost:
        due += [(target.name, LOST) for target in TARGETS if target not in asked.targets]
    for target, reason in due:
        connection.execute(
            text(
                "insert into standing.due (target, reason) values (:target, :reason) on conflict do nothing"
            ),
            {"target": target, "reason": reason},
        )


def reasons(connection: Connection, targets: tuple[Target, ...]) -> tuple[str, ...]:
    """Why everybody is due for one of the targets; empty where nobody or only some are."""
    noted = connection.scalars(
        text(
            "select distinct coalesce(reason, 'everything in a source may have changed') from standing.due"
            " where member_id is null and target = any(:targets) order by 1"
        ),
        {"targets": [target.name for target in targets]},
    )
    return tuple(noted)


def due_members(connection: Connection) -> dict[str, int | None]:
    """How many members of each target wait for the next run; None where that is noted of everybody."""
    counted = connection.execute(
        text(
            """
            select target, count(distinct member_id) as members, bool_or(member_id is null) as is_everybody
            from (
                select target, member_id from standing.due
                union all
                select target, member_id from standing.member_state where due_at <= clock_timestamp()
            ) as waiting
            group by target
            """
        )
    )
    return {row.target: None if row.is_everybody else row.members for row in counted}


def name_due(
    connection: Connection, settings: Settings, asked: Asked, observed: Observed, everybody: bool
) -> dict[str, int]:
    """Fill the build's tables of the due, with everybody or with those due, and give their sizes."""
    sizes = {}
    for kind in MEMBER_KINDS:
        names = [target.name for target in asked.targets if target.table == kind.table]
        due_table = quoted(settings.build_schema, kind.due_table)
        connection.execute(text(f"truncate {due_table}"))
        # A table that is missing is for the audit of the sources to name.
        if not names or kind.table not in observed.application.columns:
            sizes[kind.table] = 0
            continue
        if everybody:
            key, members = quoted(kind.table_key), quoted(settings.application_schema, kind.table)
            source = f"select {key}::uuid from {members} where {key} is not null"
        else:
            source = (
                "select member_id from standing.due where target = any(:names) and member_id is not null"
                " union select member_id from standing.member_state"
                " where target = any(:names) and due_at <= :as_of"
            )
        filled = connection.execute(
            text(f"insert into {due_table} {source} on conflict do nothing"),
            {"names": names, "as_of": asked.as_of},
        )
        connection.execute(text(f"analyze {due_table}"))
        sizes[kind.table] = filled.rowcount
    return sizes
