"""What it may mean that a document differs from the published one, and how that is called."""

from collections.abc import Mapping

#: The class of a document that no run had published before.
FIRST = "first"
#: The classes that move a member, which the gate counts and limits.
MOVING = ("level", "points")
#: How the classes are called where they are counted, in the order of a sentence.
NAMES: dict[str, str] = {
    FIRST: "for the first time",
    "level": "level or tier",
    "points": "points",
    "evidence": "evidence only",
    "wording": "wording only",
    "totals": "totals only",
}


def counted(by_class: Mapping[str, int]) -> str:
    """The classes with their documents, such as "12 points, 1,595 wording only"; empty where none is."""
    return ", ".join(f"{by_class[one]:,} {name}" for one, name in NAMES.items() if by_class.get(one))


def moved(by_class: Mapping[str, int]) -> int:
    """Documents whose points or level change."""
    return sum(by_class.get(one, 0) for one in MOVING)
