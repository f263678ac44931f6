"""Is the application's data fit to be scored? Runs before the build, over the application's own tables.

Rows that a warning counts are set aside in quarantine by staging; the run goes on without them.
"""

from expectations.catalog import Catalog
from expectations.columns import CONTRACT, Column
from expectations.rules import Rule, Scan, Whole, quoted
from expectations.verdict import AuditScope

#: Days without a new order after which a marketplace that sells every day has probably lost its feed.
NEWEST_ORDER_DAYS = 2

TABLES = ("users", "seller_profiles", "orders", "reviews")

#: Child column, parent key. An order or review may lack its optional ones; what it names must exist.
REFERENCES = (
    ("orders.buyer_id", "users.id"),
    ("orders.seller_id", "seller_profiles.id"),
    ("reviews.order_id", "orders.id"),
    ("reviews.seller_id", "seller_profiles.id"),
    ("reviews.reviewer_id", "users.id"),
    ("seller_profiles.user_id", "users.id"),
)

#: Earlier, later. Paid before shipped is left out: cash on delivery is paid last.
ORDER_OF_TIMES = (
    ("created_at", "paid_at"),
    ("created_at", "shipped_at"),
    ("shipped_at", "delivered_at"),
    ("delivered_at", "completed_at"),
    ("created_at", "cancelled_at"),
    ("paid_at", "refunded_at"),
)

SET_ASIDE = "find them by the keys shown and correct them in the application; until then they are set aside"
KEY = "coalesce(id::text, '(no id)')"


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """One scan a table; keys and references only where no constraint of the database promises them."""
    app = scope.application_schema
    tables = {
        "users": _users(),
        "seller_profiles": _seller_profiles(),
        "orders": _orders(scope, catalog),
        "reviews": _reviews(),
    }
    by_table = [
        Scan(quoted(app, table), KEY, (*_every_table(table), *rules), needs=(f"{table}.id",))
        for table, rules in tables.items()
    ]
    unpromised = [_unique_scan(app, table) for table in TABLES if f"{table}.id" not in catalog.unique]
    unpromised += [
        _reference_scan(app, child, parent)
        for child, parent in REFERENCES
        if f"{child} {parent}" not in catalog.references
    ]
    return [_contract(catalog), *by_table, *unpromised]


def _contract(catalog: Catalog) -> Scan:
    """The catalog held against METRICS.md, and the rules that constraints promise."""
    missing = [table for table in TABLES if not catalog.has_table(table)]
    rows = [(f"table {table}", "is missing", True) for table in missing]
    rows += [
        (column.path, _problem(column, catalog), column.required)
        for column in CONTRACT
        if column.table not in missing
    ]
    if "reviews" not in missing:
        linked = catalog.usable("reviews.order_id") or catalog.usable("reviews.seller_id")
        rows.append(("reviews.order_id or reviews.seller_id", "" if linked else "is missing", True))
    values = ", ".join(f"('{subject}', '{problem}', {required})" for subject, problem, required in rows)
    return Scan(
        source=f"(values {values}) as contract (subject, problem, required)",
        key="subject",
        rules=(
            Rule(
                "required_columns_exist",
                "critical",
                "required and problem <> ''",
                "Without these columns no member can be scored, so nothing is built or written.",
                "add the columns, or set STANDING_APPLICATION_SCHEMA to the schema that holds the tables",
                detail="string_agg(subject || ' ' || problem, ', ' order by subject)",
            ),
            Rule(
                "optional_columns_fit",
                "warning",
                "not required and problem <> ''",
                "What these columns say counts for nobody: their type cannot be read.",
                "change the type of the columns, or ignore this if scores need not use them",
                detail="string_agg(subject || ' ' || problem, ', ' order by subject)",
            ),
            *_promises(catalog),
        ),
    )


def _problem(column: Column, catalog: Catalog) -> str:
    found = catalog.types.get(column.path)
    if catalog.usable(column.path) or (found is None and not column.required):
        return ""
    return "is missing" if found is None else f"is {found}, which is no {column.family}"


def _promises(catalog: Catalog) -> list[Whole]:
    keys = [(_unique_rule(table), "unique index") for table in TABLES if f"{table}.id" in catalog.unique]
    keys += [
        (_reference_rule(child, parent), "foreign key")
        for child, parent in REFERENCES
        if f"{child} {parent}" in catalog.references
    ]
    return [
        Whole(rule.name, rule.severity, "0", f"'guaranteed by a {promise}'", rule.meaning, rule.action)
        for rule, promise in keys
    ]


