"""Reconciling: is what is published what a full recompute would publish? Under one lock, with one run.

The run builds the due; then everybody is built in a schema apart at the same moment and compared. Whom a
change reached meanwhile is counted apart; any other difference is drift, which should be none.
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from standing.audit import SUITES, auditor
from standing.build import dbt
from standing.build.prepared import preparing
from standing.contract.stored import present
from standing.contract.targets import TARGETS, PostingTarget, Target, documents_among
from standing.database.connect import connect, rows
from standing.database.lock import LockTaken, RunLock, run_lock
from standing.findings import quarantine
from standing.incremental import change_log, materialized
from standing.incremental.observed import observe
from standing.incremental.plan import open_build
from standing.log import logger
from standing.monitor.drift import MEND, Drift, Reconciliation
from standing.monitor.whole_look import looked_at_whole
from standing.publish.destinations import destinations
from standing.publish.documents import candidate, without_clock
from standing.publish.writer import put_in_chunks
from standing.report.audits import Look
from standing.report.content import RunReport, StageTiming
from standing.report.files import write_again
from standing.run.execute import Perform, execute_locked, run_directly, skipped
from standing.run.outcome import RunOutcome
from standing.run.quality import audited
from standing.run.run import Request
from standing.settings import Settings
from standing.sql import quoted
from standing.state.rights import RECONCILE, RUN
from standing.state.run_index import write_run_index
from standing.state.upgraded import require_upgraded

#: Members named of each document; all are counted.
NAMED = 100

EDITED = "the document was edited after it was published"
NOT_LOGGED = "the sources give another document, and no trigger logged why"
NEVER_BUILT = "no run has built this member"
UNPOSTED = "the ledger is not what the keys are worth"
GONE = "the document is gone from the column"


def reconcile(settings: Settings, mend: bool = False, perform: Perform = run_directly) -> Reconciliation:
    """Run what is due, build everybody beside it, compare; with `mend` write anew what differs.

    Raises StandingError where no run could begin, BuildFailed where the recompute fails.
    """
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings, RUN, RECONCILE)
        try:
            with run_lock(engine, settings.lock_wait_minutes, settings.database_url_direct) as lock:
                return _reconcile(engine, settings, lock, mend, perform)
        except LockTaken as error:
            return Reconciliation(skipped(engine, settings, Request(), error))


def _reconcile(
    engine: Engine, settings: Settings, lock: RunLock, mend: bool, perform: Perform
) -> Reconciliation:
    run = execute_locked(engine, settings, lock, Request(), perform)
    if not run.published or run.as_of is None:
        return Reconciliation(run)
    log = logger(run.run_id, "reconcile")
    log.info("builds everybody beside it, and audits all of it")
    # What awaits a decision is not what its build says, and is compared after it.
    audits = auditor(settings, engine.url, run.published)
    begun = {suite: audits.start(suite) for suite in SUITES}
    shadow = settings.model_copy(update={"build_schema": settings.shadow_schema})
    plan = open_build(engine, shadow, run.run_id, run.as_of, TARGETS)
    marts = [
        *(f"+{mart}" for target in TARGETS for mart in target.marts),
        *(f"+{table}" for table in quarantine.TABLES),
    ]
    build = ("run", "--full-refresh", "--select", *marts)
    if plan.is_prepared:
        dbt.invoke(shadow, engine.url, *build, *dbt.BUT_STAGING)
    else:
        with preparing(engine, shadow, TARGETS, plan.fingerprint):
            dbt.invoke(shadow, engine.url, "seed")
            dbt.invoke(shadow, engine.url, *build)
    verdicts = [audits.verdict(suite, begun=begun[suite]) for suite in SUITES]
    audits.end()
    with engine.begin() as connection:
        run = looked_at_whole(connection, run, verdicts)
        quarantine.take_over(connection, settings, shadow)
        reconciliation = _compare(connection, settings, shadow, run, mend)
        _say_with_run(connection, settings, reconciliation, mend)
    write_run_index(engine, settings, run.run_id)
    log.info(reconciliation.result)
    reconciliation = replace(
        reconciliation, run=replace(run, message=f"{run.message}; {reconciliation.result}")
    )
    if not (mend and reconciliation.number):
        return reconciliation
    return replace(reconciliation, mended=execute_locked(engine, settings, lock, Request(), perform))


def _say_with_run(
    connection: Connection, settings: Settings, reconciliation: Reconciliation, mend: bool
) -> None:
    """Enter what was found with the run, where status shows it, and in the run's report."""
    summary: dict[str, Any] = {"reconciliation": reconciliation.to_json()}
    if reconciliation.run.content is not None:
        fix, folder = MEND if reconciliation.number and not mend else "", settings.home / "reports"
        content = _with_time(reconciliation.run.content)
        report = write_again(content, folder, f"{reconciliation.result}.", reconciliation.causes, fix)
        look = Look(report.run.run_id, report.run.started_at)
        summary |= {"verdict": report.to_json()["verdict"], **audited(look, report.audits)}
    connection.execute(
        text(
            "update standing.runs set message = :message,"
            " summary = coalesce(summary, '{}') || cast(:summary as jsonb) where run_id = :run_id"
        ),
        {
            "message": f"{reconciliation.run.message}; {reconciliation.result}",
            "summary": json.dumps(summary),
            "run_id": reconciliation.run.run_id,
        },
    )


