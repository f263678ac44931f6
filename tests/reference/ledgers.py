"""What the models say of points: built as of a moment, and read."""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from reference.points import Key
from standing.build import dbt
from standing.build.selection import POLICY_MODELS
from standing.contract.targets import TARGETS
from standing.incremental.plan import open_build
from standing.settings import Settings


def prepare_points(settings: Settings, engine: Engine, as_of: datetime) -> None:
    """Seeds, and the models that stay from build to build."""
    open_build(engine, settings, 1, as_of, TARGETS)
    dbt.invoke(settings, engine.url, "seed")
    dbt.invoke(settings, engine.url, "run", "--select", dbt.STAGING, *sorted(POLICY_MODELS))


def build_points(
    settings: Settings, engine: Engine, as_of: datetime, wall_clock: datetime, due: Collection[str] = ()
) -> None:
    """Everybody's points as of a moment, in a prepared schema; or of the `due` alone, beside the others."""
    open_build(engine, settings, 1, as_of, TARGETS)
    schema = settings.build_schema
    with engine.begin() as connection:
        connection.execute(
            text(f"update {schema}.run_context set wall_clock = :wall, everybody = :everybody"),
            {"wall": wall_clock, "everybody": not due},
        )
        if due:
            others = f"delete from {schema}.due_users where user_id != all(cast(:due as uuid[]))"
            connection.execute(text(others), {"due": list(due)})
    made = ("path:seeds", *sorted(POLICY_MODELS), dbt.STAGING)  # by `prepare_points`
    anew = () if due else ("--full-refresh",)
    marts = (f"+{mart}" for mart in MARTS)
    dbt.invoke(settings, engine.url, "run", *anew, "--select", *marts, "--exclude", *made)


#: What is published of points, and what is kept of them for people.
MARTS = ("point_postings", "point_accounts", "point_lots", "user_loyalty_tiers")
#: In the order in which they read each other.
MODELS = (
    *("int_point_terms", "int_point_calendar", "int_point_entries", "int_point_programs"),
    *("int_point_keys", "int_point_credits", "int_point_debits", "int_point_ends"),
    *MARTS,
)


def rebuilt(connection: Connection, settings: Settings) -> str:
    """A hash of the marts, made anew in the caller's transaction as dbt last compiled them."""
    target = dbt.folder(settings) / "target"
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    listed = text(
        "select string_agg(quote_ident(column_name), ', ' order by ordinal_position)"
        " from information_schema.columns where table_schema = :schema and table_name = :name"
    )
    hashes = []
    for name in MODELS:
        node = nodes[f"model.standing.{name}"]
        code = (target / "compiled" / "standing" / node["original_file_path"]).read_text("utf-8")
        table = f"{settings.build_schema}.{name}"
        given = {"schema": settings.build_schema, "name": name}
        columns = connection.scalar(listed, given)
        connection.exec_driver_sql(f"delete from {table}")
        made = f"insert into {table} ({columns}) select {columns} from ({code}) as made"
        connection.exec_driver_sql(made.replace("%", "%%"))
        if not name.startswith("int_"):
            rows = f"select md5(string_agg(made::text, '|' order by made::text)) from {table} as made"
            hashes.append(str(connection.scalar(text(rows))))
    return "/".join(hashes)


def accounts(engine: Engine, settings: Settings) -> dict[str, dict[str, Any]]:
    """Member → account."""
    with engine.connect() as connection:
        found = connection.execute(text(f"select * from {settings.build_schema}.point_accounts")).mappings()
        return {str(row["user_id"]): dict(row) for row in found}


def postings(engine: Engine, settings: Settings) -> dict[str, dict[Key, tuple[int, int, int]]]:
    """Member → key → worth, posted and revision."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select user_id::text, source, source_id::text,"
                " case when source = 'expiry' then expires_at end as ends_at, worth, posted, revision"
                f" from {settings.build_schema}.point_postings"
            )
        ).all()
    found: dict[str, dict[Key, tuple[int, int, int]]] = defaultdict(dict)
    for row in rows:
        assert row.worth == int(row.worth)
        key = (row.source, row.source_id, row.ends_at)
        assert key not in found[row.user_id], "a key is there twice"
        found[row.user_id][key] = (int(row.worth), int(row.posted), row.revision)
    return found


def left_by_end(engine: Engine, settings: Settings) -> dict[str, dict[datetime, int]]:
    """Member → end to come → points that are left until then."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select user_id::text, ends_at, sum(points_left)::integer as points"
                f" from {settings.build_schema}.point_lots where points_left > 0 group by user_id, ends_at"
            )
        ).all()
    found: dict[str, dict[datetime, int]] = defaultdict(dict)
    for row in rows:
        found[row.user_id][row.ends_at] = row.points
    return found


def tiers(engine: Engine, settings: Settings) -> dict[str, tuple[str, datetime | None]]:
    """Member → tier and when it would fall."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select user_id::text, tier,"
                " (document ->> 'tier_expires_at')::timestamp at time zone 'UTC' as expires_at"
                f" from {settings.build_schema}.user_loyalty_tiers"
            )
        ).all()
    return {row.user_id: (row.tier, row.expires_at) for row in rows}


def next_steps(engine: Engine, settings: Settings) -> dict[str, datetime | None]:
    """Member → when time alone changes the account or the tier next."""
    schema = settings.build_schema
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select user_id::text, least(accounts.valid_until, held.valid_until) as valid_until"
                f" from {schema}.point_accounts as accounts join {schema}.user_loyalty_tiers as held"
                " using (user_id)"
            )
        ).all()
    return {row.user_id: row.valid_until for row in rows}
