"""`standing verify`: the audit of the upgrade, and its report page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from standing import __version__
from standing.audit import Verdict, auditor
from standing.errors import NotUpgraded
from standing.settings import Settings
from standing.upgrade import revisions


@dataclass(frozen=True)
class Verified:
    """The verdict, and the page that shows it."""

    verdict: Verdict
    report: Path


def verify(settings: Settings, engine: Engine) -> Verified:
    """Audit the upgraded database; only reads it. Raises NotUpgraded before `standing migrate`."""
    done = revisions.present(engine)
    if done != revisions.latest():
        how = "is not upgraded" if done is None else f"is half upgraded: migrate stopped after {done!r}"
        raise NotUpgraded(f"this database {how}", "standing migrate")
    started = datetime.now(UTC)
    verdict = auditor(settings, engine.url, ()).verdict("upgrade")
    return Verified(verdict, _write_report(settings, engine, verdict, started))


def _write_report(settings: Settings, engine: Engine, verdict: Verdict, started: datetime) -> Path:
    from standing.report.content import Audit, RunFacts, RunReport, RunVerdict
    from standing.report.html import render_report

    with engine.connect() as connection:
        version = str(connection.scalar(text("show server_version")))
    failed = len(verdict.failures("critical"))
    facts = RunFacts(
        run_id=0,
        selection="upgrade",
        as_of=started,
        started_at=started,
        finished_at=datetime.now(UTC),
        status="verified" if verdict.passed else "failed",
        mode="full",
        database=f"{engine.url.host or 'local'}/{engine.url.database}",
        standing_version=__version__,
        postgres_version=version,
        business_time_zone=settings.business_time_zone,
    )
    headline = (
        "The upgrade is complete." if verdict.passed else f"{failed} critical checks of the upgrade failed."
    )
    page = RunReport(
        facts,
        RunVerdict("passed" if verdict.passed else "failed", headline),
        audits=(Audit.from_json(verdict.to_json()),),
    )
    file = settings.home / "reports" / "upgrade.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render_report(page), encoding="utf-8")
    return file
