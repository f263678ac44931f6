"""What a run did not look at again: unmet expectations of earlier runs, carried forward with their history.

`standing.runs` keeps the unmet expectations of each run, those that it carried forward among them, so that
a run needs the list of the one before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.report.audits import UNMET, Audit, AuditOutcome, Look
from standing.text import plain

#: Earlier runs in an expectation's history: a day of hourly runs.
HISTORY_RUNS = 23
EARLIER = """
    select
        jsonb_path_query_array(summary, '$.findings[*].name') as unmet,
        case when row_number() over (order by run_id desc) = 1 then summary -> 'findings' end as findings
    from standing.runs
    where run_id < :run_id and status <> 'replayed' and summary ? 'findings'
    order by run_id desc limit :number
"""


@dataclass(frozen=True)
class Looked:
    """Which run looked, and whether its suites asked for every row and target."""

    run: Look
    whole: bool


def with_earlier(connection: Connection, looked: Looked, audits: Sequence[Audit]) -> tuple[Audit, ...]:
    """The audits with what is carried forward, since when each unmet expectation is, and its history.

    An expectation stays unmet until a run asks it of every row. A critical one stops its run, and the next
    looks at the same rows again; so any look at it counts.
    """
    earlier = rows(connection, EARLIER, run_id=looked.run.run_id, number=HISTORY_RUNS)
    findings = _by_suite(earlier[0]["findings"] if earlier else [])
    suites = {audit.suite: audit for audit in audits}
    suites |= {name: Audit(name, (), 0.0) for name in findings if name not in suites}
    asked = {audit.suite for audit in audits} if looked.whole else set()
    seen = [set(one["unmet"]) for one in reversed(earlier)]
    dated = []
    for name, audit in suites.items():
        before = findings.get(name, {})
        outcomes = [
            _dated(one, looked.run, before.get(one.expectation), _history(name, one, seen))
            for one in _together(audit, before, looked.run, name in asked)
        ]
        dated.append(replace(audit, outcomes=tuple(outcomes)))
    return tuple(dated)


def findings_of(run: Look, audits: Sequence[Audit]) -> list[dict[str, Any]]:
    """The unmet expectations, as `standing.runs` keeps them."""
    return [
        {"name": f"{audit.suite}.{one.expectation}", "suite": audit.suite}
        | plain(asdict(replace(one, looked_at=one.looked_at or run, history=())))
        for audit in audits
        for one in audit.unmet
    ]


def _by_suite(findings: Sequence[dict[str, Any]]) -> dict[str, dict[str, AuditOutcome]]:
    """Suite → expectation → what was seen."""
    suites: dict[str, dict[str, AuditOutcome]] = {}
    for one in findings:
        (outcome,) = Audit.from_json({"suite": one["suite"], "outcomes": [one], "seconds": 0}).outcomes
        suites.setdefault(one["suite"], {})[outcome.expectation] = outcome
    return suites


def _together(
    audit: Audit, before: dict[str, AuditOutcome], run: Look, is_whole: bool
) -> Iterator[AuditOutcome]:
    """What the run saw, with what it did not look at again in its place, or else at the end."""
    for one in audit.outcomes:
        known = before.get(one.expectation)
        if known is None or not one.of_due or known.severity == "critical" or one.severity not in UNMET:
            yield one
        else:
            seen = (
                known.seen_since
                if one.success
                else f"{one.observed}, of the rows that run {run.run_id} read"
            )
            yield replace(known, seen_since=seen)
    asked = {one.expectation for one in audit.outcomes}
    yield from (one for name, one in before.items() if name not in asked and not is_whole)


def _dated(
    one: AuditOutcome, run: Look, before: AuditOutcome | None, history: tuple[bool, ...]
) -> AuditOutcome:
    """The outcome with its history, and since when it is unmet."""
    if one.success or one.severity not in UNMET:
        return replace(one, history=history)
    since = (before.unmet_since if before else None) or run
    return replace(one, history=history, unmet_since=since)


def _history(suite: str, one: AuditOutcome, seen: list[set[str]]) -> tuple[bool, ...]:
    """Of each earlier run whether it was unmet; nothing where it never was."""
    history = tuple(f"{suite}.{one.expectation}" in unmet for unmet in seen)
    return history if any(history) or not one.success else ()
