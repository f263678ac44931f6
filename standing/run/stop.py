"""What a run says of the documents that the gate holds."""

from standing.errors import GateStopped
from standing.gate.verdict import GateVerdict
from standing.run.run import Run
from standing.state.runs import decisions


def stopped_by(run: Run, verdict: GateVerdict) -> GateStopped:
    """The error of a run of which the gate holds all documents or some."""
    reasons = "; ".join(one.sentence for one in verdict.over("stopped"))
    also = [
        one.name for one in run.held if one.name not in {check.target for check in verdict.over("stopped")}
    ]
    made = f"; {', '.join(also)} is made from that, and is held as well" if also else ""
    what = f"holds {', '.join(one.name for one in run.held)}" if run.free else "stopped the run"
    return GateStopped(
        f"the gate {what}: {reasons}{made}",
        "\n".join(decisions(run.run_id)),
    )
