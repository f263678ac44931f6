"""The rooms of the core: each says what it is for and what it may use, and CONTRIBUTING lists them all."""

import re
from pathlib import Path

import grimp
import pytest

from standing import PROJECT_ROOT

ROOMS = sorted(path.parent.name for path in (PROJECT_ROOT / "standing").glob("*/__init__.py"))
#: Modules beside the rooms that every room may use.
LEAVES = {
    "settings",
    "errors",
    "log",
    "text",
    "sql",
    "process_end",
    "interruption",
    "surroundings",
    "setting_types",
}


@pytest.fixture(scope="module")
def used() -> dict[str, set[str]]:
    """Room → the rooms and `audit` that its modules import."""
    graph = grimp.build_graph("standing", cache_dir=None)
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for room in ROOMS:
        for module in graph.find_descendants(f"standing.{room}") | {f"standing.{room}"}:
            for name in graph.find_modules_directly_imported_by(module):
                _, *below = name.split(".")
                if below and below[0] != room:
                    found[room].add(below[0])
    return found


def first_lines(room: str) -> tuple[str, set[str]]:
    """What the first lines of a room say: what it is for, and what it may use."""
    text = (PROJECT_ROOT / "standing" / room / "__init__.py").read_text("utf-8")
    first, _, uses = text.split('"""')[1].partition("May use:")
    return first.strip(), set(re.findall(r"\w+", uses)) & {*ROOMS, "audit"}


@pytest.mark.unit
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_what_its_first_lines_say(room: str, used: dict[str, set[str]]) -> None:
    purpose, may_use = first_lines(room)
    assert purpose
    assert used[room] - LEAVES == may_use


@pytest.mark.unit
def test_every_room_and_leaf_is_in_contributing() -> None:
    page = Path(PROJECT_ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert [room for room in ROOMS if f"`{room}/`" not in page] == []
    assert [leaf for leaf in LEAVES if f"`{leaf}.py`" not in page] == []
