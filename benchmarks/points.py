"""What points cost: postings beside a plain aggregate of the same rows, for everybody and for the due, and
how long an application waits for a chunk.

A marketplace whose points began two years ago has a ledger of some ten rows a member: the welcome, orders,
two spendings, what ended. All sides work in one run of this script, each over one connection without
parallel workers; "CPU" is what its backend used:
  plain     the sum of orders and ledger by member, and by member and month
  postings  the models of keys, credits, debits and ends, and what they are worth, for everybody
  due       the same for 1,000 of the members; compare it between sizes
  posting   the first posting of all, chunk by chunk: how long a chunk holds its members' accounts

    python benchmarks/points.py --users 10000 --orders 50000
    python benchmarks/points.py --users 100000 --orders 500000
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from homes import marketplace, parser, standing
from sqlalchemy import Connection, Engine, event, text

from standing.build.dbt import SESSION, folder
from standing.contract.points import POINTS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.lock import run_lock
from standing.publish.publish import find_changes, publish_changes
from standing.settings import Settings, load_settings
from standing.state.runs import close_run, open_run

DUE = 1000
BENCH = "bench_points"
#: In the order in which they read each other.
MODELS = (
    "int_due_users",
    "int_point_terms",
    "int_point_calendar",
    "int_point_entries",
    "int_point_programs",
    "int_point_keys",
    "int_point_credits",
    "int_point_debits",
    "int_point_ends",
    "point_postings",
    "point_accounts",
)
#: Those of which the build takes statistics of their members.
LOOKED_UP = frozenset(model for model in MODELS if "user" in model or "int_point" in model) - {
    "int_point_terms",
    "int_point_calendar",
}
#: Of these, what says what each key is worth and has: the rest is what members see.
POSTINGS = frozenset(MODELS) - {"int_point_programs", "point_accounts"}
GROW = (
    "update standing.loyalty_terms set valid_from = now() - interval '700 days'",
    "update points_transactions as entries"
    " set created_at = greatest(now() - interval '701 days', users.created_at)"
    " from users where users.id = user_id",
    # Two spendings a member in the mean.
    "insert into points_transactions"
    " (user_id, type, amount, balance_after, source, description, created_at)"
    " select id, 'spend', -5 - floor(random() * 60), 0, 'redeem', 'x',"
    "  greatest(created_at, now() - interval '690 days') + random() * (now() - greatest(created_at, now() -"
    "  interval '690 days'))"
    " from users cross join generate_series(1, 4) where random() < 0.5",
    "update loyalty_programs set points_balance = ledger.points from"
    " (select user_id, sum(amount) as points from points_transactions group by user_id) as ledger"
    " where ledger.user_id = loyalty_programs.user_id",
    "delete from standing.change_log",
    "delete from standing.loyalty_openings",
)
PLAIN = """
select {key}, sum(points) as points from (
    select buyer_id as user_id, floor((total_amount - coalesce(refunded_amount, 0)) / 100) as points,
        completed_at as at
    from orders where status = 'completed'
    union all
    select user_id, amount, created_at from points_transactions
) as rows group by {key}
"""
MONTH = "user_id, date_trunc('month', at at time zone 'Asia/Bangkok')"


def main() -> None:
    given = parser(__doc__).parse_args()
    with marketplace(given) as home:
        settings = load_settings(STANDING_HOME=home)
        with connect(settings) as engine:
            grow(engine)
            measure(home, settings, engine)


def grow(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("select setseed(0.1)"))
        for statement in GROW:
            connection.execute(text(statement))
    vacuum(engine)


def vacuum(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
        connection.execute(text("checkpoint"))


def measure(home: Path, settings: Settings, engine: Engine) -> None:
    build(home)
    first_posting(settings, engine)
    vacuum(engine)
    build(home)
    left = scalar(
        engine, f"select count(*) from {settings.build_schema}.point_postings where worth <> posted"
    )
    rows = scalar(engine, "select count(*) from points_transactions")
    members = scalar(engine, "select count(*) from users")
    print(f"{members:,} members, {rows:,} rows of the ledger; {left} keys left to post", flush=True)
    models = dict(compiled(settings))
    with engine.connect() as connection:
        for name, value in {**SESSION, "max_parallel_workers_per_gather": 0}.items():
            connection.execute(text(f"set {name} = '{value}'"))
        for turn in (1, 2):
            print(f"turn {turn}")
            everybody(connection, models)
        due(connection, settings, models)
        connection.execute(text(f"drop schema if exists {BENCH} cascade"))
        connection.commit()


def build(home: Path) -> None:
    """A run of everybody's points, which the gate may stop: its marts stay."""
    command = [sys.executable, "-m", "standing", "run", "points", "--full", "--json"]
    environment = {**os.environ, "STANDING_HOME": str(home)}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        sys.exit(f"standing run points: {done.stderr[-2000:]}")
    outcome = json.loads(done.stdout)
    stages = ", ".join(f"{stage['name']} {float(stage['seconds']):.1f}" for stage in outcome["stages"])
    print(f"standing run points --full: {outcome['status']}: {stages}", flush=True)
    if outcome["status"] == "stopped":
        standing(home, "reject", str(outcome["run_id"]))


