"""A report's files: `<folder>/run-000123/report.html` and `report.json`, and `<folder>/index.html`."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from standing.report.content import RunReport
from standing.report.index import folder_of, past_runs


@dataclass(frozen=True)
class ReportFiles:
    html: Path
    json: Path


def write_report(run: RunReport, folder: Path) -> ReportFiles:
    """Write a run's two files under `folder` (made if need be) and the index of all runs there.

    Each file appears whole or not at all. Writing a run again replaces its files, no other's. Raises
    OSError if the folder cannot be written.
    """
    from altair.utils.schemapi import debug_mode

    from standing.report.html import render_index, render_report  # Jinja and the charts load only here

    own = folder_of(run.run, folder)
    files = ReportFiles(own / "report.html", own / "report.json")
    own.mkdir(parents=True, exist_ok=True)
    _write(files.json, json.dumps(run.to_json(), ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    with debug_mode(False):  # charts are checked against Vega-Lite's schema by their tests
        _write(files.html, render_report(run))
        _write(folder / "index.html", render_index(past_runs(folder)))
    return files


def write_again(run: RunReport, folder: Path, addition: str, wrong: str = "", fix: str = "") -> RunReport:
    """Write a report anew with what came to light after its run, and give it.

    `wrong` says why its verdict is a warning from now on; empty leaves the verdict as it is.
    """
    verdict = run.verdict
    verdict = replace(
        verdict,
        status="warned" if wrong else verdict.status,
        headline=f"{verdict.headline} {addition}",
        reason="\n".join(filter(None, (verdict.reason, wrong))),
        fix="; ".join(filter(None, (verdict.fix, fix))),
    )
    run = replace(run, verdict=verdict)
    write_report(run, folder)
    return run


def _write(path: Path, text: str) -> None:
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