def _with_time(run: RunReport) -> RunReport:
    """The run's content with one stage more: what came after it took until now."""
    ended = datetime.now(UTC)
    seconds = (ended - run.run.finished_at).total_seconds()
    stage = StageTiming("recompute and compare", seconds, "done")
    return replace(run, run=replace(run.run, finished_at=ended), stages=(*run.stages, stage))


def _compare(
    connection: Connection, settings: Settings, shadow: Settings, run: RunOutcome, mend: bool
) -> Reconciliation:
    """Every published document with the recompute; with `mend` the members that differ become due."""
    documents = documents_among(run.published)
    ledgers = [target for target in run.published if isinstance(target, PostingTarget)]
    differing = [_differing(settings, shadow, target) for target in documents]
    differing += [_unposted(connection, shadow, target, run.as_of, run.run_id) for target in ledgers]
    connection.execute(
        text(f"create temporary table differing on commit drop as {' union all '.join(differing)}")
    )
    compared = [f"(select count(*) {_compared(settings, shadow, target)})" for target in documents]
    compared += [f"(select count(*) from {quoted(shadow.build_schema, one.mart)})" for one in ledgers]
    number = int(connection.scalar(text(f"select {' + '.join(compared)}")) or 0)
    # Drained after the comparison: whoever a change reached until now is due again.
    observed = observe(connection, settings)
    change_log.drain(connection, settings, observed)
    meanwhile = connection.execute(
        text(
            "delete from differing where exists (select from standing.due as due"
            " where due.target = differing.target"
            " and (due.member_id = differing.member_id or due.member_id is null))"
        )
    ).rowcount
    counts: dict[str, Counter[str]] = {}
    for row in rows(
        connection, "select target, cause, count(*) as number from differing group by 1, 2 order by 1, 2"
    ):
        counts.setdefault(row["target"], Counter())[row["cause"]] = row["number"]
    named = rows(
        connection,
        "select target, member_id::text as member_id, cause from ("
        "select *, row_number() over (partition by target order by member_id) as place from differing) as d"
        " where place <= :named order by target, member_id",
        named=NAMED,
    )
    if counts:
        materialized.forget(
            connection, settings, observed.built
        )  # what no trigger logged is in no list either
    if mend:
        connection.execute(
            text(
                "insert into standing.due (target, member_id) select target, member_id from differing"
                " on conflict do nothing"
            )
        )
    return Reconciliation(
        run,
        number,
        {target: dict(found) for target, found in counts.items()},
        tuple(Drift(**one) for one in named),
        meanwhile,
        left_out=tuple(target.name for target in TARGETS if target not in run.published),
        held=int(connection.scalar(text("select count(*) from standing.holds")) or 0),
    )


def _differing(settings: Settings, shadow: Settings, target: Target) -> str:
    """The members whose column is not what the recompute says."""
    column = present(target, "application")
    table = quoted(settings.application_schema, target.table)
    built, recomputed = (candidate(target, f"{side}.document", table) for side in ("built", "recomputed"))
    return f"""
select
    '{target.name}' as target,
    application.{quoted(target.table_key)} as member_id,
    case
        when {column} is null then '{GONE}'
        when built.document is null then '{NEVER_BUILT}'
        when {without_clock(target, built)} is distinct from {without_clock(target, column)}
            then '{EDITED}'
        else '{NOT_LOGGED}'
    end as cause
{_compared(settings, shadow, target)}
    and {without_clock(target, recomputed)} is distinct from {without_clock(target, column)}
"""


def _unposted(
    connection: Connection, shadow: Settings, target: PostingTarget, as_of: datetime | None, run_id: int
) -> str:
    """The members to whom the recompute would post; who is left alone is for the audits to name.

    What the run itself has posted is later than its moment, so the recompute does not see it: that it is
    what the run decided is for the audit of what is published.
    """
    (place,) = destinations(shadow, (target,))
    place.begin(connection)
    parameters = {"as_of": as_of, "chunk": shadow.publish_chunk}
    put_in_chunks(connection, place.name, place.statement("compare"), parameters)
    return f"""
select '{target.name}' as target, member_id, '{UNPOSTED}' as cause from {place.name} as found
where
    not is_left
    and not exists (
        select from standing.history as written
        where
            written.run_id = {run_id} and written.target = '{target.name}'
            and written.member_id = found.member_id
    )"""


def _compared(settings: Settings, shadow: Settings, target: Target) -> str:
    """The rows that are compared; held members' documents were put back on purpose."""
    key = f"application.{quoted(target.table_key)}"
    return f"""
from {quoted(settings.application_schema, target.table)} as application
join {quoted(shadow.build_schema, target.mart)} as recomputed on recomputed.{quoted(target.key)} = {key}
left join {quoted(settings.build_schema, target.mart)} as built on built.{quoted(target.key)} = {key}
where not exists (
        select from standing.holds as held
        where held.target = '{target.name}' and held.member_id = {key}
    )"""
