"""From the log of changes to who is due.

Triggers append the members that a change concerns (see standing/contract/sources.py); `drain` takes what is
visible and makes due whoever's documents may have changed with it. It makes too many due rather than too
few.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from standing.contract.sources import LOG_KEYS
from standing.contract.targets import TARGETS
from standing.database.connect import STANDING_SCHEMA
from standing.incremental import materialized, signatures, stale
from standing.incremental.concerned import NARROW, by_targets, concerned
from standing.incremental.observed import Observed, observe
from standing.incremental.referred import make_referred_due
from standing.settings import Settings
from standing.sql import literals

LOG = f"{STANDING_SCHEMA}.change_log"
DUE = f"{STANDING_SCHEMA}.due"

#: The steps' tables; each is gone with the transaction.
DRAINED = "pg_temp.drained"
ORDERS = "pg_temp.drained_orders"
USERS = "pg_temp.drained_users"
SELLERS = "pg_temp.drained_sellers"

TAKE = f"""
with taken as (
    delete from {LOG} returning source, affects_counterparties, {", ".join(LOG_KEYS)}
)

insert into {DRAINED} (source, affects_counterparties, {", ".join(LOG_KEYS)})
select distinct source, affects_counterparties, {", ".join(LOG_KEYS)} from taken
"""

#: The sources of which everything may have changed, in the log or in what is drained of it.
EVERYBODY = (
    "select distinct source from {}"
    f" where affects_counterparties and num_nonnulls({', '.join(LOG_KEYS)}) = 0 order by 1"
)
#: In the place of a source: what was changed while the log was not complete.
NOT_LOGGED = "not logged"
#: Sources named in the reason why everybody is due.
NAMED = 3


def drain(connection: Connection, settings: Settings, observed: Observed | None = None) -> int:
    """Take the log's visible rows and make due, for every target that they concern, the members concerned.

    Works in the caller's transaction (read committed): what is still uncommitted stays for the next time.
    Gives how many rows of due are new; one for each target if everybody is. While the log is not complete
    it leaves a row for everybody: what was changed before somebody mends the triggers is in no log, so one
    more run after that has to be full. So has one after a table was rebuilt. `observed` is what the caller
    has read of the catalogue.
    """
    observed = observed or observe(connection, settings)
    keys = ", ".join(f"{key} uuid" for key in LOG_KEYS)
    _make_temporary(connection, DRAINED, f"source text, affects_counterparties boolean, {keys}")
    taken = connection.execute(text(TAKE)).rowcount
    if settings.change_log and not observed.log:
        connection.execute(
            text(f"insert into {LOG} (source, affects_counterparties) values ('{NOT_LOGGED}', true)")
        )
    signatures.note(connection, observed.signatures)
    number = 0
    for targets, sources in by_targets(connection.scalars(text(EVERYBODY.format(DRAINED))).all()):
        number += _make_everybody_due(connection, _reason(sources), targets)
        if targets is None:
            materialized.forget(connection, settings, observed.built)
            return number
    if observed.rebuilt:
        materialized.forget(connection, settings, observed.built)
        return number + _make_everybody_due(connection, observed.rebuilt[0])
    if not taken:
        return 0
    connection.execute(text(f"analyze {DRAINED}"))
    for table in (ORDERS, USERS, SELLERS):
        _make_temporary(connection, table, "member_id uuid")
    _fill(connection, ORDERS, _orders(observed))
    _fill(connection, USERS, _users(observed))
    _fill(connection, SELLERS, _sellers(observed))
    # A shop's documents show its person, and a person's the shop; a person may have several shops.
    _fill(connection, USERS, [observed.select("user_id", "seller_profiles", "id", _all(SELLERS))])
    _fill(connection, SELLERS, [observed.select("id", "seller_profiles", "user_id", _all(USERS))])
    stale.add(
        connection,
        settings,
        observed,
        {
            "order_id": [_all(ORDERS)],
            "review_id": _reviews(observed),
            "thread_id": [_logged("thread_id")],
            "user_id": [_logged("user_id")],
        },
        _counted_anew,
    )
    number += sum(_make_narrowly_due(connection, source) for source in NARROW)
    number += make_referred_due(connection, observed, DRAINED, ORDERS)
    number += _make_due(connection, "users", USERS)
    return number + _make_due(connection, "seller_profiles", SELLERS)


def _make_temporary(connection: Connection, table: str, columns: str) -> None:
    connection.execute(text(f"drop table if exists {table}"))
    name = table.removeprefix("pg_temp.")
    connection.execute(text(f"create temporary table {name} ({columns}) on commit drop"))


def _logged(key: str, for_counterparties: bool = False) -> str:
    return f"select {key} from {DRAINED}{' where affects_counterparties' if for_counterparties else ''}"


def _counted_anew(model: materialized.Model) -> str | None:
    """The members of whom something that a model of members counts was changed."""
    sources = ", ".join(f"'{source}'" for source in model.sources)
    return f"select {model.key[0]} from {DRAINED} where source in ({sources})" if sources else None


def _all(table: str) -> str:
    return f"select member_id from {table}"


def _orders(observed: Observed) -> list[str | None]:
    """The orders whose members are concerned."""
    users, sellers = (
        _logged("user_id", for_counterparties=True),
        _logged("seller_id", for_counterparties=True),
    )
    return [
        _logged("order_id"),
        observed.select("id", "orders", "buyer_id", users),
        observed.select("id", "orders", "seller_id", sellers),
        observed.select("order_id", "reviews", "reviewer_id", users),
        observed.select("order_id", "reviews", "seller_id", sellers),
        observed.select("order_id", "reviews", "id", _logged("review_id")),
    ]


def _reviews(observed: Observed) -> list[str | None]:
    """The reviews that may count otherwise now, besides those of the orders."""
    return [
        _logged("review_id"),
        observed.select("id", "reviews", "reviewer_id", _logged("user_id", for_counterparties=True)),
        observed.select("id", "reviews", "seller_id", _logged("seller_id", for_counterparties=True)),
    ]


def _users(observed: Observed) -> list[str | None]:
    threads = _logged("thread_id")
    of_all = f"select user_id from {DRAINED} where source != all({literals(NARROW)})"
    return [
        of_all,
        observed.select("buyer_id", "orders", "id", _all(ORDERS)),
        observed.select("reviewer_id", "reviews", "order_id", _all(ORDERS)),
        observed.select(
            "reviewer_id", "reviews", "seller_id", _logged("seller_id", for_counterparties=True)
        ),
        observed.select("reviewer_id", "reviews", "id", _logged("review_id")),
        observed.select("sender_id", "messages", "thread_id", threads),
        observed.select("recipient_id", "messages", "thread_id", threads),
    ]


def _sellers(observed: Observed) -> list[str | None]:
    return [
        _logged("seller_id"),
        observed.select("seller_id", "orders", "id", _all(ORDERS)),
        observed.select("seller_id", "reviews", "order_id", _all(ORDERS)),
        observed.select("seller_id", "reviews", "reviewer_id", _logged("user_id", for_counterparties=True)),
        observed.select("seller_id", "reviews", "id", _logged("review_id")),
    ]


def _fill(connection: Connection, table: str, selects: list[str | None]) -> None:
    """Add the keys that are not there yet, and say how many there are, so that joins are planned well."""
    union = " union all ".join(select for select in selects if select)
    if not union:
        return
    connection.execute(
        text(
            f"insert into {table} select key from ({union}) as found (key) where key is not null"
            f" except select member_id from {table}"
        )
    )
    connection.execute(text(f"analyze {table}"))


def _targets(table: str | None = None) -> Iterator[str]:
    return (target.name for target in TARGETS if table in (None, target.members.table))


def _make_narrowly_due(connection: Connection, source: str) -> int:
    """The members whom a narrow source's rows name, for the targets that it concerns."""
    return connection.execute(
        text(
            f"insert into {DUE} (target, member_id)"
            f" select distinct target, user_id from {DRAINED} cross"
            " join unnest(cast(:targets as text[])) as t (target)"
            " where source = :source and user_id is not null on conflict do nothing"
        ),
        {"targets": concerned(source), "source": source},
    ).rowcount


