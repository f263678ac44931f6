"""What a run builds, and why: a plan, made before anything is built and read by everything that comes
after.

The catalogue is read once (standing/incremental/observed.py) and one fingerprint is taken; then the change
log is drained, and who is due (standing/incremental/due.py) and which rows are stale
(standing/incremental/stale.py) is named in the build's schema, for the models to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from standing.build.application import hand_over
from standing.build.fingerprint import Fingerprint, take
from standing.build.prepared import forget_prepared, is_prepared
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import TARGETS, AnyTarget
from standing.database.owners import driver, open_schema
from standing.database.schemas import require_readable
from standing.database.unwritable import require_writable
from standing.incremental import by_hand, change_log, due, materialized, stale
from standing.incremental.causes import find_causes, find_resumed_causes, made_by
from standing.incremental.context import Context, write_context
from standing.incremental.filled import Filled, require_filled
from standing.incremental.layout import make_tables
from standing.incremental.observed import BuildRequest, Observed, observe
from standing.report.causes import Cause, in_one_line
from standing.settings import Settings
from standing.sql import quoted
from standing.text import plural


@dataclass(frozen=True)
class Plan:
    """For which targets a run builds whom, and why.

    `reasons` say why it is everybody, and are empty where it is not. `users` and `sellers` are how many are
    built. `stale` is the number of orders, reviews and threads that are derived anew, None where all of
    them are. `is_prepared` says that policy and staging are in the build's schema as they should be, and
    stay as they are. `causes` are what differs from what the published documents were made by, and
    `made_by` and `filled`, which sources have rows, are what later runs compare with.
    """

    asked: BuildRequest
    fingerprint: Fingerprint
    reasons: tuple[str, ...]
    users: int
    sellers: int
    stale: int | None = None
    is_prepared: bool = False
    causes: tuple[Cause, ...] = ()
    made_by: Mapping[str, Any] = field(default_factory=dict)
    filled: Filled = field(default_factory=dict)

    @property
    def everybody(self) -> bool:
        return bool(self.reasons)

    @property
    def nobody(self) -> bool:
        return not (self.reasons or self.users or self.sellers)

    @property
    def who(self) -> str:
        """Who is built, and why it is everybody."""
        if self.nobody:
            return "nobody is due"
        who = f"{plural(self.users, 'member')} and {plural(self.sellers, 'shop')}"
        return f"everybody, {who}: {'; '.join(self.reasons)}" if self.everybody else who

    @property
    def words(self) -> str:
        """One line for people."""
        if self.nobody:
            return self.who
        rows = "orders, reviews and threads"
        what = [self.who, *filter(None, [in_one_line(self.causes)])]
        if self.stale is None:
            what.append(f"all {rows} to derive")
        elif self.stale:  # else members may have facts of their own to be counted anew
            what.append(f"{plural(self.stale, 'order, review or thread', rows)} to derive")
        if not self.is_prepared:
            what.append("policy and staging to make")
        return "; ".join(what)

    @property
    def remembered(self) -> dict[str, Any]:
        """What `standing.runs` keeps of it for later runs."""
        return {"plan": self.words, "made_by": self.made_by, "filled": self.filled}


def make_plan(engine: Engine, settings: Settings, asked: BuildRequest) -> Plan:
    """Drain the change log, and name in the build's schema who is due and what has to be derived anew."""
    with engine.begin() as connection:
        observed, fingerprint = _begin(connection, settings)
        filled = require_filled(connection, observed.application, asked)
        require_writable(connection, settings.application_schema)
        due.make_everybody_due(connection, observed, fingerprint, asked)
        if observed.by_hand:
            by_hand.forget(connection, settings)
            forget_prepared(connection, settings)
        # After it: what is known of today explains more than a log of what may have happened.
        change_log.drain(connection, settings, observed)
        reasons = due.reasons_for(asked.targets, due.noted_reasons(connection))
        counts = due.name_due(connection, settings, asked, observed, everybody=bool(reasons))
        stays = not asked.full and bool(observed.log)
        if stays and materialized.is_current(connection, settings, asked, fingerprint, observed.built):
            stale.add_due_by_time(connection, settings, observed, asked.as_of)
            number: int | None = stale.count(connection, settings)
        else:
            materialized.forget(connection, settings, observed.built)  # also where nobody is due
            number = None
        causes: tuple[Cause, ...] = ()
        if reasons or any(counts.values()):
            found = find_causes(connection, settings, observed.application, fingerprint, asked.targets)
            causes = found or find_resumed_causes(connection)
        if not reasons and any(counts.values()):
            stale.name_audited(connection, settings, observed, is_current=number is not None)
        write_context(
            connection,
            settings,
            Context(asked.run_id, asked.as_of, bool(reasons), number is None, fingerprint.materialized),
        )
        return Plan(
            asked,
            fingerprint,
            reasons,
            counts["users"],
            counts["seller_profiles"],
            number,
            is_prepared(connection, settings, asked.targets, fingerprint, observed.built),
            causes,
            made_by(observed.application, settings, everybody=bool(reasons)),
            filled,
        )


def open_build(
    engine: Engine, settings: Settings, run_id: int, as_of: datetime, targets: tuple[AnyTarget, ...]
) -> Plan:
    """Make the build's schema ready to build everybody as of a moment, whoever is due; moves no state."""
    asked = BuildRequest(run_id, as_of, targets, full=True)
    with engine.begin() as connection:
        observed, fingerprint = _begin(connection, settings)
        counts = due.name_due(connection, settings, asked, observed, everybody=True)
        write_context(connection, settings, Context(run_id, as_of, True, True, fingerprint.materialized))
        ready = is_prepared(connection, settings, targets, fingerprint, observed.built)
    return Plan(
        asked,
        fingerprint,
        ("everybody is built apart",),
        counts["users"],
        counts["seller_profiles"],
        is_prepared=ready,
    )


def _begin(connection: Connection, settings: Settings) -> tuple[Observed, Fingerprint]:
    """Make the build's schema with its tables, where they are missing, and hand dbt what the catalogue has.

    Raises UnfitDatabase where somebody else's objects are in the schema or lean on what is there, and where
    a source is not read whole.
    """
    open_schema(driver(connection), settings.build_schema)
    is_new = make_tables(connection, settings)
    observed = observe(connection, settings)
    if is_new:  # they are empty, and nothing is lost
        observed = replace(observed, is_lost=False)
    require_readable(connection, observed.application)
    hand_over(connection, settings, observed.application)
    return observed, take(observed.application, settings)


def open_member(engine: Engine, settings: Settings, table: str, member: UUID, as_of: datetime) -> Plan:
    """Make the build's schema ready to build one row of `table` alone, from rows that are all derived
    anew.
    """
    kind = next(kind for kind in MEMBER_KINDS if kind.table == table)
    due_table = quoted(settings.build_schema, kind.due_table)
    with engine.begin() as connection:
        observed, fingerprint = _begin(connection, settings)
        asked = BuildRequest(0, as_of, tuple(target for target in TARGETS if target.members.table == table))
        due.name_due(connection, settings, BuildRequest(0, as_of, ()), observed, everybody=False)
        connection.execute(text(f"insert into {due_table} values (:member)"), {"member": member})
        write_context(connection, settings, Context(0, as_of, False, True, fingerprint.materialized))
        ready = is_prepared(connection, settings, asked.targets, fingerprint, observed.built)
    return Plan(asked, fingerprint, (), int(table == "users"), int(table != "users"), is_prepared=ready)
