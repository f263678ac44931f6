"""Who is due: whose documents a run builds anew.

A member is due when a change was logged, when the published document may be wrong by now, or when everybody
is due. A member stays due until the transaction that publishes or confirms the document
(standing/incremental/acknowledge.py), however many runs end before it. Whom an undo holds is built once the
hold ends: until then nothing is written of them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from standing.build.fingerprint import Fingerprint, edited
from standing.contract.members import MEMBER_KINDS, MemberKind
from standing.contract.targets import TARGETS, AnyTarget
from standing.database.clock import wall_clock
from standing.incremental.observed import BuildRequest, Observed
from standing.settings import Settings
from standing.sql import quoted

LOST = "a crash of the server has emptied the build"
#: Whom the runs have to build, target by target; parameter as_of.
DUE = """(
    select target, member_id from (
        select target, member_id from standing.due where member_id is not null
        union
        select target, member_id from standing.member_state where due_at <= :as_of
    ) as noted
    where not exists (
        select from standing.holds as held
        where held.target = noted.target and held.member_id = noted.member_id
    )
) as due"""


def everybody_due(
    connection: Connection,
    observed: Observed,
    fingerprint: Fingerprint,
    targets: tuple[AnyTarget, ...],
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
            parts = sorted(edited(known[target.name], fingerprint.targets[target.name]))
            more = f" and {len(parts) - 5} more" if len(parts) > 5 else ""
            yield target.name, f"what it is made by has changed: {', '.join(parts[:5])}{more}"
        yield from made_by_hand(observed, (target,))
        for model in (*target.marts, *target.facts):
            if model not in observed.built | observed.by_hand:
                yield target.name, f"{model} is missing from the build"


def made_by_hand(observed: Observed, targets: Iterable[AnyTarget]) -> Iterator[tuple[str, str]]:
    """The targets with rows of everybody that somebody has had dbt make, each with the reason."""
    for target in targets:
        for model in (*target.marts, *target.facts):
            if model in observed.by_hand:
                yield target.name, f"{model} was built with dbt by hand"


def make_everybody_due(
    connection: Connection, observed: Observed, fingerprint: Fingerprint, asked: BuildRequest
) -> None:
    """Note for which targets everybody is due, and why; a crash empties the build of all of them, and what
    was made by hand is known until a plan is made.
    """
    due = list(everybody_due(connection, observed, fingerprint, asked.targets, asked.full))
    others = tuple(target for target in TARGETS if target not in asked.targets)
    if observed.is_lost:
        due += [(target.name, LOST) for target in others]
    due += list(made_by_hand(observed, others))
    for target, reason in due:
        connection.execute(
            text(
                "insert into standing.due (target, reason) values (:target, :reason) on conflict do nothing"
            ),
            {"target": target, "reason": reason},
        )


def noted_reasons(connection: Connection) -> dict[str, str]:
    """Target → why everybody is due for it, as it is noted; nothing of the others."""
    noted = connection.execute(
        text(
            "select target, coalesce(reason, 'everything in a source may have changed') as reason"
            " from standing.due where member_id is null"
        )
    )
    return {row.target: row.reason for row in noted}


def reasons_for(targets: Iterable[AnyTarget], reasons: dict[str, str]) -> tuple[str, ...]:
    """Why a run of the targets builds everybody; empty where it builds only some."""
    return tuple(sorted({reasons[target.name] for target in targets if target.name in reasons}))


def foreseen_reasons(
    connection: Connection, observed: Observed, fingerprint: Fingerprint, targets: tuple[AnyTarget, ...]
) -> dict[str, str]:
    """Target → why the next run finds everybody due for it, the waiting rows of the change log aside."""
    found: dict[str, str] = {}
    for target, reason in everybody_due(connection, observed, fingerprint, targets):
        found.setdefault(target, reason)
    return found | noted_reasons(connection)


def due_members(connection: Connection) -> dict[str, int | None]:
    """How many members of each target wait for the next run; None where that is noted of everybody."""
    counted = connection.execute(
        text(f"select target, count(*) as members from {DUE} group by target"),
        {"as_of": wall_clock(connection.engine)},
    )
    members: dict[str, int | None] = {row.target: row.members for row in counted}
    return members | dict.fromkeys(noted_reasons(connection))


def name_due(
    connection: Connection, settings: Settings, asked: BuildRequest, observed: Observed, everybody: bool
) -> dict[str, int]:
    """Fill the build's tables of the due, with everybody or with those due, and give their sizes."""
    sizes = dict.fromkeys((kind.table for kind in MEMBER_KINDS), 0)
    for kind in MEMBER_KINDS:
        due_table = quoted(settings.build_schema, kind.due_table)
        connection.execute(text(f"truncate {due_table}"))
        if members := _members(kind, settings, asked, observed, everybody):
            filled = connection.execute(
                text(f"insert into {due_table} {members} on conflict do nothing"), _parameters(kind, asked)
            )
            connection.execute(text(f"analyze {due_table}"))
            sizes[kind.table] = filled.rowcount
    return sizes


def count_due(
    connection: Connection, settings: Settings, asked: BuildRequest, observed: Observed, everybody: bool
) -> dict[str, int]:
    """The sizes that `name_due` would give; changes nothing."""
    sizes = dict.fromkeys((kind.table for kind in MEMBER_KINDS), 0)
    for kind in MEMBER_KINDS:
        if members := _members(kind, settings, asked, observed, everybody):
            counted = f"select count(distinct member_id) from ({members}) as due"
            sizes[kind.table] = connection.scalar(text(counted), _parameters(kind, asked)) or 0
    return sizes


def _members(
    kind: MemberKind, settings: Settings, asked: BuildRequest, observed: Observed, everybody: bool
) -> str | None:
    """A query of the members of one kind whom a run builds, as member_id."""
    # A table that is missing is for the audit of the sources to name.
    if kind.table not in observed.application.columns or not _names(kind, asked):
        return None
    if not everybody:
        return f"select member_id from {DUE} where target = any(:names)"
    key, table = quoted(kind.table_key), quoted(settings.application_schema, kind.table)
    return f"select {key}::uuid as member_id from {table} where {key} is not null"


def _names(kind: MemberKind, asked: BuildRequest) -> list[str]:
    return [target.name for target in asked.targets if target.members.table == kind.table]


def _parameters(kind: MemberKind, asked: BuildRequest) -> dict[str, Any]:
    return {"names": _names(kind, asked), "as_of": asked.as_of}
