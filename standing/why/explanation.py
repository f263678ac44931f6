"""Everything an explanation is made of, read from the documents and from the facts that are kept of
everybody.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from standing.build.selection import POLICY_TABLES
from standing.contract.members import MEMBER_KINDS
from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS, Target
from standing.database.connect import rows
from standing.database.schemas import relations
from standing.errors import SettingError
from standing.incremental.context import TABLE, is_lost
from standing.incremental.materialized import DERIVED
from standing.settings import Settings
from standing.sql import quoted
from standing.state import policies
from standing.state.policies import Policy
from standing.state.runs import last_published_as_of
from standing.why.next_steps import mean_rating, next_level, next_tier
from standing.why.orders import OrdersWanted, orders_of
from standing.why.points import key_of

TABLES = {kind.name: kind.table for kind in MEMBER_KINDS}
#: What is shown of a bin.
NUMBERS = ("lower_bound", "upper_bound", "value", "points")
#: Policy table → its column of codes, which `label_en` names.
LABELS = {
    "scorecard_metrics": "metric",
    "problem_metrics": "metric",
    "risk_rules": "code",
    "trust_levels": "level",
    "tier_policy": "tier",
    "awards": "code",
}
#: What labels of experience_rules begin with: its metrics are called as others of the trust score are.
EXPERIENCE = "experience "


@dataclass(frozen=True)
class Explanation:
    """One member explained. `factors` sum to the score with `start`; `orders` are those behind bad rates,
    None while they are not known; `labels` are what codes are called, `held` the undone runs by target, and
    `mean_rating` has the digits that tell it apart from what tiers ask for."""

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
    held: dict[str, int] = field(default_factory=dict)
    mean_rating: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "as_of": self.as_of.isoformat() if self.as_of else None}


def explain_member(
    connection: Connection, settings: Settings, kind: str, member_id: str, replayed: bool = False
) -> Explanation:
    """Explain a user or seller as published, or as built, from the facts in the build's schema.

    What is published is explained by the policy that it was published by, whatever was built since.
    Raises SettingError if the id is not a UUID, or if there is no such member (then).
    """
    key = key_of(member_id)
    build = settings.build_schema
    targets = [target for target in DOCUMENTS if target.members.table == TABLES[kind]]
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
    ladder = next(target for target in targets if target.ladder)
    policy = (
        policies.built(connection, build, POLICY_TABLES)
        if replayed
        else policies.published(connection, ladder, key) or {}
    )
    needed = {DERIVED, *(model for target in targets for model in target.facts)}
    is_built = needed <= relations(connection, build) and not is_lost(connection, settings, {TABLE})
    as_of = _as_of(connection, build, replayed) if is_built else None
    orders: dict[str, Any] | None = {}
    following = None
    if as_of and policy:
        orders = orders_of(connection, build, OrdersWanted(kind, key, as_of, _trust_days(policy)))
        document = documents[ladder.name] or {}
        if kind == "user":
            following = next_level(connection, build, key, policy, document)
        else:
            following = next_tier(connection, document)
    return Explanation(
        kind=kind,
        member_id=str(key),
        as_of=as_of,
        documents=documents,
        start=50,
        factors=_factors(policy, documents["trust_score"] or {}) if kind == "user" else [],
        orders=orders,
        following=following,
        sources={target.name: target.document.sources for target in targets},
        labels=_labels(policy),
        held={} if replayed else _held(connection, targets, key),
        mean_rating=_number(mean_rating(connection, policy, documents[ladder.name] or {}))
        if kind == "seller"
        else None,
    )


def _held(connection: Connection, targets: list[Target], key: UUID) -> dict[str, int]:
    statement = (
        "select target, run_id from standing.holds where member_id = :key and target = any(:targets)"
    )
    found = rows(connection, statement, key=key, targets=[target.name for target in targets])
    return {row["target"]: row["run_id"] for row in found}


def _trust_days(policy: Policy) -> int:
    numbers = policy["policy_numbers"]
    return next(int(row["value"]) for row in numbers if row["name"] == "trust_window_days")


def _as_of(connection: Connection, build: str, replayed: bool) -> datetime | None:
    if not replayed:
        return last_published_as_of(connection.engine)
    moment: datetime | None = connection.scalar(text(f"select as_of from {quoted(build, 'run_context')}"))
    return moment


def _labels(policy: Policy) -> dict[str, str]:
    named = {row[code]: row["label_en"] for table, code in LABELS.items() for row in policy.get(table, ())}
    rules = policy.get("experience_rules", ())
    return named | {f"{EXPERIENCE}{row['metric']}": row["label_en"] for row in rules}


def _published(
    connection: Connection, settings: Settings, targets: list[Target], key: UUID
) -> dict[str, Any] | None:
    schema, members = settings.application_schema, targets[0].members
    columns = ", ".join(
        f"(select {present(target, 'application')} from {quoted(schema, target.table)} as application"
        f" where application.{quoted(target.table_key)} = :key) as {target.name}"
        for target in targets
    )
    there = f"from {quoted(schema, members.table)} where {quoted(members.table_key)} = :key"
    documents = rows(connection, f"select {columns} {there}", key=key)
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
    return documents if all(documents[target.name] or target.held_in for target in targets) else None


def _factors(policy: Policy, score: dict[str, Any]) -> list[dict[str, Any]]:
    """The document's factors, each with its bin and the weight that makes points of its value."""
    listed = score.get("factors", {})
    factors = [*listed.get("positive", []), *listed.get("negative", [])]
    weights = {row["category"]: row["weight"] for row in policy.get("scorecard_categories", ())}
    reasons = {(row["metric"], row["lower_bound"]): row["why"] for row in policy.get("scorecard_bins", ())}
    # Within one metric no two bins with points have the same ones, or it does not matter which it is.
    bins = {(row["metric"], row["points"]): row for row in reversed(policy.get("int_scorecard", ()))}
    found = []
    for factor in factors:
        matching = bins.get((factor["code"], factor["points"]))
        shown = matching and {
            "kind": matching["kind"],
            **{number: _number(matching[number]) for number in NUMBERS},
            "category": matching["category"],
            "weight": _number(weights[matching["category"]]),
            "why": reasons[matching["metric"], matching["lower_bound"]],
        }
        found.append({**factor, "bin": shown})
    return found


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
