"""An analyst's trial: what an edit touches, built in their own schema and compared with what is published.

It publishes nothing, moves no state, enters no run and takes no run lock: a run may work beside it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, text

from standing.audit import Verdict, audit_failed, auditor
from standing.build import dbt
from standing.build.checkout import read_checkout
from standing.build.keys import check_keys
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import DOCUMENTS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.lock import alone_in
from standing.database.owners import driver, drops, mark, open_schema
from standing.decisions.difference import Difference, of_build, of_stopped_run
from standing.decisions.edit import Edit, find_edit
from standing.errors import BuildFailed, GateStopped, StandingError
from standing.gate.change_sets import held_by
from standing.gate.verdict import GateVerdict, measure
from standing.incremental.causes import what_differs
from standing.incremental.plan import open_build
from standing.publish.publish import find_changes
from standing.report.causes import Cause
from standing.settings import Settings
from standing.sql import quoted
from standing.state.runs import find_run, last_published_as_of
from standing.state.upgraded import require_upgraded

#: Where unit tests are.
YAML = re.compile(r"models/.*\.yml")


@dataclass(frozen=True)
class Trial:
    """What an edit would change; `note` says in one line what was built, and is empty where nothing was.

    `error` is what would stop a run that published it: an audit of what was built, or the gate.
    """

    difference: Difference
    note: str = ""
    error: StandingError | None = None


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
            causes = what_differs(connection, settings)
            if edit.is_nothing:
                return Trial(of_build(connection, settings, (), GateVerdict()), _untested(edit))
        as_of = last_published_as_of(engine) or wall_clock(engine)
        with alone_in(engine, settings.diff_schema, "standing diff"):
            try:
                dbt.check_policy()
                check_keys(edit.targets)
                _open(engine, settings, trial, edit, as_of)
                if edit.reaches_facts:  # a long build, which a wrong policy stops before it begins
                    dbt.load_policy(trial, engine.url)
                selected = ("--select", *sorted(edit.built))
                dbt.invoke(trial, engine.url, "build", *selected, *_built(edit), progress=progress)
            except BuildFailed as error:
                log = dbt.folder(trial) / "logs" / "dbt.log"
                raise BuildFailed(
                    error.message, f"correct it, then standing diff again; the whole log is {log}"
                ) from None
            auditing = auditor(trial, engine.url, edit.targets)
            begun = auditing.start("candidates")
            find_changes(engine, trial, edit.targets, as_of)
            gate = measure(engine, trial, edit.targets)
            with engine.connect() as connection:
                difference = replace(of_build(connection, trial, edit.targets, gate), causes=causes)
                note = _note(trial, as_of, edit, find_edit(connection, settings))
            verdict = auditing.verdict("candidates", False, begun)
            auditing.end()
            return Trial(difference, note, _stopped_by(verdict, gate))


def _stopped_by(verdict: Verdict, gate: GateVerdict) -> StandingError | None:
    """What would stop a run: the audit of the candidates, which comes before the gate, or the gate."""
    if not verdict.passed:
        return audit_failed(verdict)
    if gate.stopped:
        reasons = "; ".join(one.sentence for one in gate.over("stopped"))
        return GateStopped(
            f"the gate would stop a run: {reasons}",
            "standing run, then standing approve, if this is meant; else correct the edit",
        )
    return None


def _built(edit: Edit) -> tuple[str, ...]:
    """With every test of what is built, but of models' arithmetic only those that see the edit."""
    how = ("--indirect-selection", "eager", "--full-refresh")
    if not edit.tested:
        return ("--exclude-resource-type", "unit_test", *how)
    others = sorted(edit.built - edit.tested)
    return ("--exclude", *(f"test_type:unit,{model}" for model in others), *how) if others else how


def _open(engine: Engine, settings: Settings, trial: Settings, edit: Edit, as_of: datetime) -> None:
    """Make the trial's schema anew, with views of what the last run left.

    It compares everybody but who is due again: what is published of them is not what they were built as.
    """
    schema = quoted(trial.build_schema)
    with engine.begin() as connection:
        open_schema(driver(connection), trial.build_schema)
        for _, drop in drops(driver(connection), trial.build_schema):
            connection.execute(text(drop))
    open_build(engine, trial, 0, as_of, DOCUMENTS)
    with engine.begin() as connection:
        published = [one.name for one in edit.targets if one.name not in edit.unpublished]
        for kind in MEMBER_KINDS:
            connection.execute(
                text(
                    f"delete from {schema}.{kind.due_table} as built using standing.due"
                    f" where built.{kind.key} = due.member_id and due.target = any(:published)"
                ),
                {"published": published},
            )
        for model in edit.deferred:
            left = f"select * from {quoted(settings.build_schema, model)}"
            connection.execute(text(f"create view {schema}.{quoted(model)} as {left}"))
            connection.execute(text(mark("view", f"{schema}.{quoted(model)}")))


def _note(trial: Settings, as_of: datetime, edit: Edit, after: Edit) -> str:
    """What the answer holds besides the edit."""
    moment = f"{as_of:%Y-%m-%d %H:%M} UTC"
    untested = f"; {_untested(edit)}" if _untested(edit) else ""
    note = f"the documents tried are in {trial.build_schema}, as of the last published run, {moment}"
    if edit.reaches_facts:
        note += "; members' facts were built anew, so what the application overwrites in place is today's"
    if after.last_run != edit.last_run:
        note += (
            f"; run {after.last_run} has built meanwhile, and what it wrote may be among the differences"
        )
    elif edit.last_run and edit.unpublished:
        names = ", ".join(sorted(edit.unpublished))
        note += (
            f"; of what run {edit.last_run} built last, {names} is not published, and may be among the"
            " differences"
        )
    return note + untested


def _untested(edit: Edit) -> str:
    """What of an edit no trial tries: unit tests themselves, where no model that they are of is edited."""
    checkout = read_checkout()
    files = [name for name in checkout.edited if YAML.fullmatch(name)] if checkout else []
    if not files or edit.tested:
        return ""
    command = "standing dbt test --select test_type:unit"
    return f"not tried: the unit tests in {', '.join(files)}; {command} runs them"


def show_stopped(settings: Settings, run_id: int | None) -> Difference:
    """What a stopped run (the latest by default) would have written; StandingError if it is decided."""
    with connect(settings) as engine, engine.connect() as connection:
        require_upgraded(connection, settings)
        newest = "select max(run_id) from standing.runs where status = 'stopped'"
        number = connection.scalar(text(newest)) if run_id is None else run_id
        fix = "standing diff builds a trial; standing report shows past runs"
        if number is None:
            raise StandingError("no run awaits a decision", fix)
        is_over = ", (summary ->> 'expires_at')::timestamptz <= clock_timestamp() as is_over"
        entry = find_run(connection, number, is_over)
        if entry["status"] != "stopped" or entry["is_over"]:
            was = "expired" if entry["is_over"] else entry["status"]
            raise StandingError(f"run {number} does not await a decision: it is {was}", fix)
        gate = GateVerdict.from_json(entry["summary"]["gate"])
        causes = tuple(Cause(**one) for one in entry["summary"].get("causes") or ())
        stopped = of_stopped_run(connection, settings, held_by(connection, number), number, gate)
        return replace(stopped, causes=causes)
