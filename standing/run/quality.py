"""What a run's audits saw, with what it did not look at again, for its report and for the run registry."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from standing.contract.application import REQUIRED
from standing.contract.targets import TARGETS
from standing.findings.carried import Looked, findings_of, with_earlier
from standing.report.audits import UNMET, Audit, Look
from standing.run.run import Run


def audits_of(connection: Connection, run: Run) -> tuple[Audit, ...]:
    """What the run's audits saw; of one that may publish also what it did not look at again."""
    audits = tuple(Audit.from_json(one.verdict.to_json()) for one in run.audits)
    if run.is_replay:
        return audits
    is_whole = run.builds_everybody and run.targets == TARGETS
    return with_earlier(connection, Looked(Look(run.run_id, run.started_at), is_whole), audits)


def audited(look: Look, audits: Sequence[Audit]) -> dict[str, Any]:
    """What `standing.runs` keeps of a run's audits: findings, and counts with zeros, so that alarms end."""
    counts = {
        audit.suite: {severity: [one.severity for one in audit.unmet].count(severity) for severity in UNMET}
        for audit in audits
    }
    return {"unmet": counts, "findings": findings_of(look, audits)}


def volumes(run: Run) -> dict[str, int]:
    """Rows of each source table, as the audit of the sources counted them; the next one compares."""
    named = {
        f"{table}_id_is_not_null": table for table in REQUIRED
    }  # the expectation, one a table, that counts every row
    audits = (one.verdict for one in run.audits if one.verdict.suite == "sources")
    outcomes = [outcome for verdict in audits for outcome in verdict.outcomes]
    return {
        named[one.expectation]: one.checked
        for one in outcomes
        if one.expectation in named and one.checked is not None
    }
