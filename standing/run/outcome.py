"""How a run ended, for its report and for the run registry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from standing.contract.targets import AnyTarget
from standing.database.connect import server_message
from standing.database.session_settings import fix_of
from standing.errors import GateStopped, StandingError
from standing.gate.verdict import GateVerdict
from standing.log import logger
from standing.publish.publish import TargetChanges
from standing.report.audits import lacking
from standing.report.content import RunReport
from standing.report.files import write_report
from standing.run.amounts import split
from standing.run.left_out import left_out
from standing.run.movers import write_movers
from standing.run.report import gather
from standing.run.run import Run, StageResult
from standing.state.erasure import tidy
from standing.state.history import written_by
from standing.state.run_index import write_run_index
from standing.state.runs import close_run
from standing.text import amounts

#: The reason that is entered for a run that a signal ended.
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `error` is what stopped it, if anything did.

    `report` is its page, `content` what that shows.
    """

    run_id: int
    status: str
    message: str
    as_of: datetime | None = None
    stages: tuple[StageResult, ...] = ()
    changes: tuple[TargetChanges, ...] = ()
    written: dict[str, int] = field(default_factory=dict)
    gate: GateVerdict = field(default_factory=GateVerdict)
    #: Targets whose documents are now as they should be: all that the run built and that nothing stopped.
    published: tuple[AnyTarget, ...] = ()
    report: Path | None = None
    content: RunReport | None = None
    error: StandingError | None = None


def conclude(run: Run, error: StandingError | None) -> RunOutcome:
    """Report on a run whose stages have ended, and close it.

    Where that cannot be done, it is the outcome's error; what stopped a stage comes before it.
    """
    status = _status(run, error)
    if error is not None:
        error.fix = _or_undo(run, error.fix)
    content, summary, report, written = None, dict[str, object](), None, run.written.documents
    beside: tuple[str, ...] = ()
    try:
        with run.engine.connect() as connection:
            beside = left_out(connection, run)
        content, summary = gather(run, status, error)
        # Where publishing broke off, the report has counted what is written all the same.
        written = written or {one.target: one.written for one in content.changes if one.written}
        report = write_report(content, run.settings.home / "reports").html
        summary["report"] = str(report)
        if content.largest_changes:
            write_movers(run, report)
    except DBAPIError as ungathered:
        error, status = _unreported(run, error, "report", ungathered), "failed"
    except OSError as unwritten:  # what the gate has stopped awaits its decision all the same
        error = _unreported(run, error, "report", unwritten)
        status = _status(run, error)
    told = "".join(f"; {clause}" for clause in beside)
    message = _headline(run, written, error) + told + _lacking(content, error)
    try:
        close_run(run.engine, run.run_id, status, message, summary)
        if not run.is_replay:
            tidy(run.engine, run.settings, run.run_id, run.builds_everybody)
    except DBAPIError as unclosed:  # the next run closes it
        error, status = _unreported(run, error, "the run registry", unclosed), "failed"
        message = _headline(run, written, error) + _lacking(content, error)
    write_run_index(run.engine, run.settings, run.run_id)
    return RunOutcome(
        run_id=run.run_id,
        status=status,
        message=message,
        as_of=run.as_of,
        stages=tuple(run.stages),
        changes=run.changes,
        written=written,
        gate=run.gate,
        published=run.free if status == "published" or (status == "stopped" and run.held) else (),
        report=report,
        content=content,
        error=error,
    )


def crashed(crash: BaseException) -> str:
    """The reason that is entered for a run that no StandingError ended."""
    return type(crash).__name__ if isinstance(crash, Exception) else INTERRUPTED


def break_off(run: Run, reason: str) -> None:
    """Close a run that was interrupted or failed unexpectedly; if it cannot, the next run does."""
    try:
        with run.engine.connect() as connection:
            status = text("select status from standing.runs where run_id = :run_id")
            if connection.scalar(status, {"run_id": run.run_id}) != "running":
                return  # its end is entered, and what came after that has no more to say
            written = written_by(connection, run.run_id, run.targets)
        ended = {"ended": reason if reason == INTERRUPTED else "crashed"}
        close_run(run.engine, run.run_id, "failed", _headline(run, written, StandingError(reason)), ended)
        write_run_index(run.engine, run.settings, run.run_id)
    except DBAPIError as unclosed:
        logger(run.run_id, "the run registry").error("%s", server_message(unclosed))


def _status(run: Run, error: StandingError | None) -> str:
    if error is not None:
        return "stopped" if isinstance(error, GateStopped) else "failed"
    return "replayed" if run.is_replay else "published"


def _unreported(
    run: Run, error: StandingError | None, where: str, cause: DBAPIError | OSError
) -> StandingError:
    """The error of a run whose end could not be reported: what stopped it before, if anything did."""
    if isinstance(cause, OSError):
        reason = ": ".join(filter(None, (cause.strerror or str(cause), cause.filename)))
        fix = f"mend that under STANDING_HOME, then {run.command}"
    else:
        reason = server_message(cause)
        fix = fix_of(reason, f"{run.command}, once the server is well")
    logger(run.run_id, where).error("%s", reason)
    if error is not None:
        return error
    missing = StandingError(f"{where}: {reason}", _or_undo(run, fix))
    missing.__cause__ = cause
    return missing


def _or_undo(run: Run, fix: str) -> str:
    """What helps a run that failed after it had published: it may also be taken back."""
    return (
        f"{fix}\nstanding undo {run.run_id}  # takes back what it wrote"
        if any(run.written.documents.values())
        else fix
    )


def _lacking(content: RunReport | None, error: StandingError | None) -> str:
    """What data lack, behind what a run did that went well."""
    return "".join(f"; {clause}" for clause in lacking(content.unmet)) if content and error is None else ""


def _headline(run: Run, written: Mapping[str, int], error: StandingError | None) -> str:
    if run.is_replay and error is None:
        return "replayed; nothing was written"
    number = split(written)
    message = f"{amounts(*number)} written" if any(number) else "nothing changed"
    if error is None:
        if run.written.left:
            message += f"; not written, because changed since, and due: {sum(run.written.left.values()):,}"
        return message if run.approves is None else f"approved run {run.approves}: {message}"
    what, line, because = error.message.partition("\n")
    if run.held and isinstance(error, GateStopped) and run.free:
        what += f"; of the others, {message}"
    elif any(number):
        what += f"; before that, {message}"
    return f"{what}{line}{because}"
