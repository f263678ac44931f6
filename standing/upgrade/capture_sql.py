"""What the triggers of the change log run: one function a table, in Standing's schema.

A trigger's function must not fail, because it would fail the application's statement with it. It works
for a role without any right in Standing's schema, and names no operator or table that a search_path
could exchange.
"""

from collections.abc import Sequence

from migrations.declare import literal
from migrations.followed import LOG_KEYS, Followed, Keys
from standing.database import STANDING_SCHEMA
from standing.upgrade.catalog import Catalog
from standing.upgrade.steps import quoted

LOG = quoted(STANDING_SCHEMA, "change_log")
TRUNCATED = "log_truncate"

FUNCTION = """create or replace function {name}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $standing${body}$standing$"""

TRUNCATED_BODY = f"""
begin
    insert into {LOG} (source, is_wide) values (tg_table_name, true);
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
    return f"case when {expression}::text ~ '{pattern}' then {expression}::text::uuid end"


def differs(catalog: Catalog, table: str, columns: Sequence[str]) -> str:
    """A condition on a row trigger's old and new: one of the columns has another value."""

    def side(name: str, column: str) -> str:
        comparable = "::text" if catalog.columns[table, column].type in ("json", "xml", "point") else ""
        return f"{name}.{quoted(column)}{comparable}"

    return " or ".join(f"{side('old', one)} is distinct from {side('new', one)}" for one in columns)


def body(catalog: Catalog, followed: Followed, by_row: bool) -> str:
    """The function's text; with `by_row` its triggers are for each row, else for each statement.

    A statement's update logs the keys of both sides and compares nothing: a comparison costs small statements
    more than a row too many costs the log.
    """
    update = _row_update(catalog, followed) if by_row or followed.by_row else _update(catalog, followed)
    inserted = _rows(catalog, followed, "new", by_row)
    deleted = _rows(catalog, followed, "old", by_row)
    return f"""
begin
    if tg_op = 'INSERT' then
        {_insert(followed, inserted)}
    elsif tg_op = 'UPDATE' then
        {update}
    else
        {_insert(followed, deleted)}
    end if;
    return null;
end
"""


def _insert(followed: Followed, selects: Sequence[str]) -> str:
    union = "\n        union all ".join(selects)
    return f"insert into {LOG} (source, is_wide, {', '.join(_logged(followed))})\n        {union};"


def _update(catalog: Catalog, followed: Followed) -> str:
    # One insert of both sides: a second one would cost the application's statement as much again.
    sides = [select for side in ("old", "new") for select in _rows(catalog, followed, side, False)]
    return _insert(followed, sides)


def _row_update(catalog: Catalog, followed: Followed) -> str:
    """The new side, and the old one where it names others."""
    wide = [column for column in followed.wide if catalog.has(followed.table, column)]
    is_wide = differs(catalog, followed.table, wide) if wide else "false"
    keys = {column for row in (*followed.members, *followed.left_behind) for column in row.values()}
    known = [
        column for column in followed.columns if column in keys and catalog.has(followed.table, column)
    ]
    new = _insert(followed, _rows(catalog, followed, "new", True, is_wide))
    old = _insert(followed, _rows(catalog, followed, "old", True, is_wide))
    return f"""{new}
        if {differs(catalog, followed.table, known)} then
            {old}
        end if;"""


def _logged(followed: Followed) -> tuple[str, ...]:
    named = {key for row in (*followed.members, *followed.left_behind) for key in row}
    return tuple(key for key in LOG_KEYS if key in named)


def _rows(
    catalog: Catalog, followed: Followed, side: str, by_row: bool, is_wide: str | None = None
) -> list[str]:
    """A select for each row of the log that one side of a change gives."""
    is_wide = is_wide or ("true" if followed.wide else "false")
    members = (*followed.members, *(followed.left_behind if side == "old" else ()))
    row_name, source = (side, "") if by_row else ("changed", f" from {side}_rows as changed")
    selects = []
    for row in members:
        values = ", ".join(_value(catalog, followed.table, row, key, row_name) for key in _logged(followed))
        selects.append(f"select {literal(followed.table)}, {is_wide}, {values}{source}")
    return selects


def _value(catalog: Catalog, table: str, row: Keys, key: str, row_name: str) -> str:
    column = row.get(key)
    if column is None or not catalog.has(table, column):
        return "null::uuid"
    return as_key(f"{row_name}.{quoted(column)}", catalog.columns[table, column].type)
