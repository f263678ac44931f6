"""What a run says of the documents that the gate holds."""

from standing.errors import GateStopped
from standing.gate.facts import fact
from standing.gate.verdict import GateVerdict
from standing.report.causes import in_one_line
from standing.run.run import Run
from standing.state.runs import decisions


def stopped_by(run: Run, verdict: GateVerdict) -> GateStopped:
    """The error of a run of which the gate holds all documents or some."""
    facts = "; ".join(fact(one) for one in verdict.over("stopped"))
    also = [
        one.name for one in run.held if one.name not in {check.target for check in verdict.over("stopped")}
    ]
    made = f"; {', '.join(also)} is made from that, and is held as well" if also else ""
    what = f"holds {', '.join(one.name for one in run.held)}" if run.free else "stopped the run"
    because = f"\nmade by: {in_one_line(run.causes)}" if run.causes else ""
    return GateStopped(
        f"the gate {what}: {facts}{made}{because}",
        "\n".join(decisions(run.run_id)),
    )
