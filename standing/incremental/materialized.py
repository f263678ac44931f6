"""What a build keeps from run to run: what every order, review and thread came to, and what is made of that.

A row's judgement changes with the row and what hangs on it, which the change log names, or at a moment that it names
itself (`next_step_at`). Such rows are listed as stale (standing/incremental/stale.py), and the next build judges them alone anew, in
the transaction that empties the list. Where that cannot be relied on, everything is judged anew.

All of it is unlogged and goes together: after a crash of the server nothing here says that anything is judged.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from standing.build.fingerprint import dependency, upstream
from standing.contract.targets import Target
from standing.settings import Settings
from standing.sql import quoted


@dataclass(frozen=True)
class Kind:
    """Rows that are judged one by one: the model that keeps them, the list of the stale ones, and their key.

    `source` is the application's table that they are rows of, where the audit of the sources and the quarantine look at
    rows one by one, and `concerned` its columns that name a person and a shop.
    """

    model: str
    stale: str
    key: str
    source: str | None = None
    concerned: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Fact:
    """What is counted of a member's rows and kept with them: the model, the list of the members to count anew, their key.

    `sources` are the application's tables whose logged changes name the members; the members' own is one of them where
    rows of nobody are set aside.
    """

    model: str
    stale: str
    key: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """What is made of judged rows and kept with them: the model, and the list of what to make anew with its columns."""

    model: str
    stale: str
    columns: str


ORDERS = Kind("int_judged_orders", "stale_orders", "order_id", "orders", ("buyer_id", "seller_id"))
REVIEWS = Kind("int_judged_reviews", "stale_reviews", "review_id", "reviews", ("reviewer_id", "seller_id"))
THREADS = Kind("int_judged_threads", "stale_threads", "thread_id")
KINDS = (ORDERS, REVIEWS, THREADS)
FACTS = (
    Fact("int_message_days", "stale_message_days", "user_id", ("messages",)),
    # Its threads list whom they concern.
    Fact("int_user_messages", "stale_user_messages", "user_id"),
    Fact("int_user_sessions", "stale_user_sessions", "user_id", ("users", "user_sessions")),
    Fact(
        "int_seller_ground", "stale_seller_ground", "seller_id", ("seller_profiles", "products", "payouts")
    ),
)
MADE = (
    Made(
        "int_order_days",
        "stale_order_days",
        "seller_id uuid, summed_on date, primary key (seller_id, summed_on)",
    ),
    Made(
        "int_review_days",
        "stale_review_days",
        "seller_id uuid, summed_on date, primary key (seller_id, summed_on)",
    ),
    Made(
        "int_repeat_purchases",
        "stale_customers",
        "seller_id uuid, buyer_id uuid, primary key (buyer_id, seller_id)",
    ),
)
#: Rows that are set aside are kept, too, of several sources in one model, and what they are a share of.
QUARANTINE = "stg_quarantine"
SET_ASIDE = "stale_set_aside"
SOURCE_SIZES = "stg_source_sizes"
#: Which shops are summed by days.
LARGE_SHOPS = "int_large_shops"
#: The note of what judged the rows of each model, and as of when.
JUDGED = "judged"
#: All models whose rows are kept, and the lists of what is stale in them.
KEPT = (*(kind.model for kind in (*KINDS, *FACTS, *MADE)), QUARANTINE, SOURCE_SIZES, LARGE_SHOPS)
LISTS = (*(kind.stale for kind in (*KINDS, *FACTS, *MADE)), SET_ASIDE)


def make_lists(connection: Connection, settings: Settings) -> None:
    """Make what says how far the build's rows are judged; idempotent."""
    tables = {
        **{kind.stale: f"{kind.key} uuid primary key" for kind in (*KINDS, *FACTS)},
        **{made.stale: made.columns for made in MADE},
        SET_ASIDE: "source text, row_id uuid, primary key (row_id, source)",
        JUDGED: "model text primary key, judged_by text not null, as_of timestamptz not null",
    }
    for table, columns in tables.items():
        connection.execute(
            text(f"create unlogged table if not exists {quoted(settings.build_schema, table)} ({columns})")
        )


def judged_by(connection: Connection, settings: Settings) -> str:
    """The hash of everything that judgements depend on besides the application's rows."""
    return dependency(connection, settings, *KEPT)


def is_current(
    connection: Connection, settings: Settings, targets: tuple[Target, ...], run_id: int, as_of: datetime
) -> bool:
    """Whether every row that the targets are made from is judged as it would be now, but for the listed ones.

    It is not after a crash, where other models or policy judged, as of a later moment, or where another schema's build has
    taken rows of the change log since.
    """
    needed = set().union(*(upstream(target.mart) for target in targets))
    models = [model for model in KEPT if model in needed or model in (QUARANTINE, SOURCE_SIZES)]
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
    if not exists(connection, context):
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
    if is_there(connection, settings):
        connection.execute(text(f"delete from {_judged(settings)}"))


def _judged(settings: Settings) -> str:
    return quoted(settings.build_schema, JUDGED)


def is_there(connection: Connection, settings: Settings) -> bool:
    """Whether a build has kept anything yet."""
    return exists(connection, _judged(settings))


def exists(connection: Connection, table: str) -> bool:
    return bool(connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}))
