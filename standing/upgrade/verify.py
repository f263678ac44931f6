"""`standing verify`: the audit of the upgrade, and its report page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from standing import __version__
from standing.audit import Verdict, auditor
from standing.errors import NotUpgraded
from standing.report.content import Audit
from standing.report.verification import Verification, write_verification
from standing.settings import Settings
from standing.state.run_index import write_run_index
from standing.upgrade import revisions


@dataclass(frozen=True)
class Verified:
    """The verdict, the page that shows it, and how much holds, in a few words."""

    verdict: Verdict
    report: Path
    result: str


def verify(settings: Settings, engine: Engine) -> Verified:
    """Audit the upgraded database; only reads it. Raises NotUpgraded before `standing migrate`."""
    done = revisions.present(engine)
    if done != revisions.latest():
        how = "is not upgraded" if done is None else f"is half upgraded: migrate stopped after {done!r}"
        raise NotUpgraded(f"this database {how}", "standing migrate")
    started = datetime.now(UTC)
    verdict = auditor(settings, engine.url, ()).verdict("upgrade")
    with engine.connect() as connection:
        version = str(connection.scalar(text("show server_version")))
    found = Verification(
        database=f"{engine.url.host or 'local'}/{engine.url.database}",
        started_at=started,
        finished_at=datetime.now(UTC),
        zone_name=settings.business_time_zone,
        versions={"Standing": __version__, "PostgreSQL": version},
        audit=Audit.from_json(verdict.to_json()),
    )
    page = write_verification(found, settings.home / "reports")
    write_run_index(engine, settings)
    return Verified(verdict, page, found.result)
