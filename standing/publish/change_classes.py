"""What it means that a document differs: one expression for gate, diff and report."""

from standing.contract.changes import FIRST
from standing.contract.document import CHANGES, Change, Part
from standing.contract.targets import Target
from standing.publish.documents import is_published
from standing.sql import literal, literals


def change_class(target: Target, old: str, new: str) -> str:
    """The gravest class of what differs between two documents that are known to differ.

    What the contract does not name counts as points, so that nothing passes the gate unseen.
    """
    differing = {change: _differs(target, old, new, change) for change in CHANGES if change != "clock"}
    known = literals(target.document.names)
    differing["points"].append(f"{old} - {known} is distinct from {new} - {known}")
    cases = [
        f"when {' or '.join(parts)} then {literal(change)}" for change, parts in differing.items() if parts
    ]
    first = f"when not {is_published(target, old)} then {literal(FIRST)}"
    return f"case {first} {' '.join(cases)} else 'points' end"


def _differs(target: Target, old: str, new: str, change: Change) -> list[str]:
    parts = [part for part in target.document.parts if part.change == change]
    return [f"{_values(old, part)} is distinct from {_values(new, part)}" for part in parts]


def _values(document: str, part: Part) -> str:
    """The value of a document's own key; of keys further inside all values, as a list."""
    if part.within == "$":
        return f"{document} -> {literal(part.name)}"
    return f"jsonb_path_query_array({document}, {literal(f'{part.within}.{part.name}')})"