def _make_due(connection: Connection, table: str, members: str) -> int:
    """Every member of the temporary table `members`, for every target of the application's `table`."""
    return connection.execute(
        text(
            f"insert into {DUE} (target, member_id)"
            f" select target, member_id from {members} cross"
            " join unnest(cast(:targets as text[])) as t (target)"
            " on conflict do nothing"
        ),
        {"targets": list(_targets(table))},
    ).rowcount


def _reason(sources: Sequence[str]) -> str:
    named = [source for source in sources if source != NOT_LOGGED]
    if not named:
        return "changes may have been missed while the change log was not complete"
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"everything in {', '.join(named[:NAMED])}{more} may have changed"


def _make_everybody_due(connection: Connection, reason: str, targets: list[str] | None = None) -> int:
    """For these targets, or for all."""
    return connection.execute(
        text(
            f"insert into {DUE} (target, reason) select target, :reason"
            " from unnest(cast(:targets as text[])) as t (target) on conflict do nothing"
        ),
        {"targets": list(_targets()) if targets is None else targets, "reason": reason},
    ).rowcount


def foreseen_reasons(connection: Connection, observed: Observed) -> dict[str, str]:
    """Target → why a run that drained the log now would find everybody due; nothing of the others."""
    found: dict[str, str] = {}
    for targets, sources in by_targets(connection.scalars(text(EVERYBODY.format(LOG))).all()):
        found |= dict.fromkeys(_targets() if targets is None else targets, _reason(sources))
    return (dict.fromkeys(_targets(), observed.rebuilt[0]) if observed.rebuilt else {}) | found


def log_size(connection: Connection) -> int:
    """Rows that wait in the log."""
    return int(connection.scalar(text(f"select count(*) from {LOG}")) or 0)
