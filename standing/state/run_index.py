"""The run registry as the reports' index shows it: each run as what it is, and what became of it."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from standing.database.connect import rows, server_message
from standing.log import logger
from standing.report.ends import Became, end_of
from standing.report.files import write_index
from standing.report.index import NEWEST, Line
from standing.report.verification import checked
from standing.report.wording import day_and_time, zone
from standing.settings import Settings
from standing.sql import render
from standing.state.runs import KILLED, decisions

#: What the index says of runs that left no verdict, before their message.
MEANT = {
    "crashed": "The run broke off",
    "interrupted": "Somebody ended the run, or its machine did",
    "skipped": "Another run was at work",
    "waiting": "Nothing was built",
    "running": "It has not ended yet",
}


def write_run_index(engine: Engine, settings: Settings, run_id: int = 0) -> None:
    """Write the index of the reports anew, and into decided runs' pages what became of them.

    It never stops what has been done before: where it cannot be written, a line of the log says why.
    """
    try:
        with engine.connect() as connection:
            found = rows(connection, render("state/run_index.sql.j2"), number=NEWEST)
        listed = [_line(run, found, settings) for run in found]
        folder = settings.home / "reports"
        verified = checked(folder)
        write_index(folder, sorted([*listed, *verified], key=lambda one: one.started_at, reverse=True))
    except DBAPIError as error:
        logger(run_id, "index").warning("the index of reports is not written: %s", server_message(error))
    except OSError as error:
        logger(run_id, "index").warning("the index of reports is not written: %s", error)


def _line(run: dict[str, Any], runs: list[dict[str, Any]], settings: Settings) -> Line:
    end = _end(run)
    verdict = run["verdict"] or {}
    message = str(run["message"]).partition("\n")[0].rstrip(":")  # commands came after it
    headline = str(verdict.get("headline") or "")
    if not headline and end == "waiting" and run["waits_for"]:
        headline = f"{MEANT[end]}."  # the rest is what became of it
    elif not headline:
        headline = f"{MEANT[end]}: {message}" if end in MEANT else message
    unmet = run["unmet"] or {}
    return Line(
        run_id=run["run_id"],
        end=end,
        headline=headline,
        scored=f"{run['selection']}, {_mode(run)}",
        started_at=run["started_at"],
        as_of=run["as_of"],
        finished_at=run["finished_at"],
        zone_name=settings.business_time_zone,
        written=None if run["changes"] is None else sum(int(one["written"]) for one in run["changes"]),
        unmet=sum(one.get(kind, 0) for one in unmet.values() for kind in ("critical", "warning"))
        if unmet
        else None,
        set_aside=sum(int(one["rows"]) for one in run["quarantine"] or ()) if run["has_built"] else None,
        became=_became(run, end, runs, settings),
    )


def _end(run: dict[str, Any]) -> str:
    status, message = str(run["status"]), str(run["message"])
    if status == "failed" and (run["ended"] or message == KILLED):
        return run["ended"] or "crashed"
    if status == "stopped" and run["expires_at"] and run["expires_at"] <= datetime.now(UTC):
        return "expired"
    if status == "published" and run["reconciliation"] is not None:
        warned = (run["verdict"] or {}).get("status") == "warned"
        alike = "reconciled with warnings" if warned else "reconciled"
        return "differs" if run["reconciliation"].get("drift") else alike
    verdict = str((run["verdict"] or {}).get("status", status))
    return end_of(status, "passed" if verdict == "published" else verdict)


def _mode(run: dict[str, Any]) -> str:
    if run["approves"] is not None:
        return f"approval of run {run['approves']}"
    if run["reconciliation"] is not None:
        return "reconciliation"
    if run["status"] == "replayed":
        return "replay"
    if not run["plan"]:
        return "not planned"
    return "everybody" if run["plan"].startswith("everybody") else "of the due"


def _became(run: dict[str, Any], end: str, runs: list[dict[str, Any]], settings: Settings) -> Became | None:
    number = run["run_id"]
    when = _when(run["decided_at"], settings)
    why = f" ({run['reason']})" if run["reason"] else ""
    if end == "stopped":
        until = _when(run["expires_at"], settings, "until")
        return Became(end, f"Somebody is to decide{until}.", decisions(number))
    if end == "approved":
        by = run["approved_by"]
        undone = any(one["run_id"] == by and one["status"] == "undone" for one in runs)
        since = ", which was undone since" if undone else ""
        return Became(end, f"Approved{when}: published as run {by}{since}.", run=by)
    if end == "rejected":
        return Became(end, f"Rejected{when}{why}; the members stayed due for later runs.")
    if end == "expired":
        return Became(end, "Nobody decided in time; the members stayed due for later runs.")
    if end == "undone" and run["resumed_at"]:
        resumed = _when(run["resumed_at"], settings)
        return Became(end, f"Undone{when}{why}. Resumed{resumed}: runs write these members again.")
    if end == "undone":
        told = str(run["message"]).partition(";")[0].removeprefix(f"run {number} undone: ")
        return Became(end, f"Undone{when}: {told}.", (f"standing resume {number}",))
    if end == "waiting" and run["waits_for"]:
        return Became(end, f"It waited for the decision on run {run['waits_for']}.", run=run["waits_for"])
    return None


def _when(moment: datetime | None, settings: Settings, word: str = "on") -> str:
    if moment is None:
        return ""
    name = settings.business_time_zone
    return f" {word} {day_and_time(moment.astimezone(zone(name)))} {name.replace('_', ' ')}"
