"""The checks of `standing preflight` on what data will be taken for: statuses, amounts, deleted rows.

A first run stops where these are not believable (expectations/suites/plausible.py); here a person sees it
before anything is upgraded.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from psycopg import Connection

from standing import PROJECT_ROOT
from standing.build.policy_tables import seeds
from standing.contract.application import SOURCES
from standing.contract.sources import FAMILIES
from standing.database.catalog import Catalog, rows
from standing.sql import literals, quoted
from standing.upgrade.checks.fitness import bare
from standing.upgrade.checks.server import Check

#: Names of columns, without their underscores and in small letters, by which applications hide a row: what
#: is set, or what is not.
GONE = (
    "deleted|removed|hidden|archived|trashed|discarded|disabled|deactivated|unpublished|banned|suspended"
    "|blocked|blacklisted|terminated|withdrawn|retired|invisible|inactive|unlisted|purged|voided"
)
HIDING = re.compile(
    rf"(is|was)?(soft)?({GONE})(at|on|date|time|flag|by)?|date({GONE})"
    r"|(deletion|removal|ban|suspension|archival)(at|on|date|time)"
)
SHOWING = re.compile(r"(is)?(active|enabled|visible|published|listed|shown)")
#: Columns of which some words hide the row.
WORDED = re.compile(
    r"visibility|(account|user|member|shop|seller|store|profile|product|listing)?(status|state)"
)
HIDDEN_WORDS = (*GONE.split("|"), "private", "none", "nobody", "off", "draft", "spam")
CURRENCY = re.compile(r"currency(code)?")
#: Statuses that are listed; the rest of many is a number.
LISTED = 20


def meaning(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """What a run will take the orders' statuses and amounts for, and which columns it will not read."""
    yield from _statuses(connection, catalog)
    if catalog.has("orders", "total_amount"):
        yield from _amounts(connection, catalog)
    yield from _hidden_rows(connection, catalog)


def _policy(seed: str) -> list[dict[str, str]]:
    (table,) = (one for one in seeds(PROJECT_ROOT) if one.name == seed)
    return [row for _, row in table.rows(PROJECT_ROOT)]


def _statuses(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    meanings = {row["status"]: row["meaning"] for row in _policy("order_statuses")}
    completed_at = "count(completed_at)" if catalog.has("orders", "completed_at") else "0"
    found = rows(
        connection,
        f"select lower(status::text) as status, count(*) as orders, {completed_at} as completed"
        f" from {quoted(catalog.schema, 'orders')} where status is not null group by 1 order by 2 desc, 1",
    )
    by_meaning: dict[str, list[str]] = {}
    for row in found[:LISTED]:
        said = f"{row['status']} {row['orders']:,}"
        by_meaning.setdefault(meanings.get(row["status"], "unknown"), []).append(said)
    listed = "; ".join(f"{name}: {', '.join(statuses)}" for name, statuses in by_meaning.items())
    listed += f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    all_meanings = {meanings.get(row["status"], "unknown") for row in found}
    # An open order with the time of its completion counts as completed.
    is_any = "completed" in all_meanings or any(
        row["completed"] for row in found if meanings.get(row["status"]) == "open"
    )
    wrong = [] if is_any else ["no order counts as completed"]
    wrong += ["unknown ones count nowhere"] if "unknown" in all_meanings else []
    if not found:
        yield Check("order statuses", "note", "there are no orders yet")
    elif wrong:
        fix = "say in seeds/order_statuses.csv what each means: only completed orders count as trade"
        yield Check("order statuses", "warning", f"{listed}: {', and '.join(wrong)}", fix)
    else:
        yield Check("order statuses", "ok", listed)


def _amounts(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """The middle amount of the orders, in the currency that it is taken for, and the one beside it."""
    if bare(catalog.columns["orders", "total_amount"].type) not in FAMILIES["number"]:
        return
    (limits,) = (row for row in _policy("plausible_ranges") if row["measure"] == "median_amount")
    names = [name for table, name in catalog.columns if table == "orders"]
    beside = next((name for name in names if CURRENCY.fullmatch(_plain(name))), None)
    found = rows(
        connection,
        f"""
        select count(*) as orders,
            percentile_disc(0.5) within group (order by total_amount::numeric) as middle,
            {f"array_agg(distinct {quoted(beside)}::text)" if beside else "null::text[]"} as currencies
        from {quoted(catalog.schema, "orders")} where total_amount > 0
        """,
    )[0]
    if not found["orders"]:
        yield Check("amounts", "note", "no order has an amount yet; they are read as baht")
        return
    message = f"the middle one of {found['orders']:,} orders is {found['middle']:,}, read as baht (THB)"
    currencies = ", ".join(sorted(filter(None, found["currencies"] or ())))
    message += f"; orders.{beside} has {currencies or 'nothing'}, and is not read" if beside else ""
    inside = Decimal(limits["lowest"]) <= found["middle"] <= Decimal(limits["highest"])
    many = found["orders"] >= int(limits["min_rows"])
    wrong = (many and not inside) or currencies.upper() not in ("", "THB", "BAHT")
    fix = (
        "bring orders.total_amount into baht (satang are hundredths); if it is right, median_amount of"
        " seeds/plausible_ranges.csv is where to say so"
    )
    yield Check("amounts", "warning" if wrong else "ok", message, fix if wrong else "")


def _hidden_rows(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Columns by which the application may delete or hide rows that Standing goes on counting."""
    found = False
    for source in SOURCES:
        read = {column.name for column in source.columns}
        for table, name in catalog.columns:
            if table != source.table or name in read or not _hides(name):
                continue
            statement = (
                f"select count(*) filter (where {_hides(name)}) as n from {quoted(catalog.schema, table)}"
            )
            number = rows(connection, statement)[0]["n"]
            if not number and WORDED.fullmatch(_plain(name)):
                continue  # it may say many other things
            found = True
            message = f"{table}.{name} is not read: {number:,} rows that it hides count like the others"
            fix = "if they are gone for the application, have it delete or move them: what is there counts"
            fix += "" if source.by_row else f"; or let {table} be a view without them"
            yield Check("deleted rows", "warning" if number else "note", message, fix)
    if not found:
        yield Check("deleted rows", "ok", "no column looks like a mark of deleted or hidden rows")


def _hides(name: str) -> str:
    """Whether a column hides its row, stored as a moment, flag, number or word; empty where it is none."""
    text = f"lower({quoted(name)}::text)"
    if HIDING.fullmatch(_plain(name)):
        return f"{text} not in ('', 'false', '0', 'no', 'n', 'infinity')"
    if WORDED.fullmatch(_plain(name)):
        return f"{text} = any({literals(HIDDEN_WORDS)})"
    return f"{text} in ('false', '0', 'no', 'n')" if SHOWING.fullmatch(_plain(name)) else ""


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
