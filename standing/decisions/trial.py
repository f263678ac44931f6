"""An analyst's trial: what an edit touches, built in their own schema and compared with what is published.

It publishes nothing, moves no state, enters no run and takes no run lock: a run may work beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from standing.build import dbt
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import TARGETS, targets_of
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.lock import alone_in
from standing.database.owners import driver, drops, mark, open_schema
from standing.decisions.difference import Difference, of_build, of_stopped_run
from standing.decisions.edit import Edit, find_edit
from standing.errors import BuildFailed, SettingError, StandingError
from standing.gate.verdict import GateVerdict, measure
from standing.incremental.plan import open_build
from standing.publish.publish import find_changes
from standing.settings import Settings
from standing.sql import quoted
from standing.state.runs import last_published_as_of
from standing.state.upgraded import require_upgraded


@dataclass(frozen=True)
class Trial:
    """What an edit would change; `note` says in one line what was built, and is empty where nothing was."""

    difference: Difference
    note: str = ""


def try_policy(settings: Settings, progress: Callable[[int, int], None] | None = None) -> Trial:
    """Build what the edited seeds and models touch as of the last published run, and compare.

    Raises BuildFailed where the policy or a model is wrong, LockTaken beside another trial of the same
    person.
    """
    trial = settings.model_copy(update={"build_schema": settings.diff_schema})
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
            edit = find_edit(connection, settings)
            if edit.is_nothing:
                return Trial(of_build(connection, settings, (), GateVerdict()))
        as_of = last_published_as_of(engine) or wall_clock(engine)
        with alone_in(engine, settings.diff_schema, "standing diff"):
            try:
                dbt.check_policy()
                _open(engine, settings, trial, edit, as_of)
                if edit.reaches_facts:  # a long build, which a wrong policy stops before it begins
                    dbt.load_policy(trial, engine.url)
                selected = ("--select", *sorted(edit.built))
                dbt.invoke(trial, engine.url, "build", *selected, *BUILT, progress=progress)
            except BuildFailed as error:
                log = dbt.folder(trial) / "logs" / "dbt.log"
                raise BuildFailed(
                    error.message, f"correct it, then standing diff again; the whole log is {log}"
                ) from None
            find_changes(engine, trial, edit.targets, as_of)
            gate = measure(engine, trial, edit.targets)
            with engine.connect() as connection:
                difference = of_build(connection, trial, edit.targets, gate)
                return Trial(difference, _note(trial, as_of, edit, find_edit(connection, settings)))


#: With every test of what is built, but for those of one model's arithmetic, which are for developers.
BUILT = ("--exclude-resource-type", "unit_test", "--indirect-selection", "eager", "--full-refresh")


def _open(engine: Engine, settings: Settings, trial: Settings, edit: Edit, as_of: datetime) -> None:
    """Make the trial's schema anew, with views of what the last run left.

    It compares everybody but who is due again: what is published of them is not what they were built as.
    """
    schema = quoted(trial.build_schema)
    with engine.begin() as connection:
        open_schema(driver(connection), trial.build_schema)
        for _, drop in drops(driver(connection), trial.build_schema):
            connection.execute(text(drop))
    open_build(engine, trial, 0, as_of, TARGETS)
    with engine.begin() as connection:
        for kind in MEMBER_KINDS if edit.is_published else ():
            connection.execute(
                text(
                    f"delete from {schema}.{kind.due_table} as built using standing.due"
                    f" where built.{kind.key} = due.member_id"
                )
            )
        for model in edit.deferred:
            left = f"select * from {quoted(settings.build_schema, model)}"
            connection.execute(text(f"create view {schema}.{quoted(model)} as {left}"))
            connection.execute(text(mark("view", f"{schema}.{quoted(model)}")))


def _note(trial: Settings, as_of: datetime, edit: Edit, after: Edit) -> str:
    """What the answer holds besides the edit."""
    moment = f"{as_of:%Y-%m-%d %H:%M} UTC"
    note = f"the documents tried are in {trial.build_schema}, as of the last published run, {moment}"
    if edit.reaches_facts:
        note += "; members' facts were built anew, so what the application overwrites in place is today's"
    if after.last_run and (edit.last_run != after.last_run or not edit.is_published):
        note += (
            f"; run {after.last_run} was not published then, and what it built may be among the differences"
        )
    return note


def show_stopped(settings: Settings, run_id: int | None) -> Difference:
    """What a stopped run (the latest by default) would have written; StandingError if it is decided."""
    with connect(settings) as engine, engine.connect() as connection:
        require_upgraded(connection, settings)
        entry = (
            connection.execute(
                text(
                    "select run_id, selection, status, summary -> 'gate' as gate,"
                    " (summary ->> 'expires_at')::timestamptz <= clock_timestamp() as is_over"
                    " from standing.runs"
                    " where run_id = :run_id or (cast(:run_id as bigint) is null and status = 'stopped')"
                    " order by run_id desc limit 1"
                ),
                {"run_id": run_id},
            )
            .mappings()
            .first()
        )
        if entry is None and run_id is not None:
            raise SettingError(f"there is no run {run_id}", "standing status shows the last runs")
        if entry is None or entry["status"] != "stopped" or entry["is_over"]:
            message = "no run awaits a decision"
            if entry is not None:
                was = "expired" if entry["is_over"] else entry["status"]
                message = f"run {entry['run_id']} does not await a decision: it is {was}"
            raise StandingError(message, "standing diff builds a trial; standing report shows past runs")
        targets = targets_of(entry["selection"])
        gate = GateVerdict.from_json(entry["gate"])
        return of_stopped_run(connection, settings, targets, entry["run_id"], gate)
