"""The gate between a build and its publication: limits on the blast radius, and what people decide.

`judge` measures a run; `change_sets` keeps what a stopped one would have written; `undecided` says who
waits; `approve` and `reject` (in `deciding`, loaded when asked for) end the waiting.
"""

from typing import TYPE_CHECKING

from standing.gate.judging import Finding, GateVerdict, judge, measure
from standing.gate.waiting import undecided
from standing.settings import Settings

if TYPE_CHECKING:
    from standing.outcome import Outcome
    from standing.run import Perform

__all__ = ["Finding", "GateVerdict", "approve", "judge", "measure", "reject", "undecided"]


def approve(settings: Settings, run_id: int, perform: "Perform | None" = None) -> "Outcome":
    """See `standing.gate.deciding.approve`."""
    from standing.gate import deciding  # imports the run, which imports the gate
    from standing.run import plainly

    return deciding.approve(settings, run_id, perform or plainly)


def reject(settings: Settings, run_id: int, reason: str = "") -> None:
    """See `standing.gate.deciding.reject`."""
    from standing.gate import deciding

    deciding.reject(settings, run_id, reason)
