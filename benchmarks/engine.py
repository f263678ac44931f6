"""What a run costs: full, incremental and with nothing due, beside SQL by hand and the ways it replaces.

All sides work on one database in one run of this script:
  standing  the whole command, `standing run`, with audits, gate, history and report by hand   the same
  statements as dbt compiles them, sent in order over one connection, then one bare UPDATE a
            table: no dbt, audits, diff, gate, history, chunks or state
  guide     the migration guide's way, a correlated subquery a number, on a sample, extrapolated
  rows      a job that reads and writes member by member through SQLAlchemy, on a sample, extrapolated
"Database" is the time the server spent in statements of this database (pg_stat_database.active_time): two
statements that wait for each other's core count twice. "CPU" is what the server's processes really used.

    python benchmarks/engine.py --users 1000000 --orders 5000000
    python benchmarks/engine.py --home FOLDER      (a STANDING_HOME that is loaded and upgraded)
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from homes import marketplace, parser, standing
from rivals import SAMPLE, guide, rows
from sqlalchemy import Connection, Engine, text

from standing.build.dbt import folder
from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.settings import Settings, load_settings

CHANGED = 1000
BY_HAND = "by_hand"


@dataclass
class Cost:
    """Seconds (clock, database, server's CPU), bytes of WAL, Python's peak memory, documents."""

    wall: float = 0
    database: float = 0
    cpu: float = 0
    wal: int = 0
    memory: int = 0
    written: int = 0
    stages: str = ""

    def line(self, name: str) -> str:
        memory = f"{self.memory / 1e6:7.0f} MB" if self.memory else " " * 10
        return (
            f"{name:<34}{self.wall:8.1f} s{self.database:8.1f} s database{self.cpu:8.1f} s CPU"
            f"{self.wal / 1e6:10.1f} MB WAL{memory}{self.written:12,} documents"
        )


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--repeat", type=int, default=3, help="incremental runs, of which the median counts"
    )
    given = options.parse_args()
    with marketplace(given) as home:
        if not given.home:
            standing(home, "run")
        compare(home, given.repeat)


def compare(home: Path, repeat: int) -> None:
    settings = load_settings(STANDING_HOME=home)
    with connect(settings) as engine:
        show(engine, "as loaded")
        blank(engine)
        full = run(home, engine, "--full")
        print(full.line("standing, full, all written"), full.stages, sep="\n    ")
        blank(engine)
        hand = by_hand(settings, engine)
        print(hand.line("by hand, all written"))
        print(
            f"  full ÷ by hand: {full.wall / hand.wall:.2f} clock, {full.database / hand.database:.2f}"
            " database,"
            f" {full.cpu / hand.cpu:.2f} CPU (goal 1.5)"
        )
        for name, seconds in (("guide", guide(engine)), ("rows", rows(engine))):
            print(
                f"  {name} ÷ full: {seconds / full.wall:,.1f} ({seconds:,.0f} s, extrapolated"
                f" from {SAMPLE} members)"
            )
        # By hand, the same documents of the same moment were written: all is as the full run left it.
        costs = []
        for number in range(repeat):
            change(engine, number)
            costs.append(run(home, engine))
            print(costs[-1].line(f"standing, {CHANGED:,} orders changed"), costs[-1].stages, sep="\n    ")
            build = settings.build_schema
            read = scalar(engine, f"select count(*) from {build}.int_purchases")
            of_the_due = f"{build}.int_order_days join {build}.int_due_shops using (seller_id)"
            days = scalar(engine, f"select count(*) from {of_the_due}")
            summed = scalar(engine, f"select sum(resolved) from {of_the_due}")
            print(f"    {read:,} purchases read one by one, {summed:,} orders of shops in {days:,} days")
        print(
            f"  incremental: median {median(c.database for c in costs):.2f} s database,"
            f" {median(c.cpu for c in costs):.2f} s CPU, to compare between sizes"
        )
        idle = run(home, engine)
        print(idle.line("standing, nothing due"), idle.stages, sep="\n    ")


def show(engine: Engine, title: str) -> None:
    counts = {
        t: scalar(engine, f"select count(*) from {t}")
        for t in ("users", "seller_profiles", "orders", "reviews")
    }
    print(f"{title}: " + ", ".join(f"{number:,} {table}" for table, number in counts.items()), flush=True)


def scalar(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(statement)) or 0)


@contextmanager
def measured(engine: Engine) -> Iterator[Cost]:
    cost = Cost()
    before, began = server(engine), time.monotonic()
    yield cost
    cost.wall = time.monotonic() - began
    time.sleep(1.5)  # a session's statistics arrive within a second of its end
    after = server(engine)
    cost.database, cost.wal = (after[0] - before[0]) / 1000, int(after[1] - before[1])
    cost.cpu = after[2] - before[2]


def server(engine: Engine) -> tuple[float, float, float]:
    """Milliseconds in statements, bytes of WAL and seconds of CPU since the server began."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "select active_time, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_backend_pid()"
                " from pg_stat_database"
                " where datname = current_database()"
            )
        ).one()
        return float(row[0]), float(row[1]), used(psutil.Process(row[2]).parent())


def used(postmaster: psutil.Process | None) -> float:
    """Seconds of CPU of a server on this machine: its processes, and those of them that have ended."""
    if postmaster is None:
        return 0
    ended, living = postmaster.cpu_times(), 0.0
    for process in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            living += times.user + times.system
    return ended.user + ended.system + ended.children_user + ended.children_system + living


