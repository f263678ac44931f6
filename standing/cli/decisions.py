"""`standing diff`, `approve`, `reject`, `undo`, `resume`: what people decide about a run's documents."""

import json
import time
from collections.abc import Callable
from typing import Any

import click

from standing.cli.progress import log_to_stderr
from standing.settings import current
from standing.text import plural

PROGRESS_SECONDS = 5


@click.command()
@click.option("--run", "run_id", type=int, help="Show what this stopped run would have written.")
@click.option("--stopped", is_flag=True, help="Show the latest run that awaits a decision.")
@click.option("--all", "everybody", is_flag=True, help="List every member who changes, and not some.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with every member who changes.")
def diff(run_id: int | None, stopped: bool, everybody: bool, as_json: bool) -> None:
    """Show who would move, by column, level and tier, and why.

    Without an option it tries the policy and the models as they are on disk: builds what the edit touches,
    as of the last run, in a schema of your own, and compares it with what is published. Publishes nothing
    and moves no state; a run may work beside it.

    A trial exits as a run would: with 0 within the gate's limits, with 6 where the gate would stop it, with
    3 where the audit of what it built would, and with 1 where a model, a test or policy is wrong.
    """
    from standing.decisions.trial import Trial, show_stopped, try_policy
    from standing.decisions.wording import EXAMPLES, as_text

    if stopped and run_id is not None:
        raise click.UsageError(
            "--run names one run, --stopped the latest that was stopped: give one of them"
        )
    if stopped or run_id is not None:
        trial = Trial(show_stopped(current(), run_id))
    else:
        trial = try_policy(current(), _progress())
    if trial.note:
        click.echo(trial.note, err=True)
    click.echo(
        json.dumps(trial.difference.to_json(), ensure_ascii=False, indent=1, default=str)
        if as_json
        else as_text(trial.difference, None if everybody else EXAMPLES)
    )
    if trial.error is not None:
        raise trial.error


def _progress() -> Callable[[int, int], None]:
    """Says every few seconds how far the build is, on standard error."""
    shown_at = time.monotonic()

    def on_progress(ended: int, total: int) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= PROGRESS_SECONDS:
            shown_at = time.monotonic()
            click.echo(f"{ended} of {total or 'the'} seeds, models and tests done", err=True)

    return on_progress


@click.command()
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def approve(run_id: int, as_json: bool) -> None:
    """Publish what the gate stopped, where the documents still are as they were; audit it and report.

    The other members stay due for the next run. Safe to repeat.
    """
    from standing.decisions.approval import approve as publish
    from standing.monitor.metrics import write_metrics

    log_to_stderr()  # that it waits, where it does
    outcome = publish(current(), run_id)
    write_metrics(current())
    result = {
        "run_id": outcome.run_id,
        "approves": run_id,
        "message": outcome.message,
        "written": outcome.written,
        "left": outcome.left,
        "left_keys": outcome.named,
        "report": str(outcome.report) if outcome.report else None,
    }
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo(outcome.message)
        _print_left(outcome.left, outcome.named)
        if outcome.report:
            click.echo(f"  report: {outcome.report}")
    if outcome.error is not None:
        raise outcome.error


@click.command()
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--reason", default="", help="Kept with the run.")
def reject(run_id: int, reason: str) -> None:
    """Forget what the gate stopped; its members stay due. Safe to repeat."""
    from standing.decisions.approval import reject as forget
    from standing.monitor.metrics import write_metrics

    log_to_stderr()
    message = forget(current(), run_id, reason)
    write_metrics(current())
    click.echo(message)


@click.command()
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--reason", default="", help="Kept with the run; standing status shows it.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def undo(run_id: int, reason: str, as_json: bool) -> None:
    """Put back what a run wrote where it is still there; hold those members until `standing resume`.

    What is published of them is then of before the run, whatever policy and data say.
    """
    from standing.decisions.undo import undo as put_back
    from standing.monitor.metrics import write_metrics

    log_to_stderr()
    undone = put_back(current(), run_id, reason)
    write_metrics(current())
    if as_json:
        result: dict[str, Any] = {**vars(undone), "message": undone.message}
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    click.echo(undone.message)
    _print_left(undone.changed_since, undone.named)
    if any(undone.restored.values()):
        click.echo(f"runs leave these members alone until: standing resume {run_id}")


@click.command()
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
def resume(run_id: int | None) -> None:
    """Let runs write the members again that an undo holds, those of RUN or all."""
    from standing.decisions.undo import resume as release
    from standing.monitor.metrics import write_metrics

    number = release(current(), run_id)
    write_metrics(current())
    holds = plural(number, "hold has", "holds have")
    click.echo(f"{holds} ended; the next run writes those that are due")


def _print_left(left: dict[str, int], named: dict[str, tuple[str, ...]]) -> None:
    for target, number in left.items():
        more = ", …" if number > len(named[target]) else ""
        click.echo(f"  {target}: {number:,} had changed since: {', '.join(named[target])}{more}")


COMMANDS: tuple[click.Command, ...] = (diff, approve, reject, undo, resume)
