"""pgbench as the application, and what its log and the server's say about it.

Each transaction of the script picks a member or an order by number and then runs one statement of the
application. Latency is counted from when the statement was due, so a stall is not hidden by the
statements that it kept from starting.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from standing.database.programs import environment, find_program, server_major, without_password

PICK = """\\set u random(1, :users)
\\set o random(1, :orders)
"""
MEMBER = "select id as member from bench.users where n = :u \\gset\n"
ORDER = "select id as bought, seller_id as seller from bench.orders where n = :o \\gset\n"

#: The application's statements and how often each comes.
STATEMENTS: Mapping[str, tuple[int, str]] = {
    "read_member": (
        35,
        MEMBER + "select display_name, email, last_login_at from users where id = :member;\n",
    ),
    "read_order": (20, ORDER + "select status, total_amount, buyer_id from orders where id = :bought;\n"),
    "read_shop": (
        10,
        ORDER + "select shop_name, rating_score from seller_profiles where id = :seller;\n",
    ),
    "login": (15, MEMBER + "update users set last_login_at = now() where id = :member;\n"),
    "order": (
        10,
        MEMBER
        + ORDER
        + "insert into orders (buyer_id, seller_id, total_amount) values (:member, :seller, 99);\n",
    ),
    "ship": (5, ORDER + "update orders set updated_at = now() where id = :bought;\n"),
    "rate": (
        3,
        ORDER + "update seller_profiles set rating_count = rating_count + 1 where id = :seller;\n",
    ),
    "register": (2, "insert into users (display_name) values ('Newcomer');\n"),
}

WAITED = re.compile(r"acquired (\w+) on .* after ([\d.]+) ms")


@dataclass
class Load:
    """The application at work; `mark` names the phase that begins now."""

    marks: list[tuple[str, float]] = field(default_factory=list)

    def mark(self, phase: str) -> None:
        self.marks.append((phase, time.time()))


@dataclass(frozen=True)
class Phase:
    """Milliseconds of the statements that ended in a phase."""

    name: str
    seconds: float
    statements: int
    p50: float
    p99: float
    worst: float


@contextmanager
def application(engine: Engine, folder: Path, sizes: Mapping[str, int], rate: int) -> Iterator[Load]:
    """Run pgbench until the block ends: `rate` statements a second (0: no limit), logged in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, (weight, script) in STATEMENTS.items():
        file = folder / f"{name}.sql"
        file.write_text(PICK + script)
        files.append(f"--file={file}@{weight}")
    variables = [f"--define={name}={value}" for name, value in sizes.items()]
    command = [
        str(find_program("pgbench", server_major(engine))),
        *("--no-vacuum", "--client=8", "--jobs=1", "--time=86400", "--protocol=prepared"),
        *([f"--rate={rate}"] if rate else []),
        *("--log", f"--log-prefix={folder / 'pgbench'}", *variables, *files),
        without_password(engine.url),
    ]
    options = "-c search_path=public -c deadlock_timeout=5ms -c log_lock_waits=on"
    load = Load()
    with (folder / "pgbench.err").open("w") as errors:
        running = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**environment(engine.url), "PGOPTIONS": options, "PGAPPNAME": "application"},
        )
        try:
            time.sleep(3)  # the first connections and plans are not measured
            if running.poll() is not None:
                raise SystemExit((folder / "pgbench.err").read_text())
            yield load
        finally:
            load.mark("end")
            # Its own connections are cut, so that it writes its log to the end.
            with engine.connect() as connection:
                cut = (
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'application'"
                )
                connection.execute(text(cut))
            running.wait(60)


def phases(load: Load, folder: Path) -> list[Phase]:
    """The statements of each marked phase, from pgbench's log."""
    ended: dict[str, list[float]] = {}
    spans = [
        (name, begun, load.marks[at + 1][1]) for at, (name, begun) in enumerate(load.marks) if name != "end"
    ]
    for file in folder.glob("pgbench.*"):
        for line in file.read_text().splitlines() if file.suffix != ".err" else ():
            parts = line.split()
            moment = int(parts[4]) + int(parts[5]) / 1e6
            for name, begun, over in spans:
                if begun <= moment < over and parts[2].isdigit():
                    ended.setdefault(name, []).append(int(parts[2]) / 1000)
    found = []
    for name, begun, over in spans:
        sorted_ = sorted(ended.get(name, [0.0]))
        p50, p99 = (sorted_[int(share * (len(sorted_) - 1))] for share in (0.5, 0.99))
        found.append(Phase(name, over - begun, len(sorted_), p50, p99, sorted_[-1]))
    return found


@dataclass(frozen=True)
class ServerLog:
    """What the server says about the application: errors, and its longest wait for a lock (ms)."""

    errors: int
    waits: int
    longest_wait: float


def server_log(log: Path, offset: int, end: float) -> ServerLog:
    """Read the server's log from `offset`; what the end of pgbench causes does not count."""
    errors, waits = 0, [0.0]
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(end))
    with log.open() as handle:
        handle.seek(offset)
        for line in handle:
            if " application " not in line or line[:19] >= stamp:
                continue
            errors += "ERROR:" in line or "FATAL:" in line
            found = WAITED.search(line)
            if found:
                waits.append(float(found.group(2)))
    return ServerLog(errors, len(waits) - 1, max(waits))


def log_position(log: Path) -> int:
    return os.stat(log).st_size
