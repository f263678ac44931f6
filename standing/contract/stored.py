"""Documents as the application's tables hold them, as SQL."""

from standing.contract.target import Target
from standing.sql import literal, literals, quoted


def present(target: Target, row: str) -> str:
    """The document that `row` of the application's table holds.

    Of a shared column its owned keys, null where the column holds no object; of plain columns a key each.
    """
    if target.columns:
        return of_columns(target, row)
    column = f"{row}.{quoted(target.column)}"
    if not target.owned_keys:
        return column
    return f"case when jsonb_typeof({column}) = 'object' then {owned_of(target, column)} end"


def of_columns(target: Target, row: str) -> str:
    """The columns of `row` that hold one key each, as one document."""
    keys = ", ".join(f"{literal(column)}, {row}.{quoted(column)}" for column in target.columns)
    return f"jsonb_build_object({keys})"


def owned_of(target: Target, document: str) -> str:
    """The owned keys that an object has."""
    return (
        f"(select coalesce(jsonb_object_agg(key, value), '{{}}') from jsonb_each({document})"
        f" where key = any({literals(target.owned_keys)}))"
    )
