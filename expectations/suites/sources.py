"""Is the application's data fit to be scored? Runs before the build, over the application's own tables.

A warning's rows are left out or counted for less; the run goes on without them.
"""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan, Whole
from expectations.suites.contract import CORRECT, MEMBERS, contract_scan, unpromised_scans
from expectations.suites.ledgers import source_scans
from expectations.suites.past import volume_rules
from expectations.suites.seeds import order_statuses
from expectations.targets import among_due
from expectations.verdict import AuditScope
from standing.contract.application import REQUIRED
from standing.contract.freshness import FRESH_DAYS
from standing.sql import grouped, literals, quoted, told_apart

#: Earlier, later. Paid before shipped is left out: cash on delivery is paid last.
ORDER_OF_TIMES = (
    ("created_at", "paid_at"),
    ("created_at", "shipped_at"),
    ("shipped_at", "delivered_at"),
    ("delivered_at", "completed_at"),
    ("created_at", "cancelled_at"),
    ("paid_at", "refunded_at"),
)

SET_ASIDE = "correct them in the application, by the keys shown; until then they are set aside"
KEY = "coalesce(id::text, '(no id)')"


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """One scan a table; keys and references only where no constraint of the database promises them.

    A run of the due looks at its rows, and by scans apart at what is asked of each table as a whole.
    """
    app = scope.application_schema
    tables = {
        "users": _users(),
        "seller_profiles": _seller_profiles(),
        "orders": _orders(catalog),
        "reviews": _reviews(),
    }
    by_table = [
        Scan(
            _rows(table, scope),
            KEY,
            (*_every_row(table), *rules, *(() if scope.due_only else _whole_table(table))),
            needs=(f"{table}.id",),
            of_due=scope.due_only,
        )
        for table, rules in tables.items()
    ]
    whole = whole_scans(scope) if scope.due_only else []
    ledgers = source_scans(scope, catalog)
    return [contract_scan(catalog), *by_table, *ledgers, *whole, *unpromised_scans(app, catalog)]


def whole_scans(scope: AuditScope) -> list[Scan]:
    """What is asked of each table as a whole: is it empty, smaller, late, does less come than usual?"""
    return [
        Scan(quoted(scope.application_schema, table), KEY, _whole_table(table), needs=(f"{table}.id",))
        for table in REQUIRED
    ]


def _rows(table: str, scope: AuditScope) -> str:
    """A table, or the rows of it that the run of the due reads anew."""
    rows = quoted(scope.application_schema, table)
    if table in MEMBERS:
        return f"{among_due(rows, 'id', table, scope)} as members"
    if not scope.due_only:
        return rows
    audited = quoted(scope.build_schema, f"audited_{table}")
    return (
        f"(select rows.* from {rows} as rows join {audited} as audited on audited.key = rows.id) as audited"
    )


def _whole_table(table: str) -> tuple[Whole, ...]:
    filled = Whole(
        f"{table}_is_not_empty",
        "warning",
        "(count(*) = 0)::int",
        f"{grouped('count(*)')} || ' rows'",
        "An empty table gives nobody any evidence; right for a new marketplace, else a lost feed.",
        "check that the application writes to this database",
    )
    late = (_fresh(table, FRESH_DAYS[table]),) if table in FRESH_DAYS else ()
    return (filled, *volume_rules(table), *late)


def _fresh(table: str, days: int) -> Whole:
    newest = "max(created_at) filter (where created_at <= now())"
    age = f"(extract(epoch from now() - {newest}) / 86400)"
    row = table.removesuffix("s")
    return Whole(
        f"{table}_are_fresh",
        "warning",
        f"(count(*) > 0 and coalesce({newest}, '-infinity') < now() - interval '{days} days')::int",
        f"coalesce('newest {row} is ' || case when {newest} = '-infinity' then 'endlessly'"
        f" else {told_apart(age, [str(days)], 1)} || ' days' end || ' old',"
        f" case when count(*) > 0 then 'no {row} has a time of the past' else 'no {table}' end)",
        f"Scores say nothing of what members did since the newest {row}.",
        f"check that the application's {table} reach this database; ignore it for a historical copy",
        needs=(f"{table}.created_at",),
    )


