"""Metrics for Prometheus, written as a text file after each run (textfile collector, or our /metrics page).

Everything is read anew from the run registry, so that the file is whole whoever wrote it last.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from standing import __version__
from standing.audit import SUITES
from standing.contract.targets import INTERVALS, SELECTIONS, TARGETS
from standing.database.connect import connect, rows, server_message
from standing.errors import StandingError
from standing.gate.waiting import awaited
from standing.incremental.due import due_members
from standing.log import NAME
from standing.monitor.points_metrics import from_points
from standing.settings import Settings
from standing.sql import quoted
from standing.state.backtests import newest
from standing.state.runs import HAS_PUBLISHED

#: The newest run of each selection that published and compared documents, oldest first: what comes later
#: stands. A run of nobody leaves them as they are.
PUBLISHED = """
    select selection, summary, finished_at from (
        select distinct on (selection) run_id, selection, summary, finished_at
        from standing.runs where status in ('published', 'approved')
            and jsonb_path_exists(summary, '$.changes[*]')
        order by selection, run_id desc
    ) as newest order by run_id
"""
#: The newest run of each selection that had its turn, however it ended; oldest first.
ENDED = """
    select * from (
        select distinct on (selection) run_id, selection, status, summary, started_at, finished_at
        from standing.runs where status not in ('running', 'replayed', 'waiting', 'skipped')
        order by selection, run_id desc
    ) as newest order by run_id
"""
#: For each target the newest run that had its turn with it, and the newest that published it or found that
#: it stays as it is. The gate may hold some targets of a run, and others may be left out of it.
OF_TARGETS = f"""
    with concerned as (
        select
            run_id, target, finished_at, status,
            status = 'approved'
            or {HAS_PUBLISHED} and not coalesce(summary -> 'held' ? target, false) as is_well
        from standing.runs
        cross join lateral jsonb_array_elements_text(
            coalesce(summary -> 'targets', cast(:selections as jsonb) -> selection, '[]')
        ) as t (target)
        where status not in ('running', 'replayed', 'waiting', 'skipped')
    )

    select
        target,
        (array_agg(is_well order by run_id desc))[1] as is_well,
        (array_agg(status = 'failed' order by run_id desc))[1] as has_failed,
        max(finished_at) filter (where is_well) as well_at
    from concerned
    group by target
"""
#: The newest run that came as far as setting rows aside, however it ended.
SET_ASIDE = """
    select summary -> 'quarantine' as reasons from standing.runs
    where status not in ('running', 'replayed') and jsonb_path_exists(
        summary, '$.stages[*] ? (@.name == "build" && @.status == "done")'
    )
    order by run_id desc limit 1
"""
#: For each suite the newest run that audited with it.
UNMET = """
    select suite, newest.unmet
    from unnest(cast(:suites as text[])) as suite
    cross join lateral (
        select summary -> 'unmet' -> suite as unmet from standing.runs
        where summary -> 'unmet' ? suite and status <> 'replayed'
        order by run_id desc limit 1
    ) as newest
"""
NEWEST_ROWS = """
    select summary -> 'freshness' as freshness, summary ->> 'policy_version' as policy from standing.runs
    where summary ? 'freshness' and status <> 'replayed' order by run_id desc limit 1
"""
RECONCILED = """
    select summary -> 'reconciliation' -> 'counts' as counts, finished_at
    from standing.runs where summary ? 'reconciliation' order by run_id desc limit 1
"""
BACKFILL = "select max((summary #>> '{backfill,finished_at}')::timestamptz) from standing.runs"
HELD = "select target, count(*) as members from standing.holds group by target"


class _Gauges:
    """Gauges by name, made when first set."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.known: dict[str, Gauge] = {}

    def set(self, name: str, says: str, value: float, **labels: str) -> None:
        if name not in self.known:
            self.known[name] = Gauge(f"standing_{name}", says, tuple(labels), registry=self.registry)
        gauge = self.known[name]
        (gauge.labels(**labels) if labels else gauge).set(value)


def write_metrics(settings: Settings) -> None:
    """Write the file. Where it cannot, it says so in the log: a run does not fail for its metrics."""
    try:
        settings.metrics_path.parent.mkdir(parents=True, exist_ok=True)
        gauges = _Gauges()
        with connect(settings) as engine, engine.connect() as connection:
            _from_runs(gauges, connection)
            _from_audits(gauges, connection)
            _from_due(gauges, connection, settings)
            _from_reconciliation(gauges, connection)
            from_points(gauges, connection)
            _from_the_past(gauges, connection)
        _from_settings(gauges, settings)
        gauges.set("metrics_timestamp_seconds", "When this file was written", time.time())
        write_to_textfile(str(settings.metrics_path), gauges.registry)
    except (StandingError, DBAPIError, OSError) as error:
        reason = server_message(error) if isinstance(error, DBAPIError) else str(error)
        logging.getLogger(NAME).warning("metrics are not written: %s", reason)


