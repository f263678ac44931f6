"""The upgrade on a live database: `standing migrate` beside the migration guide's own statements.

Both upgrade a copy of the same legacy marketplace while pgbench is the application. Printed are the
total time, the application's p50 and p99 before and during, its longest wait for a lock and its errors;
then rollback with the schema's difference, and the end states after kills.

    python benchmarks/upgrade.py --users 1000000 --sellers 20000 --orders 5000000
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from upgrade_load import Phase, ServerLog, application, log_position, phases, server_log

from standing.database.connect import make_engine
from standing.database.embedded import Server
from standing.database.programs import environment, find_program, run_program, without_password
from standing.settings import load_settings
from standing.upgrade.migration import migrate, rollback

HERE = Path(__file__).resolve().parent
SERVER = {"log_line_prefix": "%m [%p] %a ", "max_wal_size": "8GB", "checkpoint_timeout": "15min"}


@dataclass(frozen=True)
class Side:
    """One way to upgrade, seen from the application."""

    name: str
    seconds: float
    before: Phase
    during: Phase
    log: ServerLog


def main() -> None:
    given = arguments()
    home = Path(tempfile.mkdtemp(prefix="standing-bench-", dir=given.folder))
    home.chmod(0o755)
    server = Server(home, extra=SERVER)
    try:
        server.start()
        result = compare(server, home, given)
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)
    if given.kills:
        result["kills"] = kills(given.kills)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--sellers", type=int, default=2_000)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--rate", type=int, default=300, help="statements of the application a second")
    parser.add_argument("--idle", type=float, default=20, help="seconds of the application alone, before")
    parser.add_argument("--kills", type=int, default=50, help="kills of migrate at random moments")
    parser.add_argument(
        "--folder", type=Path, help="where the servers' data goes (default: the temporary folder)"
    )
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser.parse_args()


def compare(server: Server, home: Path, given: argparse.Namespace) -> dict[str, Any]:
    sizes = {"users": given.users, "sellers": given.sellers, "orders": given.orders}
    started = time.monotonic()
    legacy_marketplace(server, sizes)
    shown = ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    print(f"legacy marketplace of {shown}: {time.monotonic() - started:.0f} s to make\n", flush=True)
    sides = []
    for name, upgrade in (("standing migrate", with_standing), ("the guide's statements", with_guide)):
        engine = copy(server, "ours" if upgrade is with_standing else "guide")
        sides.append(
            side(name, upgrade, engine, server, home / name.replace(" ", "_").replace("'", ""), given)
        )
        show(sides[-1])
        if upgrade is with_standing:
            back = undo(engine, copy(server, "untouched"))
        else:
            engine.dispose()
    return {"sizes": sizes, "sides": [asdict(one) for one in sides], "rollback": back}


def legacy_marketplace(server: Server, sizes: dict[str, int]) -> None:
    engine = create_engine(server.url())
    variables = [f"--set={name}={value}" for name, value in sizes.items()]
    psql(engine, HERE / "upgrade_legacy.sql", *variables)
    run_program(
        [find_program("vacuumdb", 18), "--analyze", "--dbname", without_password(engine.url)], engine.url
    )
    engine.dispose()


def copy(server: Server, name: str) -> Engine:
    """A copy of the legacy marketplace in a database of its own."""
    administration = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.exec_driver_sql(f"drop database if exists {name} with (force)")
        connection.exec_driver_sql(f"create database {name} template marketplace strategy file_copy")
        connection.exec_driver_sql("checkpoint")
    administration.dispose()
    return make_engine(create_engine(server.url(name)).url)


def psql(engine: Engine, file: Path, *options: str) -> None:
    program = [str(find_program("psql", 18)), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *options]
    subprocess.run(
        [*program, f"--file={file}", without_password(engine.url)],
        check=True,
        env={**environment(engine.url), "PGOPTIONS": "-c search_path=public -c client_min_messages=error"},
    )


def with_standing(engine: Engine) -> None:
    started = time.monotonic()
    previous = {"": started}

    def told(name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - previous[""] > 1 and not total:
            print(f"    {name}: {now - previous['']:.1f} s", flush=True)
        elif total and name not in previous:
            previous[name] = now
            print(f"    {name} from {now - started:.1f} s", flush=True)
        previous[""] = now

    migrate(load_settings(DATABASE_URL=engine.url.render_as_string(hide_password=False)), engine, told)


def with_guide(engine: Engine) -> None:
    psql(engine, HERE / "upgrade_guide.sql")


def side(
    name: str,
    upgrade: Callable[[Engine], None],
    engine: Engine,
    server: Server,
    folder: Path,
    given: argparse.Namespace,
) -> Side:
    offset = log_position(server.log)
    sizes = {"users": given.users, "orders": min(given.orders, 200_000)}
    print(f"{name}:", flush=True)
    with application(engine, folder, sizes, given.rate) as load:
        load.mark("before")
        time.sleep(given.idle)
        load.mark("during")
        started = time.monotonic()
        upgrade(engine)
        seconds = time.monotonic() - started
    before, during = phases(load, folder)
    return Side(name, seconds, before, during, server_log(server.log, offset, load.marks[-1][1]))


def show(found: Side) -> None:
    print(f"  took {found.seconds:.1f} s")
    for phase in (found.before, found.during):
        print(
            f"  application {phase.name:6}: {phase.statements:7,} statements,"
            f" p50 {phase.p50:.1f} ms, p99 {phase.p99:.1f} ms, worst {phase.worst:.0f} ms"
        )
    print(
        f"  longest lock wait {found.log.longest_wait:.0f} ms ({found.log.waits} over 5 ms),"
        f" errors {found.log.errors}\n",
        flush=True,
    )


def undo(engine: Engine, untouched: Engine) -> dict[str, Any]:
    """Roll back, and compare the schema with that of a copy that was never upgraded."""
    started = time.monotonic()
    settings = load_settings(DATABASE_URL=engine.url.render_as_string(hide_password=False))
    rollback(settings, engine)
    seconds = time.monotonic() - started
    difference = sum(a != b for a, b in zip(schema(engine), schema(untouched), strict=False))
    difference += abs(len(schema(engine)) - len(schema(untouched)))
    print(
        f"standing rollback: {seconds:.1f} s, lines of the schema that differ from before: {difference}\n",
        flush=True,
    )
    engine.dispose()
    untouched.dispose()
    return {"seconds": seconds, "different_lines": difference}


def schema(engine: Engine) -> list[str]:
    program = [str(find_program("pg_dump", 18)), "--schema-only", without_password(engine.url)]
    done = subprocess.run(program, check=True, capture_output=True, text=True, env=environment(engine.url))
    return [
        line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    ]


def kills(count: int) -> dict[str, Any]:
    """The kill test of tests/faults, this many times: on a small marketplace, the moments at random."""
    started = time.monotonic()
    test = "tests/faults/test_upgrade_killed.py::test_killed_migrate_ends_like_an_undisturbed_one"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=HERE.parent,
        env={**os.environ, "STANDING_KILLS": str(count)},
        capture_output=True,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    said = "same end state every time" if passed else done.stdout[-2000:]
    print(
        f"{count} kills of migrate, each followed by migrate ({time.monotonic() - started:.0f} s): {said}"
    )
    return {"count": count, "same_end_state": passed}


if __name__ == "__main__":
    main()
