"""Past runs, read from the report.json files beside the one being written.

A file that is broken or of another schema is listed as unreadable, with why; it never stops a report.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from standing.report.content import SCHEMA_VERSION, RunFacts, Status

NEWEST = 200  # runs that the index lists; older reports stay where they are
#: A run's number; behind it a number of its own where another registry had a run of that number before.
_FOLDER = re.compile(r"run-(\d{1,18})(?:-\d{1,9})?")


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


def folder_of(run: RunFacts, folder: Path) -> Path:
    """Where that run's report belongs below `folder`.

    Runs count from 1 again after `standing rollback`, and in every database: the report of another run of
    that number stays where it is, and this one gets a folder beside it.
    """
    first = own = folder / f"run-{run.run_id:06}"
    beside = 1
    while _is_of_another(own, run):
        beside += 1
        own = first.with_name(f"{first.name}-{beside}")
    return own


def _is_of_another(own: Path, run: RunFacts) -> bool:
    """A run has one moment and one database, also where its report is written again."""
    try:
        known = json.loads((own / "report.json").read_text(encoding="utf-8"))["run"]
        moment = datetime.fromisoformat(known["as_of"])
        apart = abs(moment - run.as_of)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # Moments are written in milliseconds.
    return apart >= timedelta(milliseconds=1) or known.get("database") != run.database


def pages_of(folder: Path, run_id: int | None = None) -> list[Path]:
    """The pages of the runs of a number, or of all; the one that was written last is the last."""
    pages = [one / "report.html" for one, number in _folders(folder) if run_id in (None, number)]
    return [page for page in pages if page.is_file()]


def past_runs(folder: Path) -> list[PastRun | Unreadable]:
    """The newest runs in that folder, newest first; an empty list if there is none."""
    return [_read(one, run_id) for one, run_id in reversed(_folders(folder)[-NEWEST:])]


def _folders(folder: Path) -> list[tuple[Path, int]]:
    """The folders of runs with their numbers, in the order in which they were written."""
    if not folder.is_dir():
        return []
    found = [(one, int(name[1])) for one in folder.iterdir() if (name := _FOLDER.fullmatch(one.name))]
    return sorted(found, key=lambda one: (one[0].stat().st_mtime_ns, one[1]))


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
