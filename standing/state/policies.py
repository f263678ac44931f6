"""Policy as runs built with it: each version of its tables once, and which of them a document was made by.

The build's schema has the policy of the last build, whatever became of that; here is that of every run.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from standing.contract.target import Target
from standing.contract.targets import SELECTIONS
from standing.sql import literal, quoted, render

#: Policy table → its rows.
Policy = dict[str, list[dict[str, Any]]]


def note(connection: Connection, run_id: int, schema: str, tables: Iterable[str]) -> None:
    """Note with a run the policy that it built with: these tables of the build's schema."""
    connection.execute(
        text(
            f"with given as materialized (select {_tables(schema, tables)} as tables),"
            " known as (insert into standing.policies select md5(tables::text), tables from given"
            " on conflict do nothing)"
            " update standing.runs set policy = md5(tables::text) from given where run_id = :run_id"
        ),
        {"run_id": run_id},
    )


def note_same(connection: Connection, run_id: int, other: int) -> None:
    """Note with a run that it publishes what `other` built."""
    connection.execute(
        text(
            "update standing.runs set policy = other.policy from standing.runs as other"
            " where runs.run_id = :run_id and other.run_id = :other"
        ),
        {"run_id": run_id, "other": other},
    )


def published(connection: Connection, target: Target, member: UUID) -> Policy | None:
    """The policy by which a member's published document was made; None where no run has noted it."""
    selections = [name for name, targets in SELECTIONS.items() if target.name in targets]
    given = {"target": target.name, "member": member, "selections": selections}
    found: Policy | None = connection.scalar(text(render("state/published_policy.sql.j2")), given)
    return found


def built(connection: Connection, schema: str, tables: Iterable[str]) -> Policy:
    """The policy that the build in a schema was made with."""
    found: Policy = connection.scalar(text(f"select {_tables(schema, tables)}"))
    return found


def _tables(schema: str, tables: Iterable[str]) -> str:
    rows = "(select coalesce(jsonb_agg(to_jsonb(r) order by to_jsonb(r)), '[]') from {} as r)"
    parts = (f"{literal(table)}, {rows.format(quoted(schema, table))}" for table in tables)
    return f"jsonb_build_object({', '.join(parts)})"
