"""Everything an explanation is made of, read from the documents and from the facts that are kept of
everybody.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from standing.contract.members import MEMBER_KINDS
from standing.contract.targets import TARGETS, Target
from standing.database.connect import relation_exists, rows
from standing.errors import SettingError
from standing.incremental.context import TABLE, is_lost
from standing.incremental.materialized import is_derived
from standing.settings import Settings
from standing.sql import quoted
from standing.state.runs import last_published_as_of
from standing.why.next_steps import next_level, next_tier

TABLES = {kind.name: kind.table for kind in MEMBER_KINDS}
#: Orders shown of each kind, newest first.
SHOWN = 10

#: What is wrong with an order → the facts' condition, and the event by which a rate's window has it.
USER_ORDERS = {
    "cancelled by the member": ("outcome = 'cancelled' and is_own_cancellation", "resolved_at"),
    "with a dispute decided against the member": ("lost_at is not null", "lost_at"),
    "returned": ("outcome = 'returned'", "resolved_at"),
    "in dispute": ("is_disputed and lost_at is null", "resolved_at"),
}
SELLER_ORDERS = {
    "cancelled by the seller, or with a dispute decided against the seller": ("is_defect", "resolved_at"),
    "not shipped though due": ("evaluated_at is not null and handed_over_at is null", "evaluated_at"),
    "delivered late": ("is_on_time is false", "delivered_at"),
    "returned": ("outcome = 'returned'", "resolved_at"),
    "in dispute": ("is_disputed and not is_defect", "resolved_at"),
}
EXCLUDED = {"excluded from the rates": ("is_excluded", "resolved_at")}
#: A member's orders on either side, with what each side answers for.
USER_ROWS = """
    select *, coalesce(cancelled_by = 'buyer', false) as is_own_cancellation, lost_by_buyer_at as lost_at
    from {0}.int_order_facts where buyer_id = :key and is_known
    union all
    select *, coalesce(cancelled_by = 'seller', false) as is_own_cancellation, lost_by_seller_at as lost_at
    from {0}.int_order_facts where seller_user_id = :key and is_known
    and seller_id in (select seller_id from {0}.stg_sellers where user_id = :key)
"""
SELLER_ROWS = "select * from {0}.int_order_facts where seller_id = :key and is_known"
#: Kind → the orders, how many days back any rate of the member looks, kinds of orders.
ORDERS = {
    "user": (
        USER_ROWS,
        # A cancellation that behavior has forgotten may still count in the trust score.
        "select greatest(window_days, (select value from {0}.policy_numbers"
        " where name = 'trust_window_days')::integer)"
        " as days from {0}.int_user_behavior where user_id = :key",
        {**USER_ORDERS, **EXCLUDED},
    ),
    "seller": (
        SELLER_ROWS,
        "select window_days as days from {0}.int_seller_performance where seller_id = :key",
        {**SELLER_ORDERS, **EXCLUDED},
    ),
}
#: What is read of policy; a run whose policy was refused leaves some of it unmade.
POLICY = ("int_scorecard", "int_trust_levels", "policy_numbers", "risk_rules", "tier_policy")
#: What a code is called: metrics, risks, levels and tiers.
LABELS = """
    select metric as code, label_en as label from {0}.scorecard_metrics
    union all select code, label_en from {0}.risk_rules
    union all select level, label_en from {0}.trust_levels
    union all select tier, label_en from {0}.tier_policy
