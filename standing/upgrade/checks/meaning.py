"""The checks of `standing preflight` on what data will be taken for: statuses, amounts, reviews.

A first run stops where these are not believable (expectations/suites/plausible.py); here a person sees it
before anything is upgraded.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from psycopg import Connection

from standing import PROJECT_ROOT
from standing.build.policy_tables import seeds
from standing.contract.sources import FAMILIES
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.sql import quoted, render
from standing.state.runs import HAS_PUBLISHED
from standing.upgrade.checks.fitness import bare
from standing.upgrade.checks.hidden_rows import hidden_rows, plain
from standing.upgrade.checks.roles import may_read
from standing.upgrade.checks.server import Check

CURRENCIES = ("currency", "currencycode")
#: Statuses that are listed; the rest of many is a number.
LISTED = 20
#: What follows where a measure is out of its range before anything was published.
STOPS = "; a first run will stop here"


def meaning(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """What a run will take the orders' statuses and amounts for, and which columns it will not read."""
    is_first = _is_first(connection)
    yield _statuses(connection, catalog, is_first)
    if catalog.has("orders", "total_amount"):
        yield from _amounts(connection, catalog, is_first)
    yield _reviews(connection, catalog, is_first)
    yield from hidden_rows(connection, catalog)


def _is_first(connection: Connection[Any]) -> bool:
    """Whether nothing was published before: then a measure out of its range stops the run."""
    published = f"select from {quoted(STANDING_SCHEMA, 'runs')} where {HAS_PUBLISHED} limit 1"
    return not (may_read(connection, "runs") and rows(connection, published))


def _policy(seed: str) -> list[dict[str, str]]:
    (table,) = (one for one in seeds(PROJECT_ROOT) if one.name == seed)
    return [row for _, row in table.rows(PROJECT_ROOT)]


def _number(name: str) -> str:
    return next(row["value"] for row in _policy("policy_numbers") if row["name"] == name)


def _is_odd(measure: str, value: Decimal | int | None, evidence: int, whole: bool = False) -> bool:
    """Whether a measure is out of its range; a share is given as its part, `evidence` is the whole."""
    (limits,) = (row for row in _policy("plausible_ranges") if row["measure"] == measure)
    if value is None or not evidence or evidence < int(limits["min_rows"]):
        return False
    share = Decimal(value) if whole else Decimal(value) / evidence
    lowest, highest = limits["lowest"], limits["highest"]
    return bool((lowest and share < Decimal(lowest)) or (highest and share > Decimal(highest)))


def _statuses(connection: Connection[Any], catalog: Catalog, is_first: bool) -> Check:
    meanings = {row["status"]: row["meaning"] for row in _policy("order_statuses")}
    statement = render(
        "upgrade/checks/statuses.sql.j2",
        orders=quoted(catalog.schema, "orders"),
        has=lambda column: catalog.has("orders", column),
        statuses=meanings.keys(),
        meanings=meanings.values(),
        open_order_days=int(_number("open_order_days")),
    )
    *found, total = rows(connection, statement)
    found = [row for row in found if row["status"] is not None]
    if not found:
        return Check("order statuses", "note", "there are no orders yet")
    by_meaning: dict[str, list[str]] = {}
    for row in found[:LISTED]:
        said = f"{row['status']} {row['orders']:,}"
        by_meaning.setdefault(row["meaning"] or "unknown", []).append(said)
    listed = "; ".join(f"{name}: {', '.join(statuses)}" for name, statuses in by_meaning.items())
    listed += f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    few_completed = _is_odd("completed_share", total["completed"], total["ended"])
    never_end = _is_odd("old_open_share", total["old_open"], total["old"])
    wrong = ["hardly any order counts as completed"] if few_completed else []
    wrong = ["no order counts as completed"] if not total["completed"] else wrong
    wrong += ["most old orders are still open"] if never_end else []
    wrong += ["unknown ones count nowhere"] if total["unknown"] else []
    if not wrong:
        return Check("order statuses", "ok", listed)
    unknown = _is_odd("unknown_status_share", total["unknown"], total["orders"])
    stops = is_first and (few_completed or never_end or unknown)
    fix = "say in seeds/order_statuses.csv what each means: only completed orders count as trade"
    message = f"{listed}: {', and '.join(wrong)}{STOPS if stops else ''}"
    return Check("order statuses", "warning", message, fix, stops)


def _amounts(connection: Connection[Any], catalog: Catalog, is_first: bool) -> Iterator[Check]:
    """The middle amount of the orders, in the currency that it is taken for, and the one beside it."""
    if bare(catalog.columns["orders", "total_amount"].type) not in FAMILIES["number"]:
        return
    names = [name for table, name in catalog.columns if table == "orders"]
    beside = next((name for name in names if plain(name) in CURRENCIES), None)
    statement = render(
        "upgrade/checks/amounts.sql.j2",
        orders=quoted(catalog.schema, "orders"),
        statuses=[row["status"] for row in _policy("order_statuses")],
        max_amount=_number("max_amount"),
        currency=beside,
    )
    found = rows(connection, statement)[0]
    odd = {
        "": _is_odd("median_amount", found["known_middle"], found["known"], whole=True),
        "most orders have none": _is_odd("no_amount_share", found["without_amount"], found["orders"]),
        "nearly all are whole hundreds, as satang are": _is_odd(
            "whole_hundreds_share", found["in_hundreds"], found["with_amount"]
        ),
        "others than baht are many": _is_odd(
            "other_currency_share", found["in_other_currency"], found["with_currency"]
        ),
    }
    stops = is_first and any(odd.values())
    said = "".join(f"; {words}" for words, is_so in odd.items() if words and is_so)
    said += STOPS if stops else ""
    if not found["with_amount"]:
        state = "warning" if any(odd.values()) else "note"
        fix = "see which column has an order's amount; it is read from orders.total_amount" if said else ""
        yield Check(
            "amounts", state, f"no order has an amount yet; they are read as baht{said}", fix, stops
        )
        return
    message = (
        f"the middle one of {found['with_amount']:,} orders is {found['middle']:,}, read as baht (THB)"
    )
    currencies = found["currencies"]
    message += f"; orders.{beside} has {currencies or 'nothing'}, and is not read" if beside else ""
    is_wrong = any(odd.values()) or found["in_other_currency"]
    fix = (
        "bring orders.total_amount into baht (satang are hundredths); if it is right,"
        " seeds/plausible_ranges.csv is where to say so"
    )
    state = "warning" if is_wrong else "ok"
    yield Check("amounts", state, message + said, fix if is_wrong else "", stops)


def _reviews(connection: Connection[Any], catalog: Catalog, is_first: bool) -> Check:
    """The reviews against those that the shops' rating_count counts."""
    found = rows(
        connection,
        f"""
        select
            (select count(*) from {quoted(catalog.schema, "reviews")} where rating in (1, 2, 3, 4, 5))
                as reviews,
            coalesce(sum(rating_count), 0)::bigint as counted
        from {quoted(catalog.schema, "seller_profiles")}
        """,
    )[0]
    message = f"{found['reviews']:,} are there; rating_count of the shops counts {found['counted']:,}"
    if not _is_odd("reviews_beside_ratings", found["reviews"], found["counted"]):
        return Check("reviews", "ok", message)
    message += f": ratings and tiers would fall{STOPS if is_first else ''}"
    fix = "see where the application keeps its reviews, and whether this role may see them all"
    return Check("reviews", "warning", message, fix, is_first)
