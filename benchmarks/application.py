"""What the application feels: its throughput with and without the change log, its latency beside a run.

pgbench is the application, as in upgrade_load.py: two thirds reads, then logins, orders, shipments, ratings
and new members. For the change log it works as fast as it can while the triggers are switched off and on by
turns; for the latency it keeps a rate, first alone and then while a run builds, audits and writes every
document.

    python benchmarks/application.py --users 100000 --orders 500000
    python benchmarks/application.py --home FOLDER      (a STANDING_HOME that is loaded and upgraded)
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from engine import blank, server
from homes import marketplace, parser, standing
from sqlalchemy import Engine, text
from upgrade_load import Phase, application, phases

from standing.database.connect import connect
from standing.run.execute import execute
from standing.run.run import Request, Run, Stage
from standing.settings import load_settings

#: What pgbench picks from, by number.
PICKS = """
drop schema if exists bench cascade;
create schema bench;
create table bench.users as select row_number() over () as n, id from users;
create unique index on bench.users (n);
create table bench.orders as select row_number() over () as n, id, seller_id from orders limit 200000;
create unique index on bench.orders (n);
analyze bench.users, bench.orders;
"""
TRIGGERS = """
select format('alter table %s {} trigger %I', tgrelid::regclass, tgname) from pg_trigger
where tgname like 'standing_log%' and tgparentid = 0
"""


def main() -> None:
    options = parser(__doc__, "loaded, upgraded and run")
    options.add_argument("--pairs", type=int, default=7, help="turns without and with the triggers")
    options.add_argument("--turn", type=float, default=6, help="seconds of each")
    options.add_argument("--rate", type=int, default=300, help="statements a second beside the run")
    options.add_argument("--idle", type=float, default=20, help="seconds of them before the run")
    given = options.parse_args()
    with marketplace(given) as home:
        if not given.home:
            standing(home, "run")
        measure(home, given)


def measure(home: Path, given: argparse.Namespace) -> None:
    settings = load_settings(STANDING_HOME=home)
    logs = Path(tempfile.mkdtemp(prefix="standing-bench-"))
    try:
        with connect(settings) as engine:
            with engine.begin() as connection:
                connection.exec_driver_sql(PICKS)
                sizes = {
                    "users": int(connection.scalar(text("select count(*) from bench.users")) or 0),
                    "orders": int(connection.scalar(text("select count(*) from bench.orders")) or 0),
                }
            throughput(engine, logs / "triggers", sizes, given)
            blank(engine)
            with application(engine, logs / "run", sizes, given.rate) as load:
                load.mark("alone")
                time.sleep(given.idle)

                def perform(stage: Stage, run: Run) -> str:
                    load.mark(stage.name)
                    return stage.work(run)

                outcome = execute(settings, Request(full=True), perform)
            print(f"a full run, {sum(outcome.written.values()):,} documents written: {outcome.status}")
            if outcome.error is not None:
                raise outcome.error
            for phase in phases(load, logs / "run"):
                show(phase)
            with engine.begin() as connection:
                connection.exec_driver_sql("drop schema bench cascade")
    finally:
        shutil.rmtree(logs, ignore_errors=True)


def throughput(engine: Engine, folder: Path, sizes: dict[str, int], given: argparse.Namespace) -> None:
    """Statements a second with the triggers ÷ without, pair by pair; the server's CPU, too."""
    spent: dict[str, float] = {}
    with application(engine, folder, sizes, 0) as load:
        for pair in range(given.pairs):
            # Each goes first by turns: the tables grow under both.
            for on in (True, False) if pair % 2 else (False, True):
                switch(engine, on)
                turn = f"{'with' if on else 'without'} {pair}"
                before = server(engine)[2]
                load.mark(turn)
                time.sleep(given.turn)
                load.mark("between")
                spent[turn] = server(engine)[2] - before
        switch(engine, True)
    turns = {one.name: one for one in phases(load, folder) if one.name in spent}
    rates = {name: one.statements / one.seconds for name, one in turns.items()}
    ratios = [rates[f"with {pair}"] / rates[f"without {pair}"] for pair in range(given.pairs)]
    cpu = {name: spent[name] / one.statements * 1e6 for name, one in turns.items()}
    print(
        f"the change log: {median(v for k, v in rates.items() if k.startswith('without')):,.0f}"
        " statements/s"
        f" without, {median(v for k, v in rates.items() if k.startswith('with ')):,.0f} with;"
        f" with ÷ without, pair by pair: {', '.join(f'{one:.3f}' for one in ratios)};"
        f" median {median(ratios):.3f} (goal 0.95);"
        f" server's CPU {median(v for k, v in cpu.items() if k.startswith('without')):.0f} µs a statement"
        f" without, {median(v for k, v in cpu.items() if k.startswith('with ')):.0f} with",
        flush=True,
    )


def switch(engine: Engine, on: bool) -> None:
    with engine.begin() as connection:
        found = connection.scalars(text(TRIGGERS.format("enable always" if on else "disable"))).all()
        for statement in found:
            connection.exec_driver_sql(statement)


def show(phase: Phase) -> None:
    print(
        f"  {phase.name:<18}{phase.seconds:7.1f} s{phase.statements:9,} statements,"
        f" p50 {phase.p50:.1f} ms, p99 {phase.p99:.1f} ms, worst {phase.worst:.0f} ms"
    )


if __name__ == "__main__":
    main()