def _unique_rule(table: str) -> Rule:
    return Rule(
        f"{table}_id_is_unique",
        "critical",
        "copies > 1",
        "A key that stands for two rows would count deeds twice or give one member's score to another.",
        f"remove the copies and add a primary key: alter table {table} add primary key (id)",
    )


def _unique_scan(app: str, table: str) -> Scan:
    copies = f"select id, count(*) as copies from {quoted(app, table)} where id is not null group by id"
    return Scan(f"({copies}) as ids", "id::text", (_unique_rule(table),), needs=(f"{table}.id",))


def _reference_rule(child: str, parent: str) -> Rule:
    table, column = child.split(".")
    return Rule(
        f"{table}_{column}_exists",
        "warning",
        f"child.{column} is not null and parent.id is null",
        f"These rows of {table} name somebody {parent.split('.')[0]} does not know and count for nobody.",
        SET_ASIDE,
    )


def _reference_scan(app: str, child: str, parent: str) -> Scan:
    table, column = child.split(".")
    other = quoted(app, parent.split(".")[0])
    source = f"{quoted(app, table)} as child left join {other} as parent on parent.id = child.{column}"
    return Scan(
        source, "child.id::text", (_reference_rule(child, parent),), needs=(f"{table}.id", child, parent)
    )


def _every_table(table: str) -> tuple[Rule | Whole, ...]:
    created = f"{table}.created_at"
    return (
        Whole(
            f"{table}_is_not_empty",
            "warning",
            "(count(*) = 0)::int",
            "to_char(count(*), 'FM999,999,999,990') || ' rows'",
            "An empty table gives nobody any evidence; right for a new marketplace, else a lost feed.",
            "check that the application writes to this database",
        ),
        Rule(
            f"{table}_id_is_not_null",
            "critical",
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
            SET_ASIDE,
            needs=("seller_profiles.rating_score", "seller_profiles.rating_count"),
        ),
    )


def _filled(table: str, column: str) -> Rule:
    return Rule(
        f"{table}_{column}_is_not_null",
        "warning",
        f"{column} is null",
        f"Without {column} these rows of {table} cannot be counted for anybody.",
        SET_ASIDE,
        needs=(f"{table}.{column}",),
    )


def _orders(scope: AuditScope, catalog: Catalog) -> tuple[Rule | Whole, ...]:
    pairs = [
        (earlier, later)
        for earlier, later in ORDER_OF_TIMES
        if catalog.usable(f"orders.{earlier}") and catalog.usable(f"orders.{later}")
    ]
    statuses = quoted(scope.build_schema, "order_statuses")
    return (
        *(_filled("orders", column) for column in ("buyer_id", "seller_id", "status", "created_at")),
        Rule(
            "orders_status_is_known",
            "warning",
            f"status::text not in (select status from {statuses} where status is not null)",
            "Orders in a state that the policy does not know cannot be judged.",
            "add the status to seeds/order_statuses.csv with what it means",
            needs=("orders.status", "build:order_statuses.status"),
            detail="count(distinct status) || ' unknown statuses'",
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
            SET_ASIDE,
            needs=("orders.total_amount", "orders.refunded_amount"),
        ),
        Rule(
            "orders_times_are_in_order",
            "warning",
            " or ".join(f"{earlier} > {later}" for earlier, later in pairs) or "false",
            "An order delivered before it was sent gives wrong durations and promises kept.",
            SET_ASIDE,
            needs=() if pairs else tuple(f"orders.{later}" for _, later in ORDER_OF_TIMES),
        ),
        Whole(
            "orders_are_fresh",
            "warning",
            f"(count(*) > 0 and coalesce(max(created_at) filter (where created_at <= now()), '-infinity')"
            f" < now() - interval '{NEWEST_ORDER_DAYS} days')::int",
            "coalesce('newest order is ' || round(extract(epoch from now() - max(created_at)"
            " filter (where created_at <= now())) / 86400, 1) || ' days old', 'no orders')",
            "Scores say nothing of what members did since the newest order.",
            "check that the application's orders reach this database; ignore it for a historical copy",
            needs=("orders.created_at",),
        ),
    )


def _reviews() -> tuple[Rule, ...]:
    return (
        _filled("reviews", "created_at"),
        Rule(
            "reviews_rating_is_from_1_to_5",
            "warning",
            "rating is null or rating not between 1 and 5",
            "A rating outside 1 to 5 stars would pull a seller's mean where no buyer put it.",
            SET_ASIDE,
            needs=("reviews.rating",),
        ),
    )
