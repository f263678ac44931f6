"""Which of the rows that a build keeps are stale: listed, until the next build judges them anew.

Listed is what the change log names, what is judged along with it, and what names the moment itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from standing.incremental.lookup import tables_found
from standing.incremental.materialized import (
    FACTS,
    KEPT,
    KINDS,
    LISTS,
    ORDERS,
    QUARANTINE,
    REVIEWS,
    SET_ASIDE,
    Fact,
    Kind,
    exists,
    is_there,
)
from standing.settings import Settings
from standing.sql import quoted

#: Queries of one column of keys; one on columns that the application lacks is None.
Queries = Sequence[str | None]


def add(
    connection: Connection,
    settings: Settings,
    found: Mapping[str, Queries],
    members: Callable[[Fact], str | None],
) -> None:
    """List the orders, reviews, threads and users found, key → queries of keys, and what is judged along with them.

    `members` gives the query of those of whom a fact has to be counted anew.
    """
    if not is_there(connection, settings):
        return
    for kind in KINDS:
        _list(connection, settings, kind, found.get(kind.key, ()))
    for fact in FACTS:
        _list_members(connection, settings, fact, members(fact))
    _list_set_aside(connection, settings, "users", found.get("user_id", ()))
    _list_along(connection, settings)


def add_due_by_time(connection: Connection, settings: Settings, as_of: datetime) -> None:
    """List what has to be judged anew because its moment has come, and what is judged along with it."""
    for kept in (*KINDS, *FACTS):
        model = quoted(settings.build_schema, kept.model)
        if not exists(connection, model):
            continue
        come = f"select {kept.key} from {model} where next_step_at <= '{as_of.isoformat()}'"
        if isinstance(kept, Kind):
            _list(connection, settings, kept, [come])
        else:
            _list_members(connection, settings, kept, come)
    _list_along(connection, settings)


def name_audited(connection: Connection, settings: Settings, is_current: bool) -> None:
    """Name the rows that the audit of a run of the due looks at, which outlast the lists that the build empties.

    They are the rows to judge; all that concern the due where everything is judged.
    """
    tables = tables_found(connection, settings.application_schema)
    for kind in KINDS:
        if not kind.source:
            continue
        audited = quoted(settings.build_schema, f"audited_{kind.source}")
        connection.execute(text(f"drop table if exists {audited}"))
        connection.execute(text(f"create unlogged table {audited} (key uuid primary key)"))
        if is_current:
            queries: Queries = [f"select {kind.key} from {quoted(settings.build_schema, kind.stale)}"]
        else:
            person, shop = kind.concerned
            users = f"select user_id from {quoted(settings.build_schema, 'due_users')}"
            shops = f"select seller_id from {quoted(settings.build_schema, 'due_sellers')}"
            queries = [
                tables.select("id", kind.source, person, users),
                tables.select("id", kind.source, shop, shops),
            ]
        _insert(connection, audited, "key", queries)


def count(connection: Connection, settings: Settings) -> int:
    """How many orders, reviews and threads are listed."""
    counts = " + ".join(
        f"(select count(*) from {quoted(settings.build_schema, kind.stale)})" for kind in KINDS
    )
    return int(connection.scalar(text(f"select {counts}")) or 0)


def list_rows_of(connection: Connection, settings: Settings, users: str, shops: str, people: str) -> None:
    """Have the next build judge what concerns some members alone, and nothing else.

    `users`, `shops` and `people` are queries of keys; messages are needed of the people.
    """
    for model in set(KEPT) - {QUARANTINE}:
        connection.execute(text(f"drop table if exists {quoted(settings.build_schema, model)} cascade"))
    for table in LISTS:
        connection.execute(text(f"truncate {quoted(settings.build_schema, table)}"))
    tables = tables_found(connection, settings.application_schema)
    add(
        connection,
        settings,
        {
            "order_id": [
                tables.select("id", "orders", "buyer_id", users),
                tables.select("id", "orders", "seller_id", shops),
            ],
            "review_id": [
                tables.select("id", "reviews", "reviewer_id", users),
                tables.select("id", "reviews", "seller_id", shops),
            ],
            "thread_id": [tables.select("thread_id", "messages", "recipient_id", people)],
        },
        lambda fact: people if fact.key == "user_id" else shops,
    )


def _list_along(connection: Connection, settings: Settings) -> None:
    """An order is judged with its reviews, those that it has and those that it had, and a review with its order."""
    tables = tables_found(connection, settings.application_schema)
    orders = f"select order_id from {quoted(settings.build_schema, ORDERS.stale)}"
    reviews = f"select review_id from {quoted(settings.build_schema, REVIEWS.stale)}"
    kept = quoted(settings.build_schema, REVIEWS.model)
    had = None
    if exists(connection, kept):
        had = f"select kept.order_id from {kept} as kept where kept.review_id in ({reviews})"
    _list(connection, settings, ORDERS, [tables.select("order_id", "reviews", "id", reviews), had])
    _list(connection, settings, REVIEWS, [tables.select("id", "reviews", "order_id", orders)])


def _list(connection: Connection, settings: Settings, kind: Kind, queries: Queries) -> None:
    table = quoted(settings.build_schema, kind.stale)
    _insert(connection, table, "key", queries)
    if kind.source:
        _list_set_aside(connection, settings, kind.source, [f"select {kind.key} from {table}"])


def _list_members(connection: Connection, settings: Settings, fact: Fact, members: str | None) -> None:
    _insert(connection, quoted(settings.build_schema, fact.stale), "key", [members])


def _list_set_aside(connection: Connection, settings: Settings, source: str, queries: Queries) -> None:
    _insert(connection, quoted(settings.build_schema, SET_ASIDE), f"'{source}', key", queries)


def _insert(connection: Connection, table: str, row: str, queries: Queries) -> None:
    """Into a list, each key once, and say how many there are, so that joins are planned well."""
    union = " union ".join(query for query in queries if query)
    if not union:
        return
    added = connection.execute(
        text(
            f"insert into {table} select {row} from ({union}) as found (key) where key is not null on conflict do nothing"
        )
    ).rowcount
    if added:
        connection.execute(text(f"analyze {table}"))
