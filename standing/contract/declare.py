"""The words in which the upgrade is declared: columns, default documents, tables, keys and indexes.

Types are spelled as PostgreSQL's format_type() spells them, so that a declaration can be compared with
what a database has.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from standing.sql import literal, literals

#: The text form of every moment in a document: UTC, whole seconds.
MOMENT = """to_char({moment} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def jsonb(value: Any) -> str:
    """A JSON value as an SQL constant; Python floats keep their decimals (5.0 stays 5.0)."""
    return f"{literal(json.dumps(value, ensure_ascii=False))}::jsonb"


@dataclass(frozen=True)
class Default:
    """A default of a JSONB column: `fixed` keys, and `clocks`, keys that hold the moment of the insert.

    A clock's value is what is added to now(), as an interval, or '' for nothing.
    """

    fixed: dict[str, Any] | list[Any]
    clocks: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.fixed) + tuple(self.clocks) if isinstance(self.fixed, dict) else ()

    @property
    def expression(self) -> str:
        """The default: constant or stable, never volatile, so that adding the column rewrites nothing."""
        if not self.clocks:
            return jsonb(self.fixed)
        moments = ", ".join(f"{literal(key)}, {_moment(later)}" for key, later in self.clocks.items())
        return f"{jsonb(self.fixed)} || jsonb_build_object({moments})"

    def untouched(self, column: str, but: tuple[str, ...] = ()) -> str:
        """A condition: the quoted `column` holds this default still, whenever it was given, `but` keys."""
        aside = (*self.clocks, *but)
        if not aside:
            return f"{column} = {jsonb(self.fixed)}"
        is_object = f"jsonb_typeof({column}) = 'object'"
        bare = f"case when {is_object} then {column} - {literals(aside)} else {column} end"
        fixed = self.fixed
        if isinstance(fixed, dict):
            fixed = {key: value for key, value in fixed.items() if key not in but}
        return f"({bare}) = {jsonb(fixed)}"


def _moment(later: str) -> str:
    return MOMENT.format(moment=f"(now() + interval {literal(later)})" if later else "now()")


@dataclass(frozen=True)
class Column:
    """A column; `default` is an SQL expression, or comes from the `document`."""

    name: str
    type: str
    default: str | None = None
    required: bool = False
    document: Default | None = None

    @property
    def default_expression(self) -> str | None:
        return self.document.expression if self.document else self.default


@dataclass(frozen=True)
class ForeignKey:
    column: str
    table: str
    on_delete: str = "no action"


@dataclass(frozen=True)
class Index:
    name: str
    column: str
    descending: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a primary key `id`; `unique` are the column lists of its unique constraints."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Addition:
    """Columns that the upgrade gives to one of the application's tables."""

    table: str
    columns: tuple[Column, ...]
    optional: bool = False
