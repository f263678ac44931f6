"""Are the lots of members' points what they may spend? `standing why` and the report read them."""

from collections.abc import Iterable, Iterator

from expectations.engine.rules import Rule, Scan
from expectations.targets import among_due
from expectations.verdict import AuditScope
from standing.contract.targets import PostingTarget
from standing.sql import quoted


def built(mart: str, target: PostingTarget, scope: AuditScope) -> str:
    """The rows of a mart of those who are built."""
    return among_due(quoted(scope.build_schema, mart), target.key, target.table, scope)


def lot_scans(ledgers: Iterable[PostingTarget], scope: AuditScope) -> Iterator[Scan]:
    """A row a member who is built: the account, once all is posted, beside what is left in lots."""
    for target in ledgers:
        if target.lots:
            yield _of_ledger(target, target.lots, scope)


def _of_ledger(target: PostingTarget, lots: str, scope: AuditScope) -> Scan:
    key = target.key
    source = f"""{built(target.mart, target, scope)} as total
        left join (
            select {key}, sum(worth) as points from {built(target.postings, target, scope)} as one
            group by {key}
        ) as keys on keys.{key} = total.{key}
        left join (
            select {key}, sum(points_left) as points from {built(lots, target, scope)} as one group by {key}
        ) as lots on lots.{key} = total.{key}"""
    after = "total.opening + total.application_sum + coalesce(keys.points, 0)"
    rule = Rule(
        f"{target.name}_left_in_lots_are_what_may_be_spent",
        "warning",
        f"coalesce(lots.points, 0) != greatest({after}, 0)",
        "Not all that these members may spend has an end, or something ends that they do not have.",
        "standing run --full builds them anew",
    )
    needs = (
        *(f"build:{target.mart}.{column}" for column in ("opening", "application_sum", key)),
        f"build:{target.postings}.worth",
        f"build:{lots}.points_left",
    )
    return Scan(source, f"total.{key}::text", (rule,), needs=needs, of_due=scope.due_only)