def run(home: Path, engine: Engine, *options: str) -> Cost:
    """`standing run`, its process and those it starts watched for their memory."""
    with measured(engine) as cost:
        command = [sys.executable, "-m", "standing", "run", "--json", *options]
        environment = {**os.environ, "STANDING_HOME": str(home)}
        environment.pop("DATABASE_URL", None)
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            watcher = threading.Thread(target=watch, args=(process.pid, cost), daemon=True)
            watcher.start()
            printed, errors = process.communicate()
    outcome = json.loads(printed) if printed.startswith("{") else {}
    if outcome.get("status") != "published":
        sys.exit(f"standing run: {outcome.get('message')} {errors[-2000:]}")
    cost.written = sum(outcome["written"].values())
    cost.stages = ", ".join(f"{stage['name']} {float(stage['seconds']):.1f}" for stage in outcome["stages"])
    return cost


def watch(pid: int, cost: Cost) -> None:
    """The peak memory of a process and its children, pages that they share counted once (PSS)."""
    while True:
        try:
            process = psutil.Process(pid)
            found = [process, *process.children(recursive=True)]
            ours = [one.memory_full_info() for one in found if "postgres" not in one.name()]
            cost.memory = max(cost.memory, sum(getattr(one, "pss", one.rss) for one in ours))
        except psutil.Error:
            if not psutil.pid_exists(pid):
                return
        time.sleep(0.2)


def blank(engine: Engine) -> None:
    """No document is there, so that all are written."""
    with engine.begin() as connection:
        for table in dict.fromkeys(target.table for target in DOCUMENTS):
            columns = ", ".join(f"{t.column} = '{{}}'" for t in DOCUMENTS if t.table == table)
            connection.execute(text(f"update {table} set {columns}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze users, seller_profiles"))
        connection.execute(text("checkpoint"))


def by_hand(settings: Settings, engine: Engine) -> Cost:
    """The compiled models, in order, over one connection, and one UPDATE a table."""
    statements = list(compiled(settings))
    with engine.begin() as connection:
        connection.execute(text(f"drop schema if exists {BY_HAND} cascade"))
        connection.execute(text(f"create schema {BY_HAND}"))
        for table in prepared(connection, settings.build_schema):
            connection.execute(
                text(f"create table {BY_HAND}.{table} as select * from {settings.build_schema}.{table}")
            )
    seconds: dict[str, float] = {}
    with measured(engine) as cost, engine.connect() as connection:
        for statement in statements:
            began = time.monotonic()
            connection.exec_driver_sql(statement.replace("%", "%%"))
            connection.commit()
            seconds[statement] = time.monotonic() - began
        for table in dict.fromkeys(target.table for target in DOCUMENTS):
            targets = [target for target in DOCUMENTS if target.table == table]
            columns = ", ".join(f"{t.column} = {t.name}.document" for t in targets)
            marts = " join ".join(
                f"{BY_HAND}.{t.mart} as {t.name}" + (f" using ({t.key})" if t is not targets[0] else "")
                for t in targets
            )
            result = connection.execute(
                text(
                    f"update {table} as m set {columns} from {marts}"
                    f" where m.id = {targets[0].name}.{targets[0].key}"
                )
            )
            cost.written += result.rowcount * len(targets)
            connection.commit()
    explain(engine, seconds)
    return cost


def explain(engine: Engine, seconds: dict[str, float]) -> None:
    """The slowest of the models, and the plan of the slowest."""
    slowest = sorted(seconds, key=lambda one: seconds[one], reverse=True)[:5]
    tables = [statement.split(" as ", 1)[0].rpartition(".")[2] for statement in slowest]
    told = (f"{table} {seconds[one]:.1f} s" for table, one in zip(tables, slowest, strict=True))
    print(f"  slowest by hand: {', '.join(told)}; plan of the first:")
    query = slowest[0].split(" as ", 1)[1]
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(
            f"explain (analyze, buffers, timing off, costs off) {query}".replace("%", "%%")
        )
        print("".join(f"    {line}\n" for line in plan.scalars()), flush=True)


def prepared(connection: Connection, schema: str) -> list[str]:
    """Policy, context and the due: what is there before a build."""
    seeds = [path.stem for path in Path(__file__).resolve().parents[1].joinpath("seeds").glob("*.csv")]
    there = connection.scalars(
        text("select table_name from information_schema.tables where table_schema = :schema"),
        {"schema": schema},
    ).all()
    return [name for name in (*seeds, "run_context", "due_users", "due_sellers") if name in there]


def compiled(settings: Settings) -> Iterator[str]:
    """CREATE statements of the models, each after those it reads, as dbt last compiled them."""
    target = folder(settings) / "target"
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        node = nodes.get(name)
        if node is None or name in done or node["resource_type"] != "model":
            return
        done.add(name)
        for parent in node["depends_on"]["nodes"]:
            yield from visit(parent)
        code = (target / "compiled" / "standing" / node["original_file_path"]).read_text()
        made = node["config"].get("kind", node["config"]["materialized"])
        kind = "view" if made in ("view", "of_the_due") else "unlogged table"
        moved = code.replace(f'"{settings.build_schema}"', f'"{BY_HAND}"')
        yield f"create {kind} {BY_HAND}.{node['name']} as {moved}"
        if kind != "view" and node["config"].get("looked_up"):
            yield f"analyze {BY_HAND}.{node['name']}"

    for target_ in DOCUMENTS:
        yield from visit(f"model.standing.{target_.mart}")


def change(engine: Engine, number: int) -> None:
    """A thousand orders get another amount, spread over all of them."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update orders set total_amount = total_amount + 1 where id in"
                " (select id from orders order by md5(id::text || :salt) limit :n)"
            ),
            {"salt": str(number), "n": CHANGED},
        )


if __name__ == "__main__":
    main()
