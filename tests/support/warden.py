"""Ends what a test run started, however the run ends: by itself, by a signal, or killed.

Everything that tests start has the run's own folder for temporary files in its environment or, as
PostgreSQL's servers do, in its command line. A process beside the run waits for the end of a pipe that only
the run holds, and then ends all of these: `python warden.py FOLDER`.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.util import get_temp_dir
from pathlib import Path

import psutil

#: A folder in memory, and the bytes that it must have free: three workers use one or two thousand millions.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 - what is made in it is private


def roomy_memory() -> Path | None:
    """Where files cost no disk; None where that has no room, or where TMPDIR names another folder.

    Making and removing the files of databases was two thirds of the servers' work on a disk.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    has_room = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOM
    return MEMORY if has_room else None


@contextlib.contextmanager
def guarded() -> Iterator[Path]:
    """Within this block temporary files have their own folder; at its end no started process is left."""
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    get_temp_dir()  # multiprocessing's own, which it removes after the last fixture
    folder = Path(tempfile.mkdtemp(prefix="standing-", dir=roomy_memory()))
    folder.chmod(0o755)  # the account that PostgreSQL runs as passes through
    warden = subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    if "PYTEST_XDIST_WORKER" in os.environ:
        threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        yield folder
    finally:
        os.environ.pop("TMPDIR")
        if before[0] is not None:
            os.environ["TMPDIR"] = before[0]
        tempfile.tempdir = before[1]
        warden.communicate()


def end_with_parent() -> None:
    """A worker of pytest-xdist whose run is gone would go on until its test lets it look."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def started_by(folder: str) -> Iterator[psutil.Process]:
    """Processes of the run that has this folder, but for this one."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            named = (*process.cmdline(), process.environ().get("TMPDIR", ""))
            if process.pid != os.getpid() and any(folder in one for one in named):
                yield process


def ends_with_its_run(process: psutil.Process) -> bool:
    """Python's own tracker of shared memory complains where it is ended before the run."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return any("multiprocessing.resource_tracker" in one for one in process.cmdline())
    return True


def end(process: psutil.Process) -> None:
    """At once; a PostgreSQL server takes its own processes along."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGQUIT if process.name() == "postgres" else signal.SIGKILL)


def at_work(process: psutil.Process) -> bool:
    """A process that has ended and whose end its parent has not noticed yet is at work no longer."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def watch(folder: str) -> None:
    sys.stdin.read()
    left = [process for process in started_by(folder) if not ends_with_its_run(process)]
    for process in left:
        end(process)
    last = time.monotonic() + 30
    while any(map(at_work, left)) and time.monotonic() < last:
        time.sleep(0.05)
    for process in filter(at_work, left):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    watch(sys.argv[1])
