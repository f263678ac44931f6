"""What lacks of a document: its entry of the contract beside its mart, its YAML and its limits."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from standing.build.policy import limits_missing
from standing.build.policy_tables import Seed, seeds
from standing.contract.document import ABSENT, Key
from standing.contract.targets import INTERVALS, Target

#: What every mart has beside its key.
COLUMNS = ("valid_until", "document")


def lacking(target: Target, root: Path) -> list[str]:
    """A sentence for each thing that is not as it should be; empty for a whole document."""
    tables = {seed.name: seed for seed in seeds(root)}
    return [
        *_of_the_entry(target),
        *_of_the_mart(target, root / "models" / "marts"),
        *_of_the_facts(target, root / "models" / "intermediate"),
        *_of_the_ladder(target, tables),
        *limits_missing(tables["gate_limits"], root, (target,)),
    ]


def _of_the_entry(target: Target) -> Iterator[str]:
    if target.selection not in INTERVALS:
        yield f"its selection, {target.selection}, has no schedule: it is none of {', '.join(INTERVALS)}"
    keys = {key.name: key for key in target.document.keys}
    if not target.document.about.endswith("."):
        yield "the document is not described in a sentence"
    for name, key in _all(target.document.keys):
        if not key.meaning.endswith("."):
            yield f"{name} has no meaning"
    for name, key in keys.items():
        if not (key.sources or key.clock or name in ("evidence", "factors")):
            yield f"{name} has no source"
        if key.words and key.default is not ABSENT and key.default not in key.words:
            yield f"the default of {name} is none of its words"
    if target.document.rates and "evidence" not in keys:
        yield "it has rates and no evidence"
    if not target.columns and all(key.default is ABSENT for key in keys.values()):
        yield "no key has a default, so the upgrade cannot make the column"
    if target.number not in keys or keys[target.number].type != "number":
        yield f"{target.number}, by which documents are compared, is no number of it"
    read = [*target.mart_columns, *(one.key for one in target.histograms)]
    read += [re.split(r"[{},]", path)[1] for path in target.lasting]
    for name in dict.fromkeys(read):
        if name not in keys:
            yield f"{name} is read and is no key of it"
    for one in target.histograms:
        if one.key in keys and keys[one.key].highest is None:
            yield f"{one.key} is counted in steps and has no highest value"


def _all(keys: tuple[Key, ...], above: str = "") -> Iterator[tuple[str, Key]]:
    for key in keys:
        yield above + key.name, key
        yield from _all(key.keys, f"{above}{key.name}.")


def _of_the_mart(target: Target, marts: Path) -> Iterator[str]:
    if not (marts / f"{target.mart}.sql").exists():
        yield f"models/marts/{target.mart}.sql is missing"
    file = marts / f"{target.mart}.yml"
    if not file.exists():
        yield f"models/marts/{file.name} is missing"
        return
    described: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    model = next((one for one in described["models"] if one["name"] == target.mart), {})
    columns = {column["name"]: column for column in model.get("columns", ())}
    for name in (target.key, *COLUMNS, *target.mart_columns):
        if name not in columns:
            yield f"{file.name} has no column {name}"
    published = f"What is published to {target.place}."
    if columns.get("document", {}).get("description") != published:
        yield f"{file.name} does not describe document as: {published}"
    if not model.get("description", "").startswith("One row per "):
        yield f"{file.name} does not say what one row is"
    if model.get("config", {}).get("unique_key") != target.key:
        yield f"{file.name} does not have {target.key} as unique_key"
    if {"type": "primary_key", "columns": [target.key]} not in model.get("constraints", ()):
        yield f"{file.name} does not have {target.key} as primary key"
    if not described.get("unit_tests"):
        yield f"{file.name} has no unit test"


def _of_the_facts(target: Target, models: Path) -> Iterator[str]:
    built = {path.stem for path in models.rglob("*.sql")}
    for model in target.facts:
        if model not in built:
            yield f"{model}, of which the mart is made, is no model of facts"


def _of_the_ladder(target: Target, tables: dict[str, Seed]) -> Iterator[str]:
    ladder = target.ladder
    if ladder is None:
        return
    if ladder.key not in target.document.names:
        yield f"{ladder.key}, the ladder's key, is no key of it"
    if ladder.seed not in tables:
        yield f"seeds/{ladder.seed}.csv, the ladder's policy, is missing"
        return
    needed = {ladder.code, ladder.rank, "label_en", "label_th"}
    for column in sorted(needed - tables[ladder.seed].types.keys()):
        yield f"seeds/{ladder.seed}.csv has no column {column}"
