"""The page of `standing verify`: what holds of the upgrade, what does not, and what was not checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from standing.report.content import Audit, AuditOutcome
from standing.report.files import write_whole
from standing.report.index import Line
from standing.text import plain

PAGE = "upgrade.html"


@dataclass(frozen=True)
class Verification:
    """One audit of the upgrade: of which database, when, and every outcome."""

    database: str
    started_at: datetime
    finished_at: datetime
    zone_name: str
    versions: Mapping[str, str]
    audit: Audit

    def _those(self, success: bool, *severities: str) -> tuple[AuditOutcome, ...]:
        found = (one for one in self.audit.outcomes if one.success is success)
        return tuple(one for one in found if not severities or one.severity in severities)

    @property
    def holding(self) -> tuple[AuditOutcome, ...]:
        return self._those(True)

    @property
    def failing(self) -> tuple[AuditOutcome, ...]:
        return self._those(False, "critical", "warning")

    @property
    def unchecked(self) -> tuple[AuditOutcome, ...]:
        return self._those(False, "info")

    @property
    def end(self) -> str:
        return "unverified" if self._those(False, "critical") else "verified"

    @property
    def result(self) -> str:
        """Such as: 18 of 18 hold."""
        checked = len(self.holding) + len(self.failing)
        unchecked = f"; {len(self.unchecked):,} not checked" if self.unchecked else ""
        return f"{len(self.holding):,} of {checked:,} hold{unchecked}"


def write_verification(found: Verification, folder: Path) -> Path:
    """Write the page under `folder`, and what the index says of it beside it."""
    from standing.report.html import render_verification

    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "end": found.end,
        "result": found.result,
        "database": found.database,
        "started_at": found.started_at,
        "finished_at": found.finished_at,
        "unmet": len(found.failing),
        "zone_name": found.zone_name,
    }
    write_whole((folder / PAGE).with_suffix(".json"), json.dumps(plain(told)) + "\n")
    write_whole(folder / PAGE, render_verification(found))
    return folder / PAGE


def checked(folder: Path) -> list[Line]:
    """The newest verification in a folder, as a line of the index; nothing where there is none."""
    try:
        told = json.loads((folder / PAGE).with_suffix(".json").read_text("utf-8"))
        return [
            Line(
                run_id=None,
                end=str(told["end"]),
                headline=f"{told['result']}.",
                scored="the upgrade",
                started_at=datetime.fromisoformat(told["started_at"]),
                finished_at=datetime.fromisoformat(told["finished_at"]),
                zone_name=str(told["zone_name"]),
                database=str(told["database"]),
                unmet=int(told["unmet"]),
                page=PAGE,
            )
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
