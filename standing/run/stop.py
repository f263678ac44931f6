"""What a run says that was stopped: by the gate, or where what it was made by may be the cause."""

from standing.errors import AuditFailed, BuildFailed, GateStopped, StandingError
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
    return GateStopped(
        f"the gate {what}: {facts}{made}{_made_by(run)}",
        "\n".join(decisions(run.run_id)),
    )


def with_causes(run: Run, error: StandingError) -> StandingError:
    """The error of a run whose build or documents are not as they should be, with what it was made by."""
    if isinstance(error, AuditFailed | BuildFailed) and not run.has_failed("audit sources"):
        error.message += _made_by(run)
    return error


def _made_by(run: Run) -> str:
    return f"\nmade by: {in_one_line(run.causes)}" if run.causes else ""
