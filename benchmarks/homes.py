"""Where benchmarks work: a marketplace made for them on a server of its own, or a given home."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def parser(says: str | None, state: str = "loaded and upgraded") -> argparse.ArgumentParser:
    """The options of `marketplace`; a given home is expected in that state."""
    made = argparse.ArgumentParser(description=says, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--users", type=int, default=20_000)
    made.add_argument("--orders", type=int, default=100_000)
    made.add_argument("--sellers", type=int, help="one for every 50 users if not given")
    made.add_argument("--folder", type=Path, help="where the database is made; the system's if not given")
    made.add_argument("--home", type=Path, help=f"an existing STANDING_HOME, {state}")
    return made


@contextmanager
def marketplace(given: argparse.Namespace) -> Iterator[Path]:
    """A home with a simulated marketplace, upgraded, and removed at the end; or the given one."""
    if given.home:
        yield given.home
        return
    with tempfile.TemporaryDirectory(prefix="standing-bench-", dir=given.folder) as name:
        home = Path(name)
        home.chmod(0o755)
        try:
            sellers = given.sellers or given.users // 50
            size = {"users": given.users, "orders": given.orders, "sellers": sellers, "seed": 1}
            options = (part for name, number in size.items() for part in (f"--{name}", str(number)))
            standing(home, "load", "simulated", *options)
            standing(home, "migrate")
            yield home
        finally:
            standing(home, "down")


def standing(home: Path, *arguments: str) -> str:
    """What a command prints; ends the benchmark with its error if it fails."""
    environment = {**os.environ, "STANDING_HOME": str(home)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "standing", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"standing {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout
