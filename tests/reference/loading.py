"""Marketplaces into a database, and the documents out of it."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, text

from reference.marketplaces import TABLES
from reference.orders import World
from standing.build import dbt
from standing.build.prepared import POLICY_MODELS
from standing.build.selection import without_policy
from standing.contract.targets import DOCUMENTS, TARGETS
from standing.incremental.plan import open_build
from standing.settings import Settings

#: The models that stay from build to build.
LASTING = (dbt.STAGING, *sorted(POLICY_MODELS))


def merged(worlds: Iterable[World]) -> World:
    whole: World = {table: [] for table in TABLES}
    for world in worlds:
        for table in TABLES:
            whole[table] += world[table]
    return whole


def empty(connection: Connection) -> None:
    """An upgraded marketplace without a member."""
    connection.execute(text("truncate users, seller_profiles, orders, reviews, standing.history cascade"))
    for table in TABLES:
        connection.execute(text(f"truncate {table} cascade"))
        required = connection.scalars(
            text(
                "select attname from pg_attribute where attrelid = cast(:table as regclass)"
                " and attnum > 0 and attnotnull and not attisdropped and attname <> 'id'"
            ),
            {"table": table},
        ).all()
        # Other applications allow what this one forbids: gaps, and two shops of one person.
        for column in required:
            connection.execute(text(f"alter table {table} alter column {column} drop not null"))
    connection.execute(
        text("alter table seller_profiles drop constraint if exists seller_profiles_user_id_key")
    )


def clear(connection: Connection) -> None:
    """All rows but the shops', whose column is the published past."""
    connection.execute(text("set session_replication_role = replica"))
    for table in TABLES:
        if table != "seller_profiles":
            connection.execute(text(f"delete from {table}"))
    connection.execute(text("set session_replication_role = default"))


def load(connection: Connection, world: World) -> None:
    """All rows, in one statement a table."""
    # Random orders name members who are there; their order of insertion is nobody's business.
    connection.execute(text("set session_replication_role = replica"))
    for table, rows in world.items():
        if rows:
            columns = list(rows[0])
            values = json.dumps(rows, default=_plain)
            statement = (
                f"insert into {table} ({', '.join(columns)}) select {', '.join(columns)}"
                f" from jsonb_populate_recordset(null::{table}, cast(:rows as jsonb))"
            )
            connection.execute(text(statement), {"rows": values})
    connection.execute(text("set session_replication_role = default"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def build(
    settings: Settings, engine: Engine, as_of: datetime, wall_clock: datetime, grace: dict[str, int]
) -> None:
    """Seeds, the test's own grace, models; without tests, which have their own place."""
    prepare(settings, engine, as_of, grace)
    build_models(settings, engine, as_of, wall_clock)


def prepare(settings: Settings, engine: Engine, as_of: datetime, grace: dict[str, int]) -> None:
    """Seeds, the test's own grace, and the models that stay from build to build."""
    open_build(engine, settings, 1, as_of, TARGETS)
    dbt.invoke(settings, engine.url, "seed")
    with engine.begin() as connection:
        for tier, days in grace.items():
            connection.execute(
                text(
                    f"update {settings.build_schema}.tier_policy set demotion_grace_days = :days"
                    " where tier = :tier"
                ),
                {"days": days, "tier": tier},
            )
    dbt.invoke(settings, engine.url, "run", "--select", *LASTING)


def edit_numbers(settings: Settings, engine: Engine, numbers: dict[str, int]) -> None:
    """Other numbers of policy, in a prepared schema."""
    with engine.begin() as connection:
        connection.execute(
            text(f"update {settings.build_schema}.policy_numbers set value = :value where name = :name"),
            [{"name": name, "value": value} for name, value in numbers.items()],
        )


def build_models(settings: Settings, engine: Engine, as_of: datetime, wall_clock: datetime) -> None:
    """Everybody's documents, in a prepared schema."""
    open_build(engine, settings, 1, as_of, TARGETS)
    with engine.begin() as connection:
        connection.execute(
            text(f"update {settings.build_schema}.run_context set wall_clock = :wall"), {"wall": wall_clock}
        )
    dbt.invoke(settings, engine.url, "run", *without_policy(TARGETS, is_prepared=True))


def documents(engine: Engine, settings: Settings) -> dict[str, dict[str, dict[str, Any]]]:
    """target → member → document, numbers exact; with `valid_until` beside the document's keys."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with engine.connect() as connection:
        for target in DOCUMENTS:
            rows = connection.execute(
                text(
                    f"select {target.key}::text, document::text, valid_until"
                    f" from {settings.build_schema}.{target.mart}"
                )
            )
            found[target.name] = {
                key: {
                    **json.loads(document, parse_float=Decimal, parse_int=Decimal),
                    "valid_until": valid_until,
                }
                for key, document, valid_until in rows
            }
    return found
