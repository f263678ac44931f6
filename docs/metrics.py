"""Writes docs/metrics.md from the marts' descriptions and the seeds: `python docs/metrics.py`."""

import csv
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "metrics.md"
COLUMNS = {
    "user_trust_scores": "users.trust_score",
    "user_behavior_scores": "users.behavior_score",
    "seller_ratings": "seller_profiles.ratings",
    "seller_performance": "seller_profiles.performance",
    "seller_tiers": "seller_profiles.tier_info",
}
CONVENTIONS = """\
# Every key, for analysts

Made by `python docs/metrics.py` from `models/` and `seeds/`; change those and not this page.

- The run's moment is `as_of`. "Last N days" are the N business days that end with as_of's own: a window begins at a midnight of the
  business time zone, that moment with it, and ends at `as_of`. "The N before" are the N whole business days before it. Active days,
  promised days, the age of an account, months and holidays are counted in the same days. Document times are UTC, cut to the second.
- By time alone a document changes at such a midnight, or at a moment that is stated: 24 hours for an answer, a shipment's last moment,
  the end of a tier's grace, a time that lies in the future.
- Rates are percentages with two decimals, rounded half away from zero once, at the end; 0 without evidence.
- An order has one outcome, the first that applies: cancelled, returned, completed, else open. Times decide; where only the status
  says it, the latest event's time stands in. A refund without an amount is a full one. A status of returned or refunded is a return.
- Behavior and performance rates look back 90 days if these hold at least 40 resolved orders that are not excluded, else 365.
- Excluded orders leave every rate and stay in counts and sums; `evidence.raw` has the rates' counts with them.
- Orders from oneself and their reviews count nowhere, reviews that moderation rejected neither.
- What lies in the future counts nowhere until then; until `valid_until` a document stays as it is if nothing happens.
- KYC, flags, stock, payout status and edited ratings are today's values in a replay, too; the published tier is the one of its moment.
"""


def seed_table(name: str, description: str) -> list[str]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    lines = [f"### seeds/{name}.csv", "", description, "", "| " + " | ".join(header) + " |"]
    lines.append("|" + "---|" * len(header))
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def one_line(words: str) -> str:
    return " ".join(words.split())


def described(path: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))[kind]
    return found


def page() -> str:
    lines = [CONVENTIONS]
    for mart, column in COLUMNS.items():
        model = described(ROOT / "models" / "marts" / f"{mart}.yml", "models")[0]
        lines += [f"## {column}", "", one_line(model["description"]), "", "| key | meaning |", "|---|---|"]
        lines += [f"| `{key}` | {meaning} |" for key, meaning in model["config"]["meta"]["keys"].items()]
        lines.append("")
    lines += ["## What it is made of", "", "| model | rows |", "|---|---|"]
    for folder in sorted((ROOT / "models" / "intermediate").glob("*/_*.yml")):
        for model in described(folder, "models"):
            lines.append(f"| `{model['name']}` | {one_line(model['description'])} |")
    lines += ["", "## Policy", ""]
    for seed in described(ROOT / "seeds" / "_seeds.yml", "seeds"):
        lines += seed_table(seed["name"], one_line(seed["description"]))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
