"""How a process ends: with the one that it works for, also when that one is killed and can tell nobody; and at once."""

import atexit
import gc
import multiprocessing
import os
import threading


def end_at_once() -> None:
    """Have this process end without a last look for garbage among all that dbt and Great Expectations have made: 0.8 s."""
    atexit.register(gc.freeze)


def end_with_parent() -> None:
    """Called in a process that multiprocessing has started: watch for the end of the one that started it."""
    end_at_once()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait, args=(parent,), daemon=True).start()


def _wait(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(0)
