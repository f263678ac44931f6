"""Ctrl-C and SIGTERM: a command stops where it is, says so and leaves nothing behind, within seconds.

An entry point listens before it imports anything slow. The first signal raises KeyboardInterrupt; what
holds on for longer than `PATIENCE_SECONDS`, or until somebody presses Ctrl-C again, is ended by force.
Nothing is half-done by that: whatever writes does so in transactions, and files appear when they are whole.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

SAID = (
    "interrupted: whatever was not committed is as it was; the same command, begun again, takes up the rest"
)
#: For queries to be cancelled, servers to be told and files to be removed.
PATIENCE_SECONDS = 15.0
#: One press may come twice, from the terminal and from `make` or `timeout`.
ONE_PRESS_SECONDS = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: The signals that this process has received, while it listens.
_received: list[int] | None = None


def listen() -> None:
    """From now on, signals end this process as above. For a process that does one command."""
    global _received
    if _received is not None or threading.current_thread() is not threading.main_thread():
        return
    received = _received = []
    watched, told = os.pipe()
    first = 0.0

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if not received:
            first = time.monotonic()
        elif time.monotonic() - first < ONE_PRESS_SECONDS:
            return
        received.append(number)
        os.write(told, b"!")
        if len(received) == 1:
            raise KeyboardInterrupt

    def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):  # while modules were imported, or at the very end
            _end(exit_code(received))
        sys.__excepthook__(kind, error, trace)

    # Before the first signal, for starting a thread in its handler might meet a lock of threads.
    threading.Thread(target=_watch, args=(watched, received), daemon=True).start()
    sys.excepthook = fail
    for one in SIGNALS:
        if one == signal.SIGTERM or signal.getsignal(one) != signal.SIG_IGN:  # a shell's background job
            signal.signal(one, interrupt)


def interrupted() -> bool:
    """Whether a signal has come: what fails after it, such as a connection, fails by it."""
    return bool(_received)


def _watch(watched: int, received: list[int]) -> None:
    os.read(watched, 1)
    select.select([watched], [], [], PATIENCE_SECONDS)
    _end(exit_code(received))


def end_workers() -> None:
    """End the processes that work for this one, such as the audits': its own end would wait for them."""
    if "multiprocessing" in sys.modules:
        for worker in sys.modules["multiprocessing"].active_children():
            worker.kill()


def _end(code: int) -> None:
    end_workers()
    os.write(2, f"error: {SAID}\n".encode())
    os._exit(code)


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Let SIGTERM stop the command as Ctrl-C does. Gives a list that then holds the signal's number."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if _received is not None or threading.current_thread() is not threading.main_thread():
        yield received if _received is None else _received
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def exit_code(received: list[int]) -> int:
    """As a shell gives it for a process that a signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (received[0] if received else signal.SIGINT)


@contextmanager
def kept_from(*signals: signal.Signals) -> Iterator[None]:
    """What is started meanwhile never receives these signals: Ctrl-C reaches all that a terminal runs, and
    this process ends the others in their order.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