def first_posting(settings: Settings, engine: Engine) -> None:
    began = time.monotonic()
    find_changes(engine, settings, (POINTS,), wall_clock(engine))
    compared = time.monotonic() - began
    run_id = open_run(engine, POINTS.selection, wall_clock(engine))
    with run_lock(engine, 0) as lock, watching(engine) as held:
        began = time.monotonic()
        written = publish_changes(engine, settings, (POINTS,), lock, run_id)
    wrote = time.monotonic() - began
    close_run(engine, run_id, "published", "", {})
    rows = scalar(engine, "select count(*) from points_transactions where source <> 'redeem'")
    print(
        f"first posting: compared in {compared:.1f} s, {written['points']:,} members and {rows:,} rows in"
        f" {wrote:.1f} s; {len(held)} chunks hold their accounts for {median(held) * 1000:.0f} ms in the"
        f" median, {max(held) * 1000:.0f} ms at most (goal 100)",
        flush=True,
    )


@contextmanager
def watching(engine: Engine) -> Iterator[list[float]]:
    """Seconds from the lock of each chunk's accounts to its commit."""
    held: list[float] = []

    def locked(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "for no key update of accounts" in statement:
            connection.info["locked_at"] = time.monotonic()

    def commits(connection: Connection) -> None:
        if begun := connection.info.pop("locked_at", None):
            held.append(time.monotonic() - begun)

    event.listen(engine, "after_cursor_execute", locked)
    event.listen(engine, "commit", commits)
    yield held
    event.remove(engine, "after_cursor_execute", locked)
    event.remove(engine, "commit", commits)


def everybody(connection: Connection, models: dict[str, str]) -> None:
    plain = cpu(connection, "plain", f"as {PLAIN.format(key='user_id')}")
    month = cpu(connection, "plain", f"as {PLAIN.format(key=MONTH)}")
    seconds = built(connection, models)
    postings = sum(seconds[model] for model in POSTINGS)
    print(f"  plain {plain:.2f} s CPU, by month {month:.2f}; " + in_order(seconds))
    print(
        f"  postings {postings:.2f} s CPU: {postings / plain:.1f} of plain (prototype 3.9 to 4.3),"
        f" {postings / month:.1f} of by month (1.9 to 2.4)",
        flush=True,
    )


def due(connection: Connection, settings: Settings, models: dict[str, str]) -> None:
    connection.execute(
        text(
            f"delete from {settings.build_schema}.due_users where user_id not in"
            f" (select id from users order by md5(id::text) limit {DUE})"
        )
    )
    connection.execute(text(f"analyze {settings.build_schema}.due_users"))
    connection.execute(text("set random_page_cost = 1.1"))
    connection.commit()
    for _ in range(3):
        seconds = built(connection, models)
        print(f"  {DUE:,} due: {sum(seconds.values()):.2f} s CPU; {in_order(seconds)}", flush=True)


def built(connection: Connection, models: dict[str, str]) -> dict[str, float]:
    """CPU seconds of each model, made one after the other in a schema of their own."""
    connection.execute(text(f"drop schema if exists {BENCH} cascade"))
    connection.execute(text(f"create schema {BENCH}"))
    connection.commit()
    return {name: cpu(connection, name, f"as {models[name]}", name in LOOKED_UP) for name in MODELS}


def cpu(connection: Connection, name: str, query: str, is_analyzed: bool = False) -> float:
    """What the backend uses to make the table."""
    connection.execute(text(f"create schema if not exists {BENCH}"))
    connection.execute(text(f"drop table if exists {BENCH}.{name}"))
    connection.commit()
    backend = psutil.Process(connection.scalar(text("select pg_backend_pid()")))
    before = backend.cpu_times()
    connection.exec_driver_sql(f"create unlogged table {BENCH}.{name} {query}".replace("%", "%%"))
    if is_analyzed:
        connection.exec_driver_sql(f"analyze {BENCH}.{name} (user_id)")
    connection.commit()
    after = backend.cpu_times()
    return after.user + after.system - before.user - before.system


def compiled(settings: Settings) -> Iterator[tuple[str, str]]:
    """The models as dbt last compiled them, reading each other in the benchmark's schema."""
    target = folder(settings) / "target"
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    for name in MODELS:
        node = nodes[f"model.standing.{name}"]
        code = (target / "compiled" / "standing" / node["original_file_path"]).read_text()
        for other in MODELS:
            code = re.sub(rf'("[^"]+"\.)?"{settings.build_schema}"\."{other}"', f"{BENCH}.{other}", code)
        yield name, code


def in_order(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name.removeprefix('int_')} {one:.2f}" for name, one in seconds.items())


def scalar(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(statement)) or 0)


if __name__ == "__main__":
    main()