def _every_row(table: str) -> tuple[Rule, ...]:
    created = f"{table}.created_at"
    return (
        Rule(
            f"{table}_id_is_not_null",
            "critical" if table in MEMBERS else "warning",
            "id is null",
            "A row without a key cannot be traced to a member.",
            f"add a primary key: alter table {table} add primary key (id)",
        ),
        Rule(
            f"{table}_created_at_is_not_in_the_future",
            "warning",
            "created_at > now()",
            "What has not happened yet counts for nobody.",
            "check the clock of the application's servers and SOURCE_TIME_ZONE; until then the rows wait",
            needs=(created,),
        ),
    )


def _users() -> tuple[Rule, ...]:
    return (_filled("users", "created_at"),)


def _seller_profiles() -> tuple[Rule, ...]:
    return (
        Rule(
            "seller_profiles_rating_score_is_possible",
            "warning",
            "rating_score not between 0 and 5 or rating_count < 0",
            "The legacy rating of these sellers, shown until theirs is calculated, cannot be true.",
            CORRECT,
            needs=("seller_profiles.rating_score", "seller_profiles.rating_count"),
        ),
    )


def _filled(table: str, column: str) -> Rule:
    return Rule(
        f"{table}_{column}_is_not_null",
        "warning",
        f"{column} is null",
        f"Without {column} these rows of {table} cannot be evaluated and count for nobody.",
        SET_ASIDE,
        needs=(f"{table}.{column}",),
    )


def _orders(catalog: Catalog) -> tuple[Rule, ...]:
    pairs = [
        (earlier, later)
        for earlier, later in ORDER_OF_TIMES
        if catalog.usable(f"orders.{earlier}") and catalog.usable(f"orders.{later}")
    ]
    return (
        *(_filled("orders", column) for column in ("buyer_id", "seller_id", "status", "created_at")),
        Rule(
            "orders_status_is_known",
            "warning",
            f"lower(status::text) <> all ({literals(order_statuses())})",
            "Orders in a state that the policy does not know cannot be evaluated.",
            "add the status to seeds/order_statuses.csv with what it means",
            needs=("orders.status",),
            detail="count(distinct status) || ' unknown status'"
            " || case when count(distinct status) = 1 then '' else 'es' end",
        ),
        Rule(
            "orders_amount_is_not_negative",
            "warning",
            "total_amount < 0",
            "A negative amount would take away from somebody's trade.",
            SET_ASIDE,
            needs=("orders.total_amount",),
        ),
        Rule(
            "orders_refund_is_possible",
            "warning",
            "refunded_amount < 0 or refunded_amount > total_amount",
            "Nobody can get back less than nothing or more than was paid.",
            CORRECT,
            needs=("orders.total_amount", "orders.refunded_amount"),
        ),
        Rule(
            "orders_times_are_in_order",
            "warning",
            " or ".join(f"{earlier} > {later}" for earlier, later in pairs) or "false",
            "An order delivered before it was sent gives wrong durations and promises kept.",
            CORRECT,
            needs=() if pairs else tuple(f"orders.{later}" for _, later in ORDER_OF_TIMES),
        ),
    )


def _reviews() -> tuple[Rule, ...]:
    return (
        Rule(
            "reviews_created_at_is_not_null",
            "warning",
            "created_at is null",
            "Undated reviews count in lifetime figures only, never in recent ones.",
            CORRECT,
            needs=("reviews.created_at",),
        ),
        Rule(
            "reviews_rating_is_from_1_to_5",
            "warning",
            "rating is null or rating not between 1 and 5",
            "A rating outside 1 to 5 stars would pull a seller's mean where no buyer put it.",
            SET_ASIDE,
            needs=("reviews.rating",),
        ),
    )
