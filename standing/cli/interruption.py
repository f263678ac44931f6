"""Ctrl-C and SIGTERM: a command stops where it is, says so and leaves nothing behind."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from standing.errors import StandingError

UNANSWERED = "the question was not answered: nothing was changed; --yes does not ask"
SAID = (
    "interrupted: whatever was not committed is as it was; the same command, begun again, takes up the rest"
)


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Let SIGTERM stop the command as Ctrl-C does. Gives a list that then holds the signal's number."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def confirm(question: str) -> None:
    """Ask before what cannot be taken back. Raises click.Abort or StandingError where nobody says yes."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        raise click.Abort(UNANSWERED) from None
    if not agreed:
        raise StandingError("nothing was changed", "the same command asks again; --yes does not ask")


def exit_code(received: list[int]) -> int:
    """As a shell gives it for a process that a signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (received[0] if received else signal.SIGINT)
