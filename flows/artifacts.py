"""What a run shows on its Prefect page: summary, models, quality, and how far it is."""

import json
import logging
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.runtime import flow_run

from standing.log import NAME
from standing.run.outcome import RunOutcome
from standing.run.stages import STAGES
from standing.text import amounts, plural

#: Where flows/pages.py serves the reports; set by the process that serves the deployments.
PAGES = "STANDING_PAGES"
PROGRESS_SECONDS = 2.0
#: What could not be checked has not failed: there is nothing to do about it.
UNCHECKED = {"info": "not checked"}


def publish_artifacts(outcome: RunOutcome) -> None:
    """Show the outcome on the flow run's page; models and quality as the report has them."""
    create_markdown_artifact(
        key="standing-run", markdown=markdown(outcome), description=f"run {outcome.run_id}"
    )
    report = read_report(outcome.report)
    models = [
        {"model": one["name"], "status": one["status"], "seconds": one["seconds"], "rows": one["rows"]}
        for one in sorted(report.get("models", []), key=lambda one: -one["seconds"])
    ]
    if models:
        create_table_artifact(key="standing-models", table=models, description="models, slowest first")
    quality = quality_rows(report)
    if quality:
        create_table_artifact(
            key="standing-quality", table=quality, description="expectations, unmet ones first"
        )


def read_report(page: Path | None) -> dict[str, Any]:
    """The report as data; empty where a run left none."""
    data = page.with_suffix(".json") if page else None
    if data is None or not data.is_file():
        return {}
    results: dict[str, Any] = json.loads(data.read_text())
    return results


def quality_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row an expectation, and one a reason that rows were set aside for."""
    expectations = [
        {
            "what": f"{audit['suite']}: {one['expectation']}",
            "verdict": "met" if one["success"] else UNCHECKED.get(one["severity"], one["severity"]),
            "seen": one["observed"],
            "do": "" if one["success"] or one["severity"] in UNCHECKED else one["action"],
        }
        for audit in report.get("audits", [])
        for one in audit["outcomes"]
    ]
    set_aside = [
        {
            "what": f"{one['source']}: {one['reason']}",
            "verdict": "set aside",
            "seen": plural(one["rows"], "row"),
        }
        for one in report.get("quarantine", [])
        if one["rows"]
    ]
    return sorted(expectations, key=lambda one: one["verdict"] == "met") + set_aside


def link(report: Path) -> str:
    """Where the report can be opened: on our pages if they are served, else as a file."""
    base = os.environ.get(PAGES)
    return f"{base}/reports/{report.parent.name}/{report.name}" if base else report.resolve().as_uri()


def markdown(outcome: RunOutcome) -> str:
    """The outcome as two tables with a link to the report."""
    lines = [f"# Run {outcome.run_id}: {outcome.status}", "", outcome.message, ""]
    if outcome.report:
        lines += [f"[Data quality report]({link(outcome.report)})", ""]
    if documents := [one for one in outcome.changes if one.points is None]:
        lines += ["| | scored | changed | clock only | written |", "|---|--:|--:|--:|--:|"]
        lines += [
            f"| {c.target} | {c.candidates:,} | {c.changed:,} | {c.due:,} |"
            f" {outcome.written.get(c.target, 0):,} |"
            for c in documents
        ] + [""]
    for one in outcome.changes:
        if one.points is not None:
            written = outcome.written.get(one.target, 0)
            lines += [f"{one.words}; {amounts(0, written) or 'nobody'} written", ""]
    if outcome.stages:
        lines += ["| stage | status | seconds | |", "|---|---|--:|---|"]
        lines += [
            f"| {s.name} | {s.status} | {s.seconds:.1f} | {_cell(s.detail)} |" for s in outcome.stages
        ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


class Progress(logging.Handler):
    """A progress artifact over the stages of a run, or over `steps` things of another kind.

    Within a stage it follows log records that say `done` and `total`, and tells Prefect every few seconds.
    """

    def __init__(self, what: str, steps: int = len(STAGES)) -> None:
        super().__init__(logging.INFO)
        self.what, self.steps, self.begun, self.shown_at, self.percent = what, steps, 0, 0.0, 0.0
        self.artifact: UUID | None = None

    def __enter__(self) -> Self:
        self.artifact = create_progress_artifact(0.0, key="standing-progress", description=self.what)  # type: ignore[assignment]
        self.flow_run_id = flow_run.get_id()
        logging.getLogger(NAME).addFilter(self._of_this_run)
        logging.getLogger(NAME).addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger(NAME).removeHandler(self)
        logging.getLogger(NAME).removeFilter(self._of_this_run)
        if error is None:
            self.show(100.0, f"{self.what}: ended")

    def _of_this_run(self, record: logging.LogRecord) -> bool:
        """dbt's threads know of no flow run, and their lines belong on its page all the same."""
        record.flow_run_id = self.flow_run_id
        return True

    def begin(self, step: str) -> None:
        """The next step begins."""
        self.begun += 1
        self.show(100.0 * (self.begun - 1) / self.steps, f"{self.what}: {step}")

    def emit(self, record: logging.LogRecord) -> None:
        total = getattr(record, "total", None)
        if total and time.monotonic() - self.shown_at >= PROGRESS_SECONDS:
            share = min(1.0, getattr(record, "done", 0) / total)
            self.show(100.0 * (max(self.begun, 1) - 1 + share) / self.steps, record.getMessage())

    def show(self, percent: float, words: str) -> None:
        """Show it. The bar never goes back, also where the parts of a step are counted one by one."""
        self.shown_at = time.monotonic()
        self.percent = max(self.percent, min(percent, 100.0))
        if self.artifact is not None:
            update_progress_artifact(self.artifact, progress=self.percent, description=words)
