"""What Prefect costs: a run by `standing run`, by `python -m flows refresh`, and by a served deployment.

Loads and upgrades a simulated marketplace on a server of its own, starts a Prefect server with the
deployments, and takes the three in turn, so that what else the machine does falls on all. The served run is
timed from the request, so it holds the wait for the next poll, too.

    python benchmarks/flow.py --pairs 7
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Seconds that a flow may take beyond the plain run.
GOAL = 5.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="standing-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        try:
            size = ("--users", str(given.users), "--orders", str(given.orders), "--seed", "1")
            call(home, "standing", "load", "simulated", *size)
            call(home, "standing", "migrate")
            call(home, "standing", "run")
            began = time.monotonic()
            call(home, "standing", "up", "--prefect")
            print(f"standing up --prefect, Prefect's database made anew: {time.monotonic() - began:.1f} s")
            measure(home, given.pairs)
        finally:
            call(home, "standing", "down")


def call(home: Path, module: str, *arguments: str) -> None:
    variables = {**os.environ, "STANDING_HOME": str(home)}
    variables.pop("DATABASE_URL", None)
    variables.pop("PREFECT_API_URL", None)
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{module} {' '.join(arguments)}: {done.stderr[-2000:]}")


def measure(home: Path, pairs: int) -> None:
    api = json.loads((home / "prefect" / "prefect-server.json").read_text())["api"]
    ways: dict[str, Callable[[], None]] = {
        "standing run": lambda: call(home, "standing", "run"),
        "python -m flows refresh": lambda: call(home, "flows", "refresh"),
        "deployment refresh": lambda: served(api),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():  # once each, untimed: bytecode and caches
        way()
    for _ in range(pairs):
        for name, way in ways.items():
            began = time.monotonic()
            way()
            seconds[name].append(time.monotonic() - began)
    show(seconds)


def served(api: str) -> None:
    deployment = ask(f"{api}/deployments/name/refresh/on-demand")["id"]
    run = ask(f"{api}/deployments/{deployment}/create_flow_run", {})["id"]
    while (state := ask(f"{api}/flow_runs/{run}")["state"])["type"] not in ENDED:
        time.sleep(0.1)
    if state["type"] != "COMPLETED":
        sys.exit(f"the served run ended as {state['name']}: {state['message']}")


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310  # loopback
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


def show(seconds: dict[str, list[float]]) -> None:
    plain = next(iter(seconds.values()))
    for name, taken in seconds.items():
        over = statistics.median(one - base for one, base in zip(taken, plain, strict=True))
        ratio = statistics.median(one / base for one, base in zip(taken, plain, strict=True))
        print(
            f"{name:<26}{statistics.median(taken):>7.1f} s  {over:>+6.1f} s  × {ratio:.2f}"
            f"  (goal: at most +{GOAL:.0f} s; each: {', '.join(f'{one:.1f}' for one in taken)})"
        )


if __name__ == "__main__":
    main()
