"""Past runs, read from the report.json files beside the one being written.

A file that is broken or of another schema is listed as unreadable, with why; it never stops a report.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from standing.report.content import SCHEMA_VERSION, Status

NEWEST = 200  # runs that the index lists; older reports stay where they are
_FOLDER = re.compile(r"run-(\d{1,18})")


@dataclass(frozen=True)
class PastRun:
    """One line of the index. `set_aside` counts quarantined rows by (source, reason); None: not counted."""

    folder: str
    run_id: int
    status: str
    headline: str
    selection: str
    mode: str
    zone_name: str
    as_of: datetime
    finished_at: datetime
    seconds: float
    written: int
    failed: int  # expectations not met, of any severity
    set_aside: Counter[tuple[str, str]] | None


@dataclass(frozen=True)
class Unreadable:
    """A run's folder whose report.json cannot be read."""

    folder: str
    run_id: int
    why: str


def folder_name(run_id: int) -> str:
    return f"run-{run_id:06}"


def past_runs(folder: Path) -> list[PastRun | Unreadable]:
    """The newest runs in that folder, newest first; an empty list if there is none."""
    if not folder.is_dir():
        return []
    folders = [(int(name[1]), one) for one in folder.iterdir() if (name := _FOLDER.fullmatch(one.name))]
    return [_read(one, run_id) for run_id, one in sorted(folders, reverse=True)[:NEWEST]]


def _read(folder: Path, run_id: int) -> PastRun | Unreadable:
    try:
        content = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        if content["schema_version"] != SCHEMA_VERSION:
            return Unreadable(folder.name, run_id, f"schema version {content['schema_version']}")
        return _past(folder.name, content)
    except FileNotFoundError:
        return Unreadable(folder.name, run_id, "report.json is missing")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Unreadable(folder.name, run_id, f"report.json is broken ({type(error).__name__})")


def _past(folder: str, content: dict[str, Any]) -> PastRun:
    run, verdict = content["run"], content["verdict"]
    finished = datetime.fromisoformat(run["finished_at"])
    set_aside: Counter[tuple[str, str]] = Counter()
    for one in content["quarantine"]:
        set_aside[str(one["source"]), str(one["reason"])] += int(one["rows"])
    return PastRun(
        folder=folder,
        run_id=int(run["run_id"]),
        status=verdict["status"] if verdict["status"] in get_args(Status) else "failed",
        headline=str(verdict["headline"]),
        selection=str(run["selection"]),
        mode=str(run["mode"]),
        zone_name=str(run["business_time_zone"]),
        as_of=datetime.fromisoformat(run["as_of"]),
        finished_at=finished,
        seconds=(finished - datetime.fromisoformat(run["started_at"])).total_seconds(),
        written=sum(int(one["written"]) for one in content["changes"]),
        failed=sum(not one["success"] for audit in content["audits"] for one in audit["outcomes"]),
        set_aside=set_aside if content["quarantine_runs"] else None,
    )
