"""One audit: see what exists, check what can be checked, say what was not."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from expectations.engine.catalog import Catalog, catalog_of, read_catalog, reading
from expectations.engine.rules import Rule, Scan, Whole
from expectations.suites import candidates, published, sources, upgrade
from expectations.verdict import FIRST, AuditError, AuditScope, ExpectationResult, Verdict, in_order

SUITES: dict[str, Callable[[AuditScope, Catalog], Sequence[Scan]]] = {
    "sources": sources.scans,
    "candidates": candidates.scans,
    "published": published.scans,
    "upgrade": upgrade.scans,
}


def run(suite: str, scope: AuditScope) -> Verdict:
    """See `expectations.validate`."""
    started = time.monotonic()
    if suite not in SUITES:
        raise AuditError(f"there is no suite {suite!r}", f"use one of {', '.join(SUITES)}")
    catalog = read_catalog(scope)
    checkable, skipped = split(SUITES[suite](scope, catalog), catalog)

    from expectations.engine.gx import check  # seconds to import

    outcomes = check(suite, scope, checkable) + skipped
    return Verdict(suite, in_order(outcomes), round(time.monotonic() - started, 3))


def watch(scope: AuditScope) -> Verdict:
    """See `expectations.watch`."""
    started = time.monotonic()
    with reading(scope) as connection:
        catalog = catalog_of(scope, connection)
        checkable, skipped = split(sources.whole_scans(scope), catalog)
        outcomes = [outcome for scan in checkable for outcome in _counted(scan, connection)]
    return Verdict("sources", in_order(outcomes + skipped), round(time.monotonic() - started, 3))


def _counted(scan: Scan, connection: Connection) -> list[ExpectationResult]:
    """A scan's rules about the whole, each as Great Expectations would find it."""
    counts = connection.execute(text(scan.counts_query())).mappings().one()
    found = []
    for position, rule in enumerate(scan.rules):
        seen, unexpected = counts[f"o{position}"] or "", counts[f"n{position}"]
        outcome = ExpectationResult(
            rule.name, rule.severity, unexpected == 0, rule.meaning, rule.action, seen, unexpected
        )
        found.append(
            outcome if unexpected is not None else replace(outcome, severity="info", observed=FIRST)
        )
    return found


def split(scans: Sequence[Scan], catalog: Catalog) -> tuple[list[Scan], list[ExpectationResult]]:
    """The scans with the rules whose columns exist, and an info for each rule that is left out."""
    checkable, skipped = [], []
    for scan in scans:
        kept: list[Rule | Whole] = []
        for rule in scan.rules:
            missing = [need for need in (*scan.needs, *rule.needs) if not catalog.usable(need)]
            if missing:
                skipped.append(_not_checked(rule, missing))
            else:
                kept.append(rule)
        if kept:
            checkable.append(replace(scan, rules=tuple(kept)))
    return checkable, skipped


def _not_checked(rule: Rule | Whole, missing: Sequence[str]) -> ExpectationResult:
    names = ", ".join(
        dict.fromkeys(need.removeprefix("build:").replace("standing:", "standing.") for need in missing)
    )
    return ExpectationResult(
        expectation=rule.name,
        severity="info",
        success=False,
        meaning=rule.meaning,
        action=rule.action,
        observed=f"not checked: missing or of an unfit type: {names}",
    )
