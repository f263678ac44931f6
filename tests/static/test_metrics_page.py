"""docs/metrics.md is what docs/metrics.py makes of models and seeds, and it names every key."""

import runpy
from typing import Any

import pytest

from standing import PROJECT_ROOT
from standing.contract.targets import TARGETS


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT_ROOT / "docs" / "metrics.py"))


def test_the_page_is_current(generator: dict[str, Any]) -> None:
    shown = (PROJECT_ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert shown == generator["page"](), "run: python docs/metrics.py"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_key_is_described_and_has_an_origin(generator: dict[str, Any], target: Any) -> None:
    path = PROJECT_ROOT / "models" / "marts" / f"{target.mart}.yml"
    described = generator["described"](path, "models")[0]["config"]["meta"]["keys"]
    keys = set(target.document.names)
    assert set(described) == keys
    clock = {*target.clock_fields, "evidence", "factors"}
    assert set(target.document.sources) == keys - clock
