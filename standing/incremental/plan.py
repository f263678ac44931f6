"""Who is due: whose documents a run builds anew.

A member is due because a change was logged, because the moment has come at which the published document
may be wrong, or because everybody is. What makes a member due outlives the run: it goes away only with
the transaction that publishes or confirms the document (standing/incremental/acknowledge.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from standing.build.fingerprint import dependencies
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import Target
from standing.incremental import change_log, materialized, stale
from standing.incremental.context import make_build_schema, write_context
from standing.incremental.lookup import tables_found
from standing.settings import Settings
from standing.sql import quoted

#: A query of keys that gives none.
NO_KEYS = "select null::uuid where false"


@dataclass(frozen=True)
class Due:
    """Who is due in a run. `reasons` say why it is everybody, and are empty where it is not.

    `depends_on` is target → the hash that its documents depend on. `stale` is the number of orders, reviews and threads
    that are judged anew, None where all of them are.
    """

    reasons: tuple[str, ...]
    users: int
    sellers: int
    depends_on: dict[str, str]
    stale: int | None = None

    @property
    def everybody(self) -> bool:
        return bool(self.reasons)

    @property
    def nobody(self) -> bool:
        return not (self.reasons or self.users or self.sellers)


NOBODY = Due((), 0, 0, {})


def open_build(
    engine: Engine, settings: Settings, run_id: int, as_of: datetime, targets: tuple[Target, ...]
) -> Due:
    """Make the build's schema ready to build everybody as of a moment, whoever is due; moves no state."""
    make_build_schema(engine, settings)
    with engine.begin() as connection:
        sizes = name_due(connection, settings, targets)
        depends_on = dependencies(connection, settings, targets)
        write_context(connection, settings, run_id, as_of)
    return Due(("a replay builds everybody",), sizes["users"], sizes["seller_profiles"], depends_on)


def collect_due(
    engine: Engine,
    settings: Settings,
    run_id: int,
    as_of: datetime,
    targets: tuple[Target, ...],
    full: bool = False,
) -> Due:
    """Drain the change log, find who is due at `as_of` and what has to be judged anew, and name both in the build's schema."""
    make_build_schema(engine, settings)
    with engine.begin() as connection:
        found = dependencies(connection, settings, targets)
        log = change_log.is_complete(connection, settings)
        for target, reason in everybody_due(connection, settings, targets, found, log, full):
            connection.execute(
                text(
                    "insert into standing.due (target, reason) values (:target, :reason) on conflict do nothing"
                ),
                {"target": target, "reason": reason},
            )
        # After it: what is known of today explains more than a log of what may have happened.
        change_log.drain(connection, settings, log)
        reasons = connection.scalars(
            text(
                "select distinct coalesce(reason, 'everything in a source may have changed') from standing.due"
                " where member_id is null and target = any(:targets) order by 1"
            ),
            {"targets": [target.name for target in targets]},
        ).all()
        if full or not log:
            materialized.forget(connection, settings)
    with engine.begin() as connection:
        counts = name_due(connection, settings, targets, as_of, everybody=bool(reasons))
        is_current = materialized.is_current(connection, settings, targets, run_id, as_of)
        number = None
        if is_current:
            stale.add_due_by_time(connection, settings, as_of)
            number = stale.count(connection, settings)
        else:
            materialized.forget(connection, settings)  # also where nobody is due and nothing is built
        if not reasons:
            stale.name_audited(connection, settings, is_current)
        write_context(
            connection, settings, run_id, as_of, everybody=bool(reasons), everything=not is_current
        )
    return Due(tuple(reasons), counts["users"], counts["seller_profiles"], found, number)


def everybody_due(
    connection: Connection,
    settings: Settings,
    targets: tuple[Target, ...],
    found: dict[str, str],
    log: change_log.Completeness,
    full: bool = False,
) -> Iterator[tuple[str, str]]:
    """The targets of which everybody is due, each with the reason; `found` is what they depend on now.

    `log` says whether every change is logged.
    """
    known: dict[str, str] = {
        row.target: row.depends_on
        for row in connection.execute(text("select target, depends_on from standing.target_state"))
    }
    for target in targets:
        mart = f"{quoted(settings.build_schema)}.{quoted(target.mart)}"
        if full:
            yield target.name, "asked for with --full"
        if not log:
            yield target.name, log.reason
        if target.name not in known:
            yield target.name, "never published before"
        elif known[target.name] != found[target.name]:
            yield target.name, "a model, policy, setting, source column or constraint has changed"
        elif connection.scalar(text("select to_regclass(:mart) is null"), {"mart": mart}):
            yield target.name, f"{target.mart} is missing from the build"


def name_due(
    connection: Connection,
    settings: Settings,
    targets: tuple[Target, ...],
    as_of: datetime | None = None,
    everybody: bool = True,
) -> dict[str, int]:
    """Fill the build's tables of the due and give their sizes; everybody, unless told that only some are."""
    sizes = {}
    for kind in MEMBER_KINDS:
        names = [target.name for target in targets if target.table == kind.table]
        due_table = quoted(settings.build_schema, kind.due_table)
        members = quoted(settings.application_schema, kind.table)
        connection.execute(text(f"create table if not exists {due_table} ({kind.key} uuid primary key)"))
        connection.execute(text(f"truncate {due_table}"))
        # A table that is missing is for the audit of the sources to name.
        if not names or connection.scalar(text("select to_regclass(:table) is null"), {"table": members}):
            sizes[kind.table] = 0
            continue
        if everybody:
            source = f"select {quoted(kind.table_key)}::uuid from {members} where {quoted(kind.table_key)} is not null"
        else:
            source = (
                "select member_id from standing.due where target = any(:names) and member_id is not null"
                " union select member_id from standing.member_state where target = any(:names) and due_at <= :as_of"
            )
        filled = connection.execute(
            text(f"insert into {due_table} {source} on conflict do nothing"),
            {"names": names, "as_of": as_of},
        )
        connection.execute(text(f"analyze {due_table}"))
        sizes[kind.table] = filled.rowcount
    return sizes


def name_member(engine: Engine, settings: Settings, table: str, member: UUID) -> None:
    """Fill the build's tables of the due with one row of `table` alone, and list what concerns it to be judged."""
    kind = next(kind for kind in MEMBER_KINDS if kind.table == table)
    due_table = quoted(settings.build_schema, kind.due_table)
    with engine.begin() as connection:
        name_due(connection, settings, ())
        connection.execute(text(f"insert into {due_table} values (:member)"), {"member": member})
        tables = tables_found(connection, settings.application_schema)
        due = f"select {kind.key} from {due_table}"
        if table == "users":
            users = people = due
            shops = tables.select("id", "seller_profiles", "user_id", due) or NO_KEYS
        else:
            users, shops = NO_KEYS, due
            people = tables.select("user_id", "seller_profiles", "id", due) or NO_KEYS
        stale.list_rows_of(connection, settings, users, shops, people)