def _from_runs(gauges: _Gauges, connection: Connection) -> None:
    for run in rows(connection, ENDED):
        seconds = (run["finished_at"] - run["started_at"]).total_seconds()
        gauges.set("run_seconds", "Seconds of the newest run", seconds, selection=run["selection"])
        for stage in (run["summary"] or {}).get("stages", []):
            gauges.set(
                "stage_seconds",
                "Seconds of each stage of the newest run",
                stage["seconds"],
                selection=run["selection"],
                stage=stage["name"],
            )
    of_targets = rows(connection, OF_TARGETS, selections=json.dumps(SELECTIONS))
    says = "Whether the newest run of each of the selection's targets published; who only waited aside"
    for name, published in _of_selections({one["target"]: float(one["is_well"]) for one in of_targets}):
        gauges.set("last_run_success", says, published, selection=name)
    has_failed = {one["target"]: one["has_failed"] for one in of_targets}
    for name, targets in SELECTIONS.items():
        says = "Whether the newest run of one of the selection's targets failed; a stop by the gate is none"
        failed = any(has_failed.get(target, False) for target in targets)
        gauges.set("last_run_failed", says, float(failed), selection=name)
    waiting = awaited(connection)
    for name, targets in SELECTIONS.items():
        says = "Whether what the selection publishes awaits a decision about a run that the gate stopped"
        gauges.set("run_awaits_decision", says, float(bool(set(targets) & waiting.keys())), selection=name)
    last = {one["target"]: one["well_at"].timestamp() for one in of_targets if one["well_at"]}
    for name, moment in _of_selections(last):
        _success(gauges, name, moment)
    for run in rows(connection, PUBLISHED):
        _from_summary(gauges, run["summary"] or {})
    for run in rows(connection, SET_ASIDE):
        _from_quarantine(gauges, run["reasons"] or [])


def _of_selections(of_targets: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """The least of each selection's targets, where each of them has a value."""
    for name, targets in SELECTIONS.items():
        if of_targets.keys() >= set(targets):
            yield name, min(of_targets[target] for target in targets)


def _from_audits(gauges: _Gauges, connection: Connection) -> None:
    says = "Expectations not met when a run last audited with the suite"
    for row in rows(connection, UNMET, suites=list(SUITES)):
        for severity, number in row["unmet"].items():
            gauges.set("expectations_unmet", says, number, suite=row["suite"], severity=severity)
    for row in rows(connection, NEWEST_ROWS):
        for one in row["freshness"]:
            says, latest = "When the newest row of the table came, as the last run saw it", one["latest"]
            moment = datetime.fromisoformat(latest).timestamp() if latest else 0.0
            gauges.set("newest_row_timestamp_seconds", says, moment, table=one["source"])
        says = "Version of Standing, and of the policy of the last run"
        gauges.set("info", says, 1, version=__version__, policy=row["policy"] or "")


def _from_summary(gauges: _Gauges, summary: Mapping[str, Any]) -> None:
    documents = "Documents of the newest run that published, by what became of them"
    for change in summary.get("changes", []):
        for state in ("candidates", "changed", "written", "unchanged", "clock_only"):
            if state in change:  # older runs do not say what changed
                gauges.set("documents", documents, change[state], target=change["target"], state=state)
    for one in summary.get("distributions", []):
        for bucket in one["after"]:
            gauges.set(
                "distribution",
                "Members per level, tier or score",
                bucket["count"],
                of=one["name"],
                bucket=str(bucket["label"]).replace("–", "-"),  # a query has to be typed
            )


def _from_quarantine(gauges: _Gauges, reasons: Sequence[Mapping[str, Any]]) -> None:
    quarantined = "Source rows set aside in the newest run that built"
    gauges.set("quarantined_rows_of_all_reasons", quarantined, sum(one["rows"] for one in reasons))
    for one in reasons:
        says = "Source rows set aside in the newest run that built, by reason"
        gauges.set("quarantined_rows", says, one["rows"], source=one["source"], reason=one["reason"])


def _from_due(gauges: _Gauges, connection: Connection, settings: Settings) -> None:
    due = due_members(connection)
    held = {row["target"]: row["members"] for row in rows(connection, HELD)}
    for target in TARGETS:
        number = due.get(target.name, 0)
        if number is None:
            table = quoted(settings.application_schema, target.table)
            number = connection.scalar(text(f"select count(*) from {table}")) or 0
        says = "Members who wait for the next run; an edit of policy makes everybody wait once it begins"
        gauges.set("due_members", says, number, target=target.name)
        says = "Members whose document, or points, were taken back and are held as they are"
        gauges.set("held_members", says, held.get(target.name, 0), target=target.name)


def _from_reconciliation(gauges: _Gauges, connection: Connection) -> None:
    for last in rows(connection, RECONCILED):
        _success(gauges, "reconcile", last["finished_at"].timestamp())
        for target in TARGETS:
            number = sum(last["counts"].get(target.name, {}).values())
            gauges.set(
                "drift_documents", "Documents that a full recompute contradicts", number, target=target.name
            )


def _from_the_past(gauges: _Gauges, connection: Connection) -> None:
    if (finished_at := connection.scalar(text(BACKFILL))) is not None:
        _success(gauges, "backfill", finished_at.timestamp())
    if (found := newest(connection)) is not None:
        _success(gauges, "backtest", found["made_at"].timestamp())
        says = "Order AUC of the score in the newest backtest; 0.5 is chance"
        for one in found["scores"]:
            if one["auc"]["value"] is not None:
                gauges.set("backtest_auc", says, one["auc"]["value"], score=one["name"])


def _from_settings(gauges: _Gauges, settings: Settings) -> None:
    says = "Seconds from one scheduled run of the flow to the next"
    for flow, setting in INTERVALS.items():
        gauges.set("interval_seconds", says, getattr(settings, setting) / 1000, flow=flow)
    gauges.set("interval_seconds", says, 24 * 60 * 60, flow="reconcile")


def _success(gauges: _Gauges, flow: str, moment: float) -> None:
    gauges.set("last_success_timestamp_seconds", "When the flow last ended well", moment, flow=flow)
