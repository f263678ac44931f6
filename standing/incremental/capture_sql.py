"""What the triggers of the change log run: one function a table, in Standing's schema.

A trigger's function must not fail, because it would fail the application's statement with it. It works for
a role without any right in Standing's schema. It names every table, type and operator with its schema, so
that no search_path can exchange one: setting a path of its own would cost each statement 3 µs. Rows are
compared as images (`*=`), which needs no operator of their types. What it cannot log makes everybody due
(standing/incremental/capture.sql.j2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from standing.contract.application import SOURCES
from standing.contract.sources import LOG_KEYS, Keys, Source
from standing.database.catalog import Catalog
from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import mark
from standing.sql import literal, quoted, render

LOG = quoted(STANDING_SCHEMA, "change_log")
#: Counts what could not even be noted in the log; a sequence counts also where a transaction is undone.
MISSED = quoted(STANDING_SCHEMA, "changes_missed")
TRUNCATED = "log_truncate"
#: What PostgreSQL reads as a uuid.
UUID = r"^(\{H(-?H){7}\}|H(-?H){7})$".replace("H", "[0-9a-fA-F]{4}")
#: "table.column" of keys that are only compared.
IDENTITIES = frozenset(
    f"{source.table}.{column.name}"
    for source in SOURCES
    for column in source.columns
    if column.family == "identity"
)

FUNCTION = """create or replace function {name}() returns trigger
language plpgsql security definer
as $standing${body}$standing$"""


def truncated_body() -> str:
    """The function for TRUNCATE, of all tables."""
    return _function("tg_table_name", ())


def _function(
    table: str, events: tuple["Event", ...], may_be_unfit: bool = False, posted_to: bool = False
) -> str:
    return render(
        "incremental/capture.sql.j2",
        log=LOG,
        missed=MISSED,
        table=table,
        events=events,
        may_be_unfit=may_be_unfit,
        posted_to=posted_to,
    )


def function_name(table: str) -> str:
    return f"log_{table}"


def create_function(name: str, body: str) -> tuple[str, ...]:
    """The statements that make it.

    Everybody may execute it, but without a right on its schema nobody can name it: a role that adds a
    partition copies its table's triggers, and needs this right on what they call.
    """
    qualified = quoted(STANDING_SCHEMA, name)
    return (
        FUNCTION.format(name=qualified, body=body),
        f"grant execute on function {qualified}() to public",
        mark("function", f"{qualified}()"),
    )


def as_key(expression: str, type_: str, path: str = "") -> str:
    """A column as a uuid: null, and no error, where its text is none.

    One that is only compared gets a uuid of its own, as macros/application/ reads it.
    """
    if type_ == "uuid":
        return expression
    if path in IDENTITIES:
        return _as_identity(expression, type_)
    as_text = f"{expression}::pg_catalog.text"
    # A column's own collation may not allow patterns.
    is_uuid = f"({as_text} collate pg_catalog.\"C\") operator(pg_catalog.~) '{UUID}'"
    return f"case when {is_uuid} then {as_text}::pg_catalog.uuid end"


def _as_identity(expression: str, type_: str) -> str:
    if type_ in ("smallint", "integer", "bigint"):
        digits = f"pg_catalog.lpad(pg_catalog.to_hex({expression}::pg_catalog.int8), 32, '0')"
    else:
        read = f"pg_catalog.convert_to({expression}::pg_catalog.text, 'UTF8')"
        digits = f"pg_catalog.left(pg_catalog.encode(pg_catalog.sha256({read}), 'hex'), 32)"
    return f"{digits}::pg_catalog.uuid"


@dataclass(frozen=True)
class Side:
    """The rows of one side of a change, old or new: one row by its name, or a statement's as a table."""

    name: str
    by_row: bool

    @property
    def row(self) -> str:
        return self.name if self.by_row else "changed"

    @property
    def table(self) -> str:
        """What stands in a from clause; nothing for one row."""
        return "" if self.by_row else f"{self.name}_rows as changed"


@dataclass(frozen=True)
class Event:
    """What a function does at an event: `checks` may fail, and `writes` must not.

    `compares` is a condition without which nothing is logged.
    """

    name: str
    checks: tuple[str, ...]
    writes: tuple[str, ...]
    compares: str = ""


def body(catalog: Catalog, source: Source, by_row: bool) -> str:
    """The function's text; with `by_row` its triggers are for each row, else for each statement.

    A statement's update logs the keys of both sides and compares nothing: a comparison costs small
    statements more than a row too many costs the log. A row's is compared here and not in the trigger's
    condition, which PostgreSQL would parse again for each statement (15 µs for seven columns).
    """
    old, new = Side("old", by_row), Side("new", by_row)
    rows = _Rows(catalog, source)
    update = rows.row_update() if by_row or source.by_row else rows.event("UPDATE", old, new)
    events = (rows.event("INSERT", new), update, rows.event("DELETE", old))
    may_be_unfit = any(rows.may_be_unfit(name) for name in rows.keys)
    return _function(literal(source.table), events, may_be_unfit, source.posted_to)


