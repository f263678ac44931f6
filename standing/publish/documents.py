"""Expressions over documents: what a row holds, what a mart would write, when a document is due again.

Three kinds of target, one document each: a column of its own; owned keys of a column that the application
writes, too; and plain columns, read as a document and written one by one.
"""

from standing.contract.stored import of_columns, owned_of, present  # noqa: F401 - for the statements
from standing.contract.targets import Target
from standing.sql import json_number, literals, quoted

#: A moment as documents write it.
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d\:\d\d\:\d\dZ$"


def candidate(target: Target, document: str, table: str) -> str:
    """A mart's document as it will be read (standing/contract/stored.py), once it is in the `table`.

    Columns take the values with their own types; a key that the document lacks is null.
    """
    if target.columns:
        typed = f"jsonb_populate_record(null::{table}, {document}) as typed"
        read = f"(select {of_columns(target, 'typed')} from {typed})"
    elif target.owned_keys:
        read = owned_of(target, document)
    else:
        return document
    return f"case when {document} is not null then {read} end"


def is_object(target: Target, row: str) -> str:
    """A condition: `row` holds something to compare key by key."""
    if target.columns:
        return "true"
    return f"coalesce(jsonb_typeof({row}.{quoted(target.column)}) = 'object', false)"


def content_hash(document: str) -> str:
    """What the history keeps to know a document again: eight bytes, the same for equal JSON."""
    return f"int8send(jsonb_hash_extended({document}, 0))"


def is_content(document: str, kept: str) -> str:
    """A condition: the document is what the history's hash was made of, also by an early version."""
    first = f"sha256(convert_to({document}::text, 'UTF8'))"
    return f"coalesce({kept} in ({content_hash(document)}, {first}), false)"


def due_again(target: Target, document: str, valid_until: str) -> str:
    """When a document is to be built anew though nothing happens: its step, or its review.

    A review that has passed or cannot be read is due at once.
    """
    if target.review_field is None:
        return valid_until
    review = f"{document} ->> '{target.review_field}'"
    moment = (
        f"case when {review} ~ '{MOMENT}' then ({review})::timestamptz else '-infinity'::timestamptz end"
    )
    return f"least({valid_until}, {moment})"


def without_clock(target: Target, document: str) -> str:
    """A document less the keys that move with time alone; what is no object is left as it is."""
    clock = literals(target.clock_fields)
    return f"case when jsonb_typeof({document}) = 'object' then {document} - {clock} else {document} end"


def new_document(target: Target, table: str) -> str:
    """The candidate; where only its review was due, the clock of the last change stays.

    In it the mart goes by the target's name, and the row of the chunk is `locked`.
    """
    name, new = target.name, candidate(target, f"{target.name}.document", table)
    old, stays = f"locked.{name}_old", new
    for field in target.clock_fields:
        if field != target.review_field:
            last = f"jsonb_build_object('{field}', {old} -> '{field}')"
            stays += f" || case when {old} ? '{field}' then {last} else '{{}}' end"
    return f"case when locked.{name}_changed then {new} when locked.{name}_due then {stays} end"


def is_published(target: Target, document: str) -> str:
    """A condition: the expression is a document of ours, and not the default that the upgrade gave.

    Columns have no place for a mark of that; their defaults are what a run says of whoever is new.
    """
    if target.columns:
        return f"({document} is not null)"
    return f"(case when jsonb_typeof({document}) = 'object' then {document} ? 'evidence' else false end)"


def number(document: str, path: str) -> str:
    """A number of a document, or null."""
    return json_number(f"({document} #> '{path}')")


def step(document: str, target: Target) -> str:
    """A document's level or tier, or null."""
    key = f"'{target.ladder.key}'" if target.ladder else "null"
    return f"({document} ->> {key})"
