"""Which of the rows that a build keeps are stale: listed, until the next build derives them anew.

Listed is what the change log names, what is derived along with it, and what names the moment itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from standing.incremental.materialized import (
    DERIVED,
    MEMBER_FACTS,
    ORDERS,
    QUARANTINE,
    REVIEWS,
    ROW_FACTS,
    Model,
)
from standing.incremental.observed import Observed
from standing.settings import Settings
from standing.sql import quoted

#: Queries of one column of keys; one on columns that the application lacks is None.
Queries = Sequence[str | None]


def add(
    connection: Connection,
    settings: Settings,
    observed: Observed,
    changed: Mapping[str, Queries],
    members: Callable[[Model], str | None],
) -> None:
    """List the orders, reviews, threads and users that changed, key → queries of keys, and what is derived
    along with them.

    `members` gives the query of those of whom a model of members has to be counted anew.
    """
    if DERIVED not in observed.built:
        return
    for model in ROW_FACTS:
        _list(connection, settings, model, changed.get(model.key[0], ()))
    for model in MEMBER_FACTS:
        _list(connection, settings, model, [members(model)])
    _list_set_aside(connection, settings, "users", changed.get("user_id", ()))
    _list_along(connection, settings, observed)


def add_due_by_time(
    connection: Connection, settings: Settings, observed: Observed, as_of: datetime
) -> None:
    """List what has to be derived anew because its moment has come, and what is derived along with it."""
    for model in (*ROW_FACTS, *MEMBER_FACTS):
        if model.name in observed.built:
            relation = quoted(settings.build_schema, model.name)
            come = f"select {model.key[0]} from {relation} where next_step_at <= '{as_of.isoformat()}'"
            _list(connection, settings, model, [come])
    _list_along(connection, settings, observed)


def name_audited(connection: Connection, settings: Settings, observed: Observed, is_current: bool) -> None:
    """Name the rows that the audit of a run of the due looks at, which outlast the lists that the build
    empties.

    They are the rows to derive; all that concern the due where everything is derived.
    """
    for model in (one for one in ROW_FACTS if one.source):
        audited = quoted(settings.build_schema, f"audited_{model.source}")
        connection.execute(text(f"truncate {audited}"))
        if is_current:
            queries: Queries = [f"select {model.key[0]} from {_stale(settings, model)}"]
        else:
            person, shop = model.concerns
            users = f"select user_id from {quoted(settings.build_schema, 'due_users')}"
            shops = f"select seller_id from {quoted(settings.build_schema, 'due_sellers')}"
            queries = [
                observed.select("id", str(model.source), person, users),
                observed.select("id", str(model.source), shop, shops),
            ]
        _insert(connection, audited, "key", queries)


def count(connection: Connection, settings: Settings) -> int:
    """How many orders, reviews and threads are listed."""
    counts = " + ".join(f"(select count(*) from {_stale(settings, model)})" for model in ROW_FACTS)
    return int(connection.scalar(text(f"select {counts}")) or 0)


def _list_along(connection: Connection, settings: Settings, observed: Observed) -> None:
    """An order is derived with its reviews, those that it has and those that it had, and a review with its
    order.
    """
    orders = f"select order_id from {_stale(settings, ORDERS)}"
    reviews = f"select review_id from {_stale(settings, REVIEWS)}"
    had = None
    if REVIEWS.name in observed.built:
        rows = quoted(settings.build_schema, REVIEWS.name)
        had = f"select had.order_id from {rows} as had where had.review_id in ({reviews})"
    _list(connection, settings, ORDERS, [observed.select("order_id", "reviews", "id", reviews), had])
    _list(connection, settings, REVIEWS, [observed.select("id", "reviews", "order_id", orders)])


def _list(connection: Connection, settings: Settings, model: Model, queries: Queries) -> None:
    table = _stale(settings, model)
    _insert(connection, table, "key", queries)
    if model.source:
        _list_set_aside(connection, settings, model.source, [f"select {model.key[0]} from {table}"])


def _list_set_aside(connection: Connection, settings: Settings, source: str, queries: Queries) -> None:
    _insert(connection, _stale(settings, QUARANTINE), f"'{source}', key", queries)


def _stale(settings: Settings, model: Model) -> str:
    return quoted(settings.build_schema, str(model.stale))


def _insert(connection: Connection, table: str, row: str, queries: Queries) -> None:
    """Into a list, each key once, and say how many there are, so that joins are planned well."""
    union = " union ".join(query for query in queries if query)
    if not union:
        return
    added = connection.execute(
        text(
            f"insert into {table} select {row} from ({union}) as found (key) where key is not null"
            " on conflict do nothing"
        )
    ).rowcount
    if added:
        connection.execute(text(f"analyze {table}"))
