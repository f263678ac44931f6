"""Expressions over documents: what counts as a change, when a document is due again, what is written.

In them `application` is the application's table, `locked` its locked rows, and a mart goes by its target's name;
`held_<target>` are those whom an undo holds.
"""

from standing.contract.targets import Target
from standing.sql import json_number, quoted

#: A moment as documents write it.
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d\:\d\d\:\d\dZ$"


def content_hash(document: str) -> str:
    """What the history keeps to know a document again: eight bytes, the same for equal JSON."""
    return f"int8send(jsonb_hash_extended({document}, 0))"


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


def _clock_fields(target: Target) -> str:
    return "array[" + ", ".join(f"'{field}'" for field in target.clock_fields) + "]::text[]"


def without_clock(target: Target, document: str) -> str:
    """A document less the keys that move with time alone; what is no object is left as it is."""
    return f"case when jsonb_typeof({document}) = 'object' then {document} - {_clock_fields(target)} else {document} end"


def _is_object(target: Target) -> str:
    return f"coalesce(jsonb_typeof(application.{quoted(target.column)}) = 'object', false)"


def is_changed(target: Target) -> str:
    """Whether there is a candidate and it differs from the column, clock fields aside."""
    column = f"application.{quoted(target.column)}"
    clock = _clock_fields(target)
    return (
        f"{target.name}.document is not null and held_{target.name}.member_id is null and case when {_is_object(target)}"
        f" then {target.name}.document - {clock} is distinct from {column} - {clock} else true end"
    )


def is_due(target: Target) -> str:
    """Whether the published document says that it was to be looked at again by now."""
    if target.review_field is None:
        return "false"
    moment = "to_char(cast(:as_of as timestamptz) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS\"Z\"')"
    column = f"application.{quoted(target.column)}"
    return (
        f"{target.name}.document is not null and held_{target.name}.member_id is null and case when {_is_object(target)}"
        f" then coalesce({column} ->> '{target.review_field}' <= {moment}, true) else true end"
    )


def new_document(target: Target) -> str:
    """The candidate; where only its review was due, the clock of the last change stays."""
    name = target.name
    kept = [field for field in target.clock_fields if field != target.review_field]
    column = f"locked.{quoted(target.column)}"
    stays = " || ".join(
        [f"{name}.document"]
        + [
            f"case when {column} ? '{field}' then jsonb_build_object('{field}', {column} -> '{field}') else '{{}}' end"
            for field in kept
        ]
    )
    return f"case when locked.{name}_changed then {name}.document when locked.{name}_due then {stays} end"


def is_published(document: str) -> str:
    """A condition: the expression is a document of ours, and not the default that the upgrade gave."""
    return f"(case when jsonb_typeof({document}) = 'object' then {document} ? 'evidence' else false end)"


def number(document: str, path: str) -> str:
    """A number of a document, or null."""
    return json_number(f"({document} #> '{path}')")


def step(document: str, target: Target) -> str:
    """A document's level or tier, or null."""
    key = f"'{target.ladder.key}'" if target.ladder else "null"
    return f"({document} ->> {key})"
