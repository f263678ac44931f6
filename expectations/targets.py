"""A publish target as the audits look at it."""

from expectations.verdict import AuditScope
from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import Target
from standing.sql import quoted


def among(target: Target, rows: str, key: str, scope: AuditScope) -> str:
    """`rows`, a relation, or those of them whose `key` the run builds."""
    return among_due(rows, key, target.members.table, scope)


def among_due(rows: str, key: str, members: str, scope: AuditScope) -> str:
    """`rows`, a relation, or those of them whose `key` is one of the due `members`."""
    if not scope.due_only:
        return rows
    kind = next(kind for kind in MEMBER_KINDS if kind.table == members)
    due = quoted(scope.build_schema, kind.due_table)
    return f"(select rows.* from {rows} as rows join {due} as due on due.{kind.key} = rows.{key})"


def mart_columns(target: Target) -> tuple[str, str]:
    """What a rule over a target's mart needs."""
    return (f"build:{target.mart}.{target.key}", f"build:{target.mart}.document")
