"""A publish target as the audits see it."""

from typing import NamedTuple

from expectations.documents import DOCUMENTS, Document
from expectations.verdict import AuditError, AuditScope
from standing.sql import quoted


class AuditTarget(NamedTuple):
    """`mart`.document by `key` is published to `table`.`column` by `table_key`."""

    name: str
    mart: str
    key: str
    table: str
    table_key: str
    column: str

    @property
    def document(self) -> Document:
        return DOCUMENTS[self.name]

    @property
    def staging(self) -> str:
        """The staging model that says which members there are."""
        return {"users": "stg_users", "seller_profiles": "stg_sellers"}[self.table]

    def among(self, rows: str, key: str, scope: AuditScope) -> str:
        """`rows`, a relation, or those of them whose `key` the run builds."""
        return among_due(rows, key, self.table, scope)

    @property
    def mart_columns(self) -> tuple[str, str]:
        return (f"build:{self.mart}.{self.key}", f"build:{self.mart}.document")


#: Table of members → the build's table of the due, and its key.
DUE = {"users": ("due_users", "user_id"), "seller_profiles": ("due_sellers", "seller_id")}


def among_due(rows: str, key: str, members: str, scope: AuditScope) -> str:
    """`rows`, a relation, or those of them whose `key` is one of the due `members`."""
    if not scope.due_only:
        return rows
    table, name = DUE[members]
    due = quoted(scope.build_schema, table)
    return f"(select rows.* from {rows} as rows join {due} as due on due.{name} = rows.{key})"


def audit_targets(scope: AuditScope) -> list[AuditTarget]:
    """The scope's targets; raises AuditError for one whose document has no definition here."""
    targets = [AuditTarget(*given) for given in scope.targets]
    for target in targets:
        if target.name not in DOCUMENTS:
            raise AuditError(
                f"the audit knows no document {target.name!r}",
                "define its keys in expectations/documents.py",
            )
    return targets
