"""The reports in a folder, and the lines of its index: the registry's runs, then reports of others.

A report that is broken or of another schema is listed as unreadable, with why; it never stops another.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from standing.report.audits import UNMET
from standing.report.content import SCHEMA_VERSION, RunFacts
from standing.report.ends import Became, end_of

NEWEST = 200  # runs that the index lists; older reports stay where they are
#: A run's number; behind it a number of its own where another registry had a run of that number before.
_FOLDER = re.compile(r"run-(\d{1,18})(?:-\d{1,9})?")
#: Moments are written in milliseconds.
_SAME = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Line:
    """A run as the index lists it; what is None was not counted, or is not known.

    `end` is one of `standing.report.ends`, `page` its report below the folder, if it has one.
    """

    run_id: int | None
    end: str
    headline: str
    scored: str  # what was asked for, and how
    started_at: datetime
    as_of: datetime | None = None
    finished_at: datetime | None = None
    zone_name: str = "UTC"
    database: str = ""
    written: int | None = None
    unmet: int | None = None
    set_aside: int | None = None
    page: str = ""
    became: Became | None = None

    @property
    def seconds(self) -> float | None:
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


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
    return apart >= _SAME or known.get("database") != run.database


def pages_of(folder: Path, run_id: int | None = None) -> list[Path]:
    """The pages of the runs of a number, or of all; the one that was written last is the last."""
    pages = [one / "report.html" for one, number in _folders(folder) if run_id in (None, number)]
    return [page for page in pages if page.is_file()]


def lines(runs: Iterable[Line], folder: Path) -> tuple[list[Line], list[Line | Unreadable]]:
    """The runs of the registry with their pages, and the reports that are of none of them, newest first."""
    reports = past_runs(folder)
    listed, taken = [], set()
    for run in runs:
        if report := next(_same(run, reports), None):
            # The page ends before the run does in the registry, which waits for the page to be written.
            run = replace(run, page=report.page, finished_at=report.finished_at)
        taken.add(run.page)
        listed.append(run)
    others = [one for one in reports if isinstance(one, Unreadable) or one.page not in taken]
    return _linked(listed), others


def _same(run: Line, reports: Sequence[Line | Unreadable]) -> Iterator[Line]:
    """The reports of that run, of its own database first: a restored one has another name."""
    if run.as_of is None:
        return
    found = [
        one
        for one in reports
        if isinstance(one, Line)
        and one.run_id == run.run_id
        and one.as_of is not None
        and abs(one.as_of - run.as_of) < _SAME
    ]
    yield from sorted(found, key=lambda one: one.database != run.database)


def _linked(listed: list[Line]) -> list[Line]:
    """What became of a run leads to the page of the run that it names."""
    pages = {one.run_id: one.page for one in listed if one.run_id is not None}
    return [
        replace(one, became=replace(one.became, page=pages.get(one.became.run, "")))
        if one.became and one.became.run is not None
        else one
        for one in listed
    ]


def past_runs(folder: Path) -> list[Line | Unreadable]:
    """The newest reports in that folder, newest first; an empty list if there is none."""
    return [_read(one, run_id) for one, run_id in reversed(_folders(folder)[-NEWEST:])]


def _folders(folder: Path) -> list[tuple[Path, int]]:
    """The folders of runs with their numbers, in the order in which their reports were written."""
    if not folder.is_dir():
        return []
    found = [(one, int(name[1])) for one in folder.iterdir() if (name := _FOLDER.fullmatch(one.name))]
    return sorted(found, key=lambda one: (_written_at(one[0]), one[1]))


def _written_at(folder: Path) -> int:
    """When a run's report was written; what became of the run is written into its page later."""
    report = folder / "report.json"
    return (report if report.is_file() else folder).stat().st_mtime_ns


def _read(folder: Path, run_id: int) -> Line | Unreadable:
    try:
        content = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        if content["schema_version"] != SCHEMA_VERSION:
            return Unreadable(folder.name, run_id, f"schema version {content['schema_version']}")
        return _past(folder.name, content)
    except FileNotFoundError:
        return Unreadable(folder.name, run_id, "report.json is missing")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Unreadable(folder.name, run_id, f"report.json is broken ({type(error).__name__})")


def _past(folder: str, content: dict[str, Any]) -> Line:
    run, verdict = content["run"], content["verdict"]
    outcomes = [one for audit in content["audits"] for one in audit["outcomes"]]
    return Line(
        run_id=int(run["run_id"]),
        end=end_of(str(run["status"]), str(verdict["status"])),
        headline=str(verdict["headline"]),
        scored=f"{run['selection']}, {run['mode']}",
        started_at=datetime.fromisoformat(run["started_at"]),
        as_of=datetime.fromisoformat(run["as_of"]),
        finished_at=datetime.fromisoformat(run["finished_at"]),
        zone_name=str(run["business_time_zone"]),
        database=str(run["database"]),
        written=sum(int(one["written"]) for one in content["changes"]),
        unmet=sum(not one["success"] and one["severity"] in UNMET for one in outcomes),
        set_aside=sum(int(one["rows"]) for one in content["quarantine"])
        if content["quarantine_runs"]
        else None,
        page=f"{folder}/report.html",
    )
