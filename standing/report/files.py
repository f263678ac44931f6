"""A report's files: `<folder>/run-000123/report.html` and `report.json`, and `<folder>/index.html`."""

from dataclasses import dataclass
from pathlib import Path

from standing.report.content import RunReport


@dataclass(frozen=True)
class ReportFiles:
    html: Path
    json: Path


def write_report(run: RunReport, folder: Path) -> ReportFiles:
    raise NotImplementedError
