"""What the three audits cost beside the rest of a run: their own seconds, and their share.

Loads and upgrades a simulated marketplace on a server of its own and runs twice: the first run writes
everybody, the second only who has changed. With --home an existing STANDING_HOME is taken as it is.

    python benchmarks/audits.py --users 1000000 --orders 5000000
"""

import json
from pathlib import Path
from typing import Any

from homes import marketplace, parser, standing

#: What the audits may take of a run's time.
SHARE = 0.25


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--runs", type=int, default=2)
    given = options.parse_args()
    with marketplace(given) as home:
        measure(home, given.runs)


def measure(home: Path, runs: int) -> None:
    for _ in range(runs):
        show(json.loads(standing(home, "run", "--json")))


def show(outcome: dict[str, Any]) -> None:
    stages = {stage["name"]: float(stage["seconds"]) for stage in outcome["stages"]}
    written = sum(outcome["written"].values())
    print(f"run {outcome['run_id']}: {outcome['status']}, {written:,} documents written")
    for name, seconds in stages.items():
        print(f"  {name:<18}{seconds:>9.1f} s")
    report = json.loads(Path(outcome["report"]).with_suffix(".json").read_text())
    own = {suite["suite"]: float(suite["seconds"]) for suite in report["audits"]}
    for suite, seconds in own.items():
        print(f"  {suite:<18}{seconds:>9.1f} s of its own")
    audits = sum(own.values())
    # What an audit did beside another stage is in that stage's seconds once; as if one after the other:
    beside = audits - sum(seconds for name, seconds in stages.items() if name.startswith("audit "))
    whole = sum(stages.values()) + beside
    print(
        f"  audits {audits:.1f} s of {whole:.1f} s: {audits / whole:.1%} (may be {SHARE:.0%})", flush=True
    )


if __name__ == "__main__":
    main()
