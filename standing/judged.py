"""Judged rows: what every order, review and thread came to, kept in the build's schema from run to run.

A row's judgement changes with the row and what hangs on it, which the change log names, or at a moment that it names
itself (`next_step_at`). Such rows are stale: they are listed, and the next build judges them alone anew, in the
transaction that empties the list. Where that cannot be relied on, everything is judged anew.

All of it is unlogged and goes together: after a crash of the server nothing here says that anything is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from standing.depends import dependency, upstream
from standing.documents_sql import quoted
from standing.settings import Settings
from standing.tables import tables_found
from standing.targets import Target


@dataclass(frozen=True)
class Kind:
    """Rows that are judged one by one: the model that keeps them, the list of the stale ones, and their key.

    `source` is the application's table that they are rows of, where the quarantine looks at each.
    """

    model: str
    stale: str
    key: str
    source: str | None = None


ORDERS = Kind("int_judged_orders", "stale_orders", "order_id", "orders")
REVIEWS = Kind("int_judged_reviews", "stale_reviews", "review_id", "reviews")
THREADS = Kind("int_judged_threads", "stale_threads", "thread_id")
KINDS = (ORDERS, REVIEWS, THREADS)
#: Rows that are set aside are kept, too, of several sources in one model.
QUARANTINE = "stg_quarantine"
SET_ASIDE = "stale_set_aside"

#: Queries of one column of keys; one on columns that the application lacks is None.
Queries = Sequence[str | None]


def make_lists(connection: Connection, settings: Settings) -> None:
    """Make what says how far the build's rows are judged; idempotent."""
    for kind in KINDS:
        table = quoted(settings.build_schema, kind.stale)
        connection.execute(
            text(f"create unlogged table if not exists {table} ({kind.key} uuid primary key)")
        )
    connection.execute(
        text(
            f"create unlogged table if not exists {quoted(settings.build_schema, SET_ASIDE)}"
            " (source text, row_id uuid, primary key (row_id, source))"
        )
    )
    connection.execute(
        text(
            f"create unlogged table if not exists {_judged(settings)}"
            " (model text primary key, judged_by text not null, as_of timestamptz not null)"
        )
    )


def judged_by(connection: Connection, settings: Settings) -> str:
    """The hash of everything that judgements depend on besides the application's rows."""
    return dependency(connection, settings, *(kind.model for kind in KINDS), QUARANTINE)


def is_current(
    connection: Connection, settings: Settings, targets: tuple[Target, ...], run_id: int, as_of: datetime
) -> bool:
    """Whether every row that the targets are made from is judged as it would be now, but for the listed ones.

    Not after a crash, by other models or policy, at a later moment, or where another schema's build has taken rows of
    the change log since.
    """
    needed = set().union(*(upstream(target.mart) for target in targets))
    models = [QUARANTINE, *(kind.model for kind in KINDS if kind.model in needed)]
    found = connection.execute(
        text(
            f"select model from {_judged(settings)} where judged_by = :judged_by and as_of <= :as_of"
            " and to_regclass(:schema || '.' || quote_ident(model)) is not null"
        ),
        {
            "judged_by": judged_by(connection, settings),
            "as_of": as_of,
            "schema": quoted(settings.build_schema),
        },
    )
    return set(models) <= set(found.scalars()) and not _built_elsewhere(connection, settings, run_id)


def _built_elsewhere(connection: Connection, settings: Settings, run_id: int) -> bool:
    context = quoted(settings.build_schema, "run_context")
    if not _exists(connection, context):
        return True
    return bool(
        connection.scalar(
            text(
                "select exists (select from standing.runs where run_id < :run_id"
                f" and run_id > coalesce((select max(run_id) from {context}), 0)"
                " and status not in ('waiting', 'skipped', 'replayed'))"
            ),
            {"run_id": run_id},
        )
    )


def forget(connection: Connection, settings: Settings) -> None:
    """Nothing counts as judged any more: what changed is in no list."""
    if _is_there(connection, settings):
        connection.execute(text(f"delete from {_judged(settings)}"))


def add_stale(connection: Connection, settings: Settings, found: Mapping[str, Queries]) -> None:
    """List the orders, reviews, threads and users found, key → queries of keys, and what is judged along with them."""
    if not _is_there(connection, settings):
        return
    for kind in KINDS:
        _list(connection, settings, kind, found.get(kind.key, ()))
    _list_set_aside(connection, settings, "users", found.get("user_id", ()))
    _list_along(connection, settings)


def add_due_by_time(connection: Connection, settings: Settings, as_of: datetime) -> None:
    """List what has to be judged anew because its moment has come, and what is judged along with it."""
    for kind in KINDS:
        model = quoted(settings.build_schema, kind.model)
        if _exists(connection, model):
            _list(
                connection,
                settings,
                kind,
                [f"select {kind.key} from {model} where next_step_at <= '{as_of.isoformat()}'"],
            )
    _list_along(connection, settings)


def count_stale(connection: Connection, settings: Settings) -> int:
    """How many rows are listed."""
    counts = " + ".join(
        f"(select count(*) from {quoted(settings.build_schema, kind.stale)})" for kind in KINDS
    )
    return int(connection.scalar(text(f"select {counts}")) or 0)


def list_rows_of(connection: Connection, settings: Settings, users: str, shops: str, people: str) -> None:
    """Have the next build judge what concerns some members alone, and nothing else.

    `users`, `shops` and `people` are queries of keys; messages are needed of the people.
    """
    for kind in KINDS:
        connection.execute(
            text(f"drop table if exists {quoted(settings.build_schema, kind.model)} cascade")
        )
        connection.execute(text(f"truncate {quoted(settings.build_schema, kind.stale)}"))
    connection.execute(text(f"truncate {quoted(settings.build_schema, SET_ASIDE)}"))
    tables = tables_found(connection, settings.application_schema)
    add_stale(
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
    )


def _list_along(connection: Connection, settings: Settings) -> None:
    """An order is judged with its reviews, those that it has and those that it had, and a review with its order."""
    tables = tables_found(connection, settings.application_schema)
    orders = f"select order_id from {quoted(settings.build_schema, ORDERS.stale)}"
    reviews = f"select review_id from {quoted(settings.build_schema, REVIEWS.stale)}"
    kept = quoted(settings.build_schema, REVIEWS.model)
    had = None
    if _exists(connection, kept):
        had = f"select kept.order_id from {kept} as kept where kept.review_id in ({reviews})"
    _list(connection, settings, ORDERS, [tables.select("order_id", "reviews", "id", reviews), had])
    _list(connection, settings, REVIEWS, [tables.select("id", "reviews", "order_id", orders)])


def _list(connection: Connection, settings: Settings, kind: Kind, queries: Queries) -> None:
    table = quoted(settings.build_schema, kind.stale)
    _insert(connection, table, "key", queries)
    if kind.source:
        _list_set_aside(connection, settings, kind.source, [f"select {kind.key} from {table}"])


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


def _judged(settings: Settings) -> str:
    return quoted(settings.build_schema, "judged")


def _is_there(connection: Connection, settings: Settings) -> bool:
    return _exists(connection, _judged(settings))


def _exists(connection: Connection, table: str) -> bool:
    return bool(connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}))
