"""What the triggers of the change log run: one function a table, in Standing's schema.

A trigger's function must not fail, because it would fail the application's statement with it. It works for
a role without any right in Standing's schema. It names every table, type and operator with its schema, so
that no search_path can exchange one: setting a path of its own would cost each statement 3 µs. Rows are
compared as images (`*=`), which needs no operator of their types.
"""

from collections.abc import Sequence

from standing.contract.sources import LOG_KEYS, Keys, Source
from standing.database.catalog import Catalog
from standing.database.connect import STANDING_SCHEMA
from standing.sql import literal, quoted

LOG = quoted(STANDING_SCHEMA, "change_log")
TRUNCATED = "log_truncate"

FUNCTION = """create or replace function {name}() returns trigger
language plpgsql security definer
as $standing${body}$standing$"""

TRUNCATED_BODY = f"""
begin
    insert into {LOG} (source, affects_counterparties) values (tg_table_name, true);
    return null;
end
"""


def function_name(table: str) -> str:
    return f"log_{table}"


def create_function(name: str, body: str) -> tuple[str, str]:
    """The statements that make it, for nobody to use but the triggers."""
    qualified = quoted(STANDING_SCHEMA, name)
    return (
        FUNCTION.format(name=qualified, body=body),
        f"revoke all on function {qualified}() from public",
    )


def as_key(expression: str, type_: str) -> str:
    """A column as a uuid: null, and no error, where its text is none."""
    if type_ == "uuid":
        return expression
    pattern = r"^\{?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}\}?$"
    as_text = f"{expression}::pg_catalog.text"
    return f"case when {as_text} operator(pg_catalog.~) '{pattern}' then {as_text}::pg_catalog.uuid end"


def differs(columns: Sequence[str]) -> str:
    """A condition on a row trigger's old and new: one of the columns has another value."""
    before, after = (
        f"row({', '.join(f'{side}.{quoted(column)}' for column in columns)})::pg_catalog.record"
        for side in ("old", "new")
    )
    return f"not {before} operator(pg_catalog.*=) {after}"


def body(catalog: Catalog, source: Source, by_row: bool) -> str:
    """The function's text; with `by_row` its triggers are for each row, else for each statement.

    A statement's update logs the keys of both sides and compares nothing: a comparison costs small
    statements more than a row too many costs the log. A row's is compared here and not in the trigger's
    condition, which PostgreSQL would parse again for each statement (15 µs for seven columns).
    """
    update = _row_update(catalog, source) if by_row or source.by_row else _update(catalog, source)
    inserted = _rows(catalog, source, "new", by_row)
    deleted = _rows(catalog, source, "old", by_row)
    return f"""
begin
    if tg_op operator(pg_catalog.=) 'INSERT' then
        {_insert(source, inserted)}
    elsif tg_op operator(pg_catalog.=) 'UPDATE' then
        {update}
    else
        {_insert(source, deleted)}
    end if;
    return null;
end
"""


def _insert(source: Source, selects: Sequence[str]) -> str:
    union = "\n        union all ".join(selects)
    columns = ", ".join(("source", "affects_counterparties", *_logged(source)))
    return f"insert into {LOG} ({columns})\n        {union};"


def _update(catalog: Catalog, source: Source) -> str:
    # One insert of both sides: a second one would cost the application's statement as much again.
    sides = [select for side in ("old", "new") for select in _rows(catalog, source, side, False)]
    return _insert(source, sides)


def _row_update(catalog: Catalog, source: Source) -> str:
    """The new side where a column that is read has another value, and the old one where it names others."""
    there = [column for column in source.followed if catalog.has(source.table, column)]
    shared = [column for column in source.affects_counterparties if column in there]
    named = {column for row in (*source.members, *source.left_behind) for column in row.values()}
    keys = [column for column in there if column in named]
    affects_counterparties = differs(shared) if shared else "false"
    new = _insert(source, _rows(catalog, source, "new", True, affects_counterparties))
    old = _insert(source, _rows(catalog, source, "old", True, affects_counterparties))
    return f"""if {differs(there)} then
            {new}
            if {differs(keys)} then
                {old}
            end if;
        end if;"""


def _logged(source: Source) -> tuple[str, ...]:
    named = {key for row in (*source.members, *source.left_behind) for key in row}
    return tuple(key for key in LOG_KEYS if key in named)


def _rows(
    catalog: Catalog, source: Source, side: str, by_row: bool, affects_counterparties: str | None = None
) -> list[str]:
    """A select for each row of the log that one side of a change gives."""
    affects_counterparties = affects_counterparties or (
        "true" if source.affects_counterparties else "false"
    )
    members = (*source.members, *(source.left_behind if side == "old" else ()))
    row_name, origin = (side, "") if by_row else ("changed", f" from {side}_rows as changed")
    selects = []
    for row in members:
        values = ", ".join(_value(catalog, source.table, row, key, row_name) for key in _logged(source))
        selects.append(f"select {literal(source.table)}, {affects_counterparties}, {values}{origin}")
    return selects


def _value(catalog: Catalog, table: str, row: Keys, key: str, row_name: str) -> str:
    column = row.get(key)
    if column is None or not catalog.has(table, column):
        return "null::pg_catalog.uuid"
    return as_key(f"{row_name}.{quoted(column)}", catalog.columns[table, column].type)
