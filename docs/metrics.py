"""Write docs/metrics.md from the contract, the models and the seeds: `python docs/metrics.py`."""

import csv
import json
from pathlib import Path
from typing import Any

import yaml

from standing.contract.json_schema import json_schema
from standing.contract.targets import DOCUMENTS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "metrics.md"
CONVENTIONS = """\
# Every key, for analysts

Made by `python docs/metrics.py` from `standing/contract/`, `models/` and `seeds/`; change those and not this page.

Of each key the tables say its type, what the upgrade gives, who may see it, what it means and where it comes from. What the public
may see members may, too, and operators see all.

- The run's moment is `as_of`. "Last N days" are the N business days that end with as_of's own: a window begins at a midnight of the
  business time zone, that moment with it, and ends at `as_of`. "The N before" are the N whole business days before it. Active days,
  promised days, the age of an account, months and holidays are counted in the same days. Document times are UTC, cut to the second.
- By time alone a document changes at such a midnight, or at a moment that is stated: {answer_hours} hours for an answer, a shipment's last moment,
  the end of a tier's grace, a time that lies in the future.
- Rates are percentages with two decimals, rounded half away from zero once, at the end; 0 without evidence.
- An order has one outcome, the first that applies: cancelled, returned, completed, else open. Times decide; where only the status
  says it, the latest event's time stands in. A refund without an amount is a full one. A status of returned or refunded is a return.
- Behavior and performance rates look back {evaluation_window_days} days if these hold at least {evaluation_min_resolved} resolved orders that
  are not excluded, else {evaluation_long_window_days}.
- Where the application says when orders are paid, one that nobody paid counts neither for nor against its shop.
- Excluded orders leave every rate and stay in counts and sums; `evidence.raw` has the rates' counts with them.
- For trust an order counts from {min_counted_amount} baht on: completed, by what is left of it after refunds; gone wrong, by what it was
  placed for. A review counts for adjusted rating, tier and trust if its order's buyer wrote it, the first of each order,
  and the order was paid and not called off by its buyer before it was shipped; the page shows all.
- Orders from oneself and their reviews count nowhere, reviews that moderation rejected neither.
- What lies in the future counts nowhere until then; until `valid_until` a document stays as it is if nothing happens.
- KYC, flags, stock, payout status and edited ratings are today's values in a replay, too; the published tier is the one of its moment.
"""
KEYS = (
    "| key | type | default | seen by | meaning | from |",
    "|---|---|---|---|---|---|",
)


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


def key_row(name: str, key: dict[str, Any]) -> str:
    default = json.dumps(key["default"]) if "default" in key else ""
    sources = ", ".join(key.get("x-sources", ()))
    return f"| `{name}` | {key_type(key)} | {default} | {key['x-audience']} | {key['description']} | {sources} |"


def key_type(key: dict[str, Any]) -> str:
    """Its JSON type with its range, unit or words."""
    if "enum" in key:
        return " / ".join(key["enum"])
    if "format" in key:
        return "moment"
    found = key["type"] if isinstance(key["type"], str) else " or ".join(key["type"])
    if "maximum" in key:
        found += f", {key['minimum']} to {key['maximum']}"
    return f"{found}, {key['x-unit']}" if "x-unit" in key else found


def numbers() -> dict[str, str]:
    with (ROOT / "seeds" / "policy_numbers.csv").open(encoding="utf-8") as file:
        return {row["name"]: row["value"] for row in csv.DictReader(file)}


def page() -> str:
    lines = [CONVENTIONS.format_map(numbers())]
    for target in DOCUMENTS:
        model = described(ROOT / "models" / "marts" / f"{target.mart}.yml", "models")[0]
        lines += [f"## {target.place}", "", one_line(model["description"]), "", *KEYS]
        lines += [key_row(*one) for one in json_schema(target)["properties"].items()]
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
