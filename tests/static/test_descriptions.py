"""What YAML says of macros and models, read from the files: no server, no dbt."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from standing import PROJECT_ROOT

pytestmark = pytest.mark.unit

MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\((.*?)\)\s*-?%}")
MATERIALIZATION = re.compile(r"{%-?\s*materialization\s+(\w+),\s*adapter='(\w+)'")


def listed(folder: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry of a kind in the folder's YAML, with the folder that its file is in."""
    for file in sorted((PROJECT_ROOT / folder).rglob("*.yml")):
        for one in (yaml.safe_load(file.read_text("utf-8")) or {}).get(kind, ()):
            yield str(file.parent.relative_to(PROJECT_ROOT)), one


def macros() -> dict[str, list[str]]:
    """Each macro of the files with its arguments, by the name that YAML has for it."""
    found = {}
    for file in sorted((PROJECT_ROOT / "macros").rglob("*.sql")):
        text = file.read_text("utf-8")
        for name, given in MACRO.findall(text):
            found[name] = [one.split("=")[0].strip() for one in given.split(",") if one.strip()]
        found |= {
            f"materialization_{name}_{adapter}": [] for name, adapter in MATERIALIZATION.findall(text)
        }
    return found


def test_every_macro_is_described_with_its_arguments_and_their_types() -> None:
    """dbt itself holds the types to be ones that it knows (validate_macro_args)."""
    described = dict(one for one in ((one["name"], one) for _, one in listed("macros", "macros")))
    arguments = {
        name: [one["name"] for one in macro.get("arguments", ())] for name, macro in described.items()
    }
    assert arguments == macros()
    for name, macro in described.items():
        assert macro["description"].strip(), name
        for one in macro.get("arguments", ()):
            assert one["type"], f"{name}({one['name']})"
            assert one["description"].strip(), f"{name}({one['name']})"


def test_every_model_says_what_one_row_is_and_every_column_what_it_holds() -> None:
    for folder, model in listed("models", "models"):
        name, description = model["name"], model["description"]
        if folder != "models/staging":  # whose rows are the application's
            assert description.startswith("One row per "), f"{name}: {description}"
        for column in model.get("columns", ()):
            assert column.get("description", "").strip(), f"{name}.{column['name']} has no description"
