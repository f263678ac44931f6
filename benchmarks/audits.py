"""What the three audits cost beside the rest of a run: seconds a stage and their share of the whole.

Loads and upgrades a simulated marketplace on a server of its own and runs twice: the first run writes
everybody, the second only who has changed. With --home an existing STANDING_HOME is taken as it is.

    python benchmarks/audits.py --users 1000000 --orders 5000000
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

AUDITS = ("audit sources", "audit candidates", "audit published")
#: What the audits may take of a run's time.
SHARE = 0.25


def main() -> None:
    given = arguments()
    if given.home:
        measure(given.home, given.runs)
        return
    with tempfile.TemporaryDirectory(prefix="standing-bench-", dir=given.folder) as name:
        home = Path(name)
        home.chmod(0o755)
        try:
            size = ("--users", str(given.users), "--orders", str(given.orders), "--seed", "1")
            standing(home, "load", "simulated", *size)
            standing(home, "migrate")
            measure(home, given.runs)
        finally:
            standing(home, "down")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the database is made; the system's if not given")
    parser.add_argument("--home", type=Path, help="an existing STANDING_HOME, loaded and upgraded")
    return parser.parse_args()


def standing(home: Path, *arguments: str) -> str:
    environment = {**os.environ, "STANDING_HOME": str(home)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "standing", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"standing {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


def measure(home: Path, runs: int) -> None:
    for _ in range(runs):
        show(json.loads(standing(home, "run", "--json")))


def show(outcome: dict[str, Any]) -> None:
    stages = {stage["name"]: float(stage["seconds"]) for stage in outcome["stages"]}
    written = sum(outcome["written"].values())
    print(f"run {outcome['run_id']}: {outcome['status']}, {written:,} documents written")
    for name, seconds in stages.items():
        print(f"  {name:<18}{seconds:>9.1f} s")
    audits = sum(stages[name] for name in AUDITS)
    whole = sum(stages.values())
    print(
        f"  audits {audits:.1f} s of {whole:.1f} s: {audits / whole:.1%} (may be {SHARE:.0%})", flush=True
    )


if __name__ == "__main__":
    main()
