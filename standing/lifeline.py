"""A process that works for another one ends with it, also when that one is killed and can tell nobody."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Called in a process that multiprocessing has started: watch for the end of the one that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait, args=(parent,), daemon=True).start()


def _wait(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(0)