"""


@dataclass(frozen=True)
class Explanation:
    """One member explained. `factors` sum to the score with `start`; `orders` are those behind bad rates,
    None while they are not known; `labels` are what codes are called."""

    kind: str
    member_id: str
    as_of: datetime | None
    documents: dict[str, Any]
    start: int
    factors: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, list[dict[str, Any]]] | None = field(default_factory=dict)
    following: dict[str, Any] | None = None
    sources: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "as_of": self.as_of.isoformat() if self.as_of else None}


def explain_member(
    connection: Connection, settings: Settings, kind: str, member_id: str, replayed: bool = False
) -> Explanation:
    """Explain a user or seller as published, or as built, from the facts in the build's schema.

    Raises SettingError if the id is not a UUID, or if there is no such member (then).
    """
    try:
        key = UUID(member_id)
    except ValueError:
        raise SettingError(f"{member_id!r} is not a UUID", "give the id of the row") from None
    build = settings.build_schema
    targets = [target for target in TARGETS if target.table == TABLES[kind]]
    documents = (
        _replayed(connection, build, targets, key)
        if replayed
        else _published(connection, settings, targets, key)
    )
    if documents is None:
        raise SettingError(
            f"there is no {kind} {member_id} in {TABLES[kind]}",
            f"standing psql -- -c 'select id from {TABLES[kind]} limit 10' shows some;"
            " the other kind is asked for with"
            f" standing why {'seller' if kind == 'user' else 'user'}",
        )
    needed = {*POLICY, *(model for target in targets for model in (target.mart, *target.facts))}
    is_built = all(relation_exists(connection, quoted(build, model)) for model in needed) and not is_lost(
        connection, settings, {TABLE}
    )
    as_of = _as_of(connection, build, replayed) if is_built else None
    score = documents.get("trust_score") or {}
    outlook = next_level if kind == "user" else next_tier
    return Explanation(
        kind=kind,
        member_id=str(key),
        as_of=as_of,
        documents=documents,
        start=50,
        factors=_factors(connection, build, score) if is_built and kind == "user" else [],
        orders=_orders(connection, build, kind, key, as_of) if as_of else {},
        following=outlook(connection, build, key) if is_built else None,
        sources={target.name: target.document.sources for target in targets},
        labels=_labels(connection, build) if is_built else {},
    )


def _as_of(connection: Connection, build: str, replayed: bool) -> datetime | None:
    if not replayed:
        return last_published_as_of(connection.engine)
    moment: datetime | None = connection.scalar(text(f"select as_of from {quoted(build, 'run_context')}"))
    return moment


def _labels(connection: Connection, build: str) -> dict[str, str]:
    return {row["code"]: row["label"] for row in rows(connection, LABELS.format(quoted(build)))}


def _published(
    connection: Connection, settings: Settings, targets: list[Target], key: UUID
) -> dict[str, Any] | None:
    columns = ", ".join(f"{quoted(target.column)} as {target.name}" for target in targets)
    table = quoted(settings.application_schema, targets[0].table)
    documents = rows(connection, f"select {columns} from {table} where id = :key", key=key)
    return documents[0] if documents else None


def _replayed(
    connection: Connection, build: str, targets: list[Target], key: UUID
) -> dict[str, Any] | None:
    documents = {
        target.name: connection.scalar(
            text(f"select document from {quoted(build, target.mart)} where {quoted(target.key)} = :key"),
            {"key": key},
        )
        for target in targets
    }
    return documents if all(documents.values()) else None


def _factors(connection: Connection, build: str, score: dict[str, Any]) -> list[dict[str, Any]]:
    """The document's factors, each with its bin and the weight that makes points of its value."""
    listed = score.get("factors", {})
    factors = [*listed.get("positive", []), *listed.get("negative", [])]
    bins = rows(
        connection,
        "select bins.metric, bins.kind, bins.lower_bound, bins.upper_bound, bins.value, bins.points,"
        " categories.category,"
        f" categories.weight, reasons.why"
        f" from {quoted(build, 'int_scorecard')} as bins"
        f" join {quoted(build, 'scorecard_categories')} as categories"
        " on categories.category = bins.category"
        f" join {quoted(build, 'scorecard_bins')} as reasons"
        f" on reasons.metric = bins.metric and reasons.lower_bound = bins.lower_bound",
    )
    explained = []
    for factor in factors:
        # Within one metric no two bins with points have the same ones, or it does not matter which it is.
        matching = [
            b for b in bins if b["metric"] == factor["code"] and float(b["points"]) == factor["points"]
        ]
        explained.append({**factor, "bin": _plain(matching[0]) if matching else None})
    return explained


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: float(value) if hasattr(value, "as_tuple") else value
        for key, value in row.items()
        if key != "metric"
    }


def _orders(
    connection: Connection, build: str, kind: str, key: UUID, as_of: datetime
) -> dict[str, list[dict[str, Any]]] | None:
    """The orders that rates count, by kind, and after them those that no rate counts.

    None where no order's outcome is there: the server has crashed, or a run derives all of them anew.
    """
    if not is_derived(connection, build, "int_order_facts"):
        return None
    facts, window, kinds = ORDERS[kind]
    orders = {}
    for title, (condition, event) in kinds.items():
        statement = (
            f"with looked_back as ({window.format(quoted(build))})"
            " select order_id::text as order_id, outcome, resolved_at, amount::float as amount,"
            " is_excluded,"
            f" not is_excluded and coalesce(({event} at time zone business_time_zone)::date"
            " > (cast(:as_of as timestamptz) at time zone business_time_zone)::date - (select days"
            " from looked_back),"
            f" false) as is_counted from ({facts.format(quoted(build))}) as facts"
            f" cross join {quoted(build, 'run_context')} as run_context where {condition}"
            f" order by is_counted desc, {event} desc nulls last, order_id limit {SHOWN}"
        )
        listed = rows(connection, statement, key=key, as_of=as_of)
        if listed:
            orders[title] = listed
    return orders