@dataclass(frozen=True)
class _Rows:
    """What one source's changes leave in the log."""

    catalog: Catalog
    source: Source

    @property
    def rows(self) -> tuple[Keys, ...]:
        return (*self.source.members, *self.source.left_behind)

    @property
    def logged(self) -> tuple[str, ...]:
        """The log's columns."""
        return tuple(key for key in LOG_KEYS if any(key in row for row in self.rows))

    @property
    def keys(self) -> dict[str, str]:
        """The source's columns that name somebody, with their types."""
        table, columns = self.source.table, self.catalog.columns
        return {name: columns[table, name].type for name in self.source.keys if (table, name) in columns}

    def may_be_unfit(self, column: str) -> bool:
        """Whether a value of a key may be no uuid; one that is only compared always gets one."""
        return self.keys[column] != "uuid" and f"{self.source.table}.{column}" not in IDENTITIES

    def _key(self, row: str, column: str) -> str:
        return as_key(f"{row}.{quoted(column)}", self.keys[column], f"{self.source.table}.{column}")

    def event(self, name: str, *sides: Side) -> Event:
        # One insert of both sides: a second one would cost the application's statement as much again.
        is_wide = "true" if self.source.affects_counterparties else "false"
        writes = self._insert(select for side in sides for select in self._selects(side, is_wide))
        return Event(name, tuple(self._checks(*sides)), (writes,))

    def row_update(self) -> Event:
        """The new side where what is read has another value, and the old one where it names others."""
        old, new = Side("old", by_row=True), Side("new", by_row=True)
        followed = [
            column for column in self.source.followed if self.catalog.has(self.source.table, column)
        ]
        shared = [column for column in self.source.affects_counterparties if column in followed]
        is_wide = self._differs(shared)
        left = self._insert(self._selects(old, is_wide))
        writes = (
            self._insert(self._selects(new, is_wide)),
            f"if {self._differs(self.keys)} then\n            {left}\n        end if;",
        )
        return Event("UPDATE", tuple(self._checks(old, new)), writes, self._differs(followed))

    def _checks(self, *sides: Side) -> Iterator[str]:
        """Ask for what the writing relies on: the log's columns, and the keys' names, types and values."""
        same = " and ".join(
            f"log.{key} operator(pg_catalog.=) {value}"
            for row in self.rows
            for key, value in self._values(row, sides[-1].row)
            if value
        )
        tables = ", ".join(filter(None, (f"{LOG} as log", sides[-1].table)))
        yield f"perform from {tables} where false and {same};"
        for side in sides:
            unfit = " or ".join(
                f"{column}::pg_catalog.text is not null and {as_key(column, type_)} is null"
                for name, type_ in self.keys.items()
                if self.may_be_unfit(name)
                for column in (f"{side.row}.{quoted(name)}",)
            )
            if unfit:
                among = f"from {side.table} " if side.table else ""
                yield f"is_unfit := is_unfit or exists (select {among}where {unfit});"

    def _insert(self, selects: Iterable[str]) -> str:
        columns = ", ".join(("source", "affects_counterparties", *self.logged))
        union = "\n        union all ".join(selects)
        return f"insert into {LOG} ({columns})\n        {union};"

    def _selects(self, side: Side, is_wide: str) -> Iterator[str]:
        """A select for each row of the log that one side of a change gives."""
        origin = f" from {side.table}" if side.table else ""
        for row in (*self.source.members, *(self.source.left_behind if side.name == "old" else ())):
            values = ", ".join(value or "null::pg_catalog.uuid" for _, value in self._values(row, side.row))
            yield f"select {literal(self.source.table)}, {is_wide}, {values}{origin}"

    def _values(self, row: Keys, name: str) -> Iterator[tuple[str, str | None]]:
        """Each of the log's columns with its value in a row, None where there is none."""
        for key in self.logged:
            column = row.get(key)
            has = column in self.keys
            yield key, self._key(name, column) if column and has else None

    def _differs(self, columns: Iterable[str]) -> str:
        """A condition on a row trigger's old and new: one of the columns has another value."""
        compared = self.catalog.stored(self.source.table, columns)
        if not compared:
            return "false"
        before, after = (
            f"row({', '.join(f'{side}.{quoted(column)}' for column in compared)})::pg_catalog.record"
            for side in ("old", "new")
        )
        return f"not {before} operator(pg_catalog.*=) {after}"
