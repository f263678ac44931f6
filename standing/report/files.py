"""A report's files: `<folder>/run-000123/report.html` and `report.json`, and `<folder>/index.html`."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from standing.report.content import RunReport
from standing.report.index import Line, folder_of, lines


@dataclass(frozen=True)
class ReportFiles:
    html: Path
    json: Path


def write_report(run: RunReport, folder: Path) -> ReportFiles:
    """Write a run's two files under `folder` (made if need be).

    Each file appears whole or not at all. Writing a run again replaces its files, no other's. Raises
    OSError if the folder cannot be written.
    """
    from altair.utils.schemapi import debug_mode

    from standing.report.html import render_report  # Jinja and the charts load only here

    own = folder_of(run.run, folder)
    files = ReportFiles(own / "report.html", own / "report.json")
    own.mkdir(parents=True, exist_ok=True)
    write_whole(files.json, json.dumps(run.to_json(), ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    with debug_mode(False):  # charts are checked against Vega-Lite's schema by their tests
        write_whole(files.html, render_report(run))
    return files


def write_index(folder: Path, runs: Sequence[Line]) -> Path:
    """Write the index of the runs of the registry, newest first, and of the other reports in the folder.

    What has become of a run is written into its page, too.
    """
    from altair.utils.schemapi import debug_mode

    from standing.report.html import render_index, with_end

    folder.mkdir(parents=True, exist_ok=True)
    listed, others = lines(runs, folder)
    for run in (one for one in listed if one.page and one.became):
        page = folder / run.page
        before = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
        if (after := with_end(before, run)) != before:
            write_whole(page, after)
    index = folder / "index.html"
    with debug_mode(False):
        write_whole(index, render_index(listed, others))
    return index


def write_again(run: RunReport, folder: Path, addition: str, wrong: str = "", fix: str = "") -> RunReport:
    """Write a report anew with what came to light after its run, and give it.

    `wrong` says why a verdict that passed is a warning from now on; empty leaves it as it is.
    """
    verdict = run.verdict
    verdict = replace(
        verdict,
        status="warned" if wrong and verdict.status == "passed" else verdict.status,
        headline=f"{verdict.headline} {addition}",
        reason="\n".join(filter(None, (verdict.reason, wrong))),
        fix="\n".join(filter(None, (verdict.fix, fix))),
    )
    run = replace(run, verdict=verdict)
    write_report(run, folder)
    return run


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step; a reader sees the old one or the new one, whole."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
