"""A reconciling run looks at everything: audits of every row take the place of what it carried forward."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from standing.audit import Verdict
from standing.findings.carried import Looked, with_earlier
from standing.report.audits import Audit, Look, lacking, quality
from standing.run.outcome import RunOutcome


def looked_at_whole(connection: Connection, run: RunOutcome, verdicts: Sequence[Verdict]) -> RunOutcome:
    """The outcome after audits of every row: its report shows what these saw."""
    report = run.content
    if report is None:
        return run
    look = Look(report.run.run_id, report.run.started_at)
    audits = tuple(Audit.from_json(one.to_json()) for one in verdicts)
    seen = replace(report, audits=with_earlier(connection, Looked(look, whole=True), audits))
    before, after = quality(report.unmet), quality(seen.unmet)
    verdict = replace(
        report.verdict,
        headline=report.verdict.headline.replace(before, after),
        status="warned" if seen.unmet and report.verdict.status == "passed" else report.verdict.status,
    )
    now, then = ("".join(f"; {one}" for one in lacking(of.unmet)) for of in (seen, report))
    message = run.message.removesuffix(then) + now
    return replace(run, message=message, content=replace(seen, verdict=verdict))
