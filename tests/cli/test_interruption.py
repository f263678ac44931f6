"""Ctrl-C and SIGTERM end a process at any moment, with one line and the right code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from standing.interruption import SAID

#: Sends the signal when a module is looked for.
AT_IMPORT = """
import os, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == os.environ["AT"]:
            sys.meta_path.remove(Finder)
            os.kill(os.getpid(), int(os.environ["NUMBER"]))

sys.meta_path.insert(0, Finder)
"""
#: The signals that are blocked in the process that audits.
BLOCKED = """
import signal
from standing.audit import _process

if __name__ == "__main__":
    print(sorted(_process().submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()))
"""
#: What holds on: after one signal until its time is over, or until somebody presses again.
HOLDS_ON = """
import os, signal, threading
from standing import interruption

interruption.PATIENCE_SECONDS, interruption.ONE_PRESS_SECONDS = {patience}, 0
interruption.listen()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    for _ in range({again}):
        os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
"""
#: Ended by force while it has semaphores: those of the process that audits, and one as dbt makes them.
HAS_SEMAPHORES = """
import multiprocessing, signal
from standing import interruption
{begins}

if __name__ == "__main__":
    {calls}
    lock = multiprocessing.get_context("spawn").Lock()
    interruption._end(128 + signal.SIGINT)
"""
#: A connection whose statement a signal has ended fails once more when it is given back.
FAILS_BY_IT = """
import os, signal
from standing import cli, interruption

def command(**_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        raise RuntimeError("can't change 'autocommit' now")

interruption.listen()
cli.standing = command
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("command", "module"),
    [
        (("standing", "status"), "click"),
        (("standing", "status"), "standing.database.connect"),
        (("flows", "refresh"), "pydantic_settings"),
        (("flows", "refresh"), "prefect"),
    ],
)
def test_a_signal_while_modules_are_imported_is_no_traceback(
    command: tuple[str, ...], module: str, number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(AT_IMPORT)
    variables = {"PYTHONPATH": str(tmp_path), "AT": module, "NUMBER": str(int(number))}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **variables, "STANDING_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (128 + number, "")
    assert done.stderr.strip() == f"error: {SAID}"


@pytest.mark.parametrize(("patience", "again"), [(0, 0), (600, 1)])
def test_what_holds_on_is_ended_when_its_time_is_over_or_at_the_second_signal(
    patience: int, again: int
) -> None:
    script = HOLDS_ON.format(patience=patience, again=again)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, f"error: {SAID}\n")


def test_a_signal_of_the_terminal_leaves_the_process_that_audits_to_its_parent() -> None:
    said = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str([signal.SIGINT, signal.SIGTERM])


@pytest.mark.parametrize(
    ("begins", "calls"),
    [
        pytest.param("from standing.audit import _process", "_process()", id="audits"),
        pytest.param(
            "from dbt.cli.main import dbtRunner\nfrom standing.build.dbt_patches import run_command",
            'run_command(dbtRunner(), {}, "--version")',
            id="dbt",
        ),
    ],
)
def test_what_is_ended_by_force_says_nothing_of_its_semaphores(
    begins: str, calls: str, tmp_path: Path
) -> None:
    script = HAS_SEMAPHORES.format(begins=begins, calls=calls)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (130, f"error: {SAID}\n")


def test_an_error_that_a_signal_led_to_is_the_signal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILS_BY_IT],
        env={**os.environ, "STANDING_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (128 + signal.SIGTERM, f"error: {SAID}")
