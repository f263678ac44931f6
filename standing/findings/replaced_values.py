"""Which labels of policy and which evidence are other ones in a set of changed documents, old → new."""

from functools import partial
from typing import Any

from sqlalchemy import Connection

from standing.contract.document import Part
from standing.contract.targets import Target
from standing.database.connect import rows
from standing.publish.change_classes import change_class
from standing.publish.documents import is_published
from standing.report.changes import Replaced, ReplacedValue
from standing.sql import literal, render

#: Keys listed of each target and class.
LISTED = 20


def reworded(
    connection: Connection, target: Target, changed: str, **parameters: Any
) -> tuple[ReplacedValue, ...]:
    """The texts of policy that changed, in whichever documents."""
    return _replaced(
        connection, target, "wording", changed, is_published(target, "old_document"), **parameters
    )


def explained_otherwise(
    connection: Connection, target: Target, changed: str, **parameters: Any
) -> tuple[ReplacedValue, ...]:
    """The evidence that changed, in documents of which nothing else did but perhaps wording."""
    is_evidence = f"{change_class(target, 'old_document', 'new_document')} = 'evidence'"
    return _replaced(connection, target, "evidence", changed, is_evidence, **parameters)


def _replaced(
    connection: Connection,
    target: Target,
    change: Replaced,
    changed: str,
    condition: str,
    **parameters: Any,
) -> tuple[ReplacedValue, ...]:
    parts = [part for part in target.document.parts if part.change == change]
    if not parts:
        return ()
    statement = render(
        "findings/replaced_values.sql.j2",
        changed=changed,
        condition=condition,
        values=partial(_values, parts=parts),
        most=LISTED,
    )
    return tuple(
        ReplacedValue(target=target.name, change=change, **row)
        for row in rows(connection, statement, **parameters)
    )


def _values(document: str, parts: list[Part]) -> str:
    """A query of key and value of the parts; of evidence, whose keys no contract names, one a key."""
    return " union all ".join(_of_part(document, part) for part in parts)


def _of_part(document: str, part: Part) -> str:
    if part.named_by:
        within = f"jsonb_path_query({document}, {literal(part.within)}) as element (value)"
        key = f"concat(element.value ->> {literal(part.named_by)}, {literal('.' + part.name)})"
        return f"select {key} as key, element.value -> {literal(part.name)} as value from {within}"
    found = f"jsonb_path_query({document}, {literal(f'{part.within}.{part.name}')})"
    name = literal(part.name)
    inside = "case when jsonb_typeof(found.value) = 'object' then found.value else '{}' end"
    return (
        f"select concat({name}, '.' || inside.key), coalesce(inside.value, found.value)"
        f" from {found} as found (value) left join lateral jsonb_each({inside}) as inside on true"
    )
