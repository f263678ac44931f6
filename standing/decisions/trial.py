"""An analyst's trial: everything built in a schema of their own, compared with what is published.

It publishes nothing, moves no state, enters no run and takes no run lock: a run may work beside it.
"""

from collections.abc import Callable

from sqlalchemy import text

from standing.build import dbt, selection
from standing.contract.targets import TARGETS, targets_of
from standing.database.clock import wall_clock
from standing.database.connect import connect, require_upgraded
from standing.database.lock import alone_in
from standing.decisions.difference import Difference, of_build, of_stopped_run
from standing.errors import BuildFailed, SettingError, StandingError
from standing.gate.verdict import GateVerdict, measure
from standing.incremental.plan import open_build
from standing.publish.publish import find_changes
from standing.settings import Settings


def try_policy(settings: Settings, progress: Callable[[int, int], None] | None = None) -> Difference:
    """Build every document with the seeds and models as they are on disk, and compare.

    Raises BuildFailed where the policy or a model is wrong, LockTaken beside another trial of the same
    person.
    """
    trial = settings.model_copy(update={"build_schema": settings.diff_schema})
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
        with alone_in(engine, settings.diff_schema, "standing diff"):
            as_of = wall_clock(engine)
            open_build(engine, trial, 0, as_of, TARGETS)
            arguments = ("build", *selection.without_policy(TARGETS), *dbt.AS_BUILT, "--full-refresh")
            try:
                whole = dbt.count(trial, engine.url, *selection.whole(TARGETS)) if progress else 0
                policy = dbt.load_policy(trial, engine.url, progress, whole)
                dbt.invoke(trial, engine.url, *arguments, progress=dbt.going_on(len(policy), progress))
            except BuildFailed as error:
                log = dbt.folder(trial) / "logs" / "dbt.log"
                raise BuildFailed(
                    error.message, f"correct it, then standing diff again; the whole log is {log}"
                ) from None
            find_changes(engine, trial, TARGETS, as_of)
            gate = measure(engine, trial, TARGETS)
            with engine.connect() as connection:
                return of_build(connection, trial, TARGETS, gate)


def show_stopped(settings: Settings, run_id: int | None) -> Difference:
    """What a stopped run (the latest by default) would have written; StandingError if it is decided."""
    with connect(settings) as engine, engine.connect() as connection:
        require_upgraded(connection, settings)
        found = (
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
        if found is None and run_id is not None:
            raise SettingError(f"there is no run {run_id}", "standing status shows the last runs")
        if found is None or found["status"] != "stopped" or found["is_over"]:
            said = "no run awaits a decision"
            if found is not None:
                was = "expired" if found["is_over"] else found["status"]
                said = f"run {found['run_id']} does not await a decision: it is {was}"
            raise StandingError(said, "standing diff builds a trial; standing report shows past runs")
        targets = targets_of(found["selection"])
        gate = GateVerdict.from_json(found["gate"])
        return of_stopped_run(connection, settings, targets, found["run_id"], gate)
