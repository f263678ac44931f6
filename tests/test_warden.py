"""A test run that is ended leaves neither a server nor another process behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import until
from support.warden import started_by

pytestmark = pytest.mark.database
TESTS = Path(__file__).resolve().parent
RUN = """
import subprocess, tempfile
from pathlib import Path

def test_at_work(postgres):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    Path(__file__).with_suffix(".begun").write_text(tempfile.gettempdir())
    subprocess.run(["sleep", "600"])  # waits as the tests of commands do
"""


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        pytest.param(signal.SIGTERM, 0, id="terminated"),
        pytest.param(signal.SIGTERM, 1, id="terminated with a worker"),
        pytest.param(signal.SIGINT, 0, id="interrupted", marks=pytest.mark.prove),
        pytest.param(signal.SIGKILL, 0, id="killed", marks=pytest.mark.prove),
        pytest.param(signal.SIGKILL, 1, id="killed with a worker", marks=pytest.mark.prove),
    ],
)
def test_a_run_that_is_ended_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    file = tmp_path / "test_at_work.py"
    file.write_text(RUN)
    plugins = ["-p", "no:cacheprovider", "-p", "conftest", "-n", str(workers)]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "--basetemp", str(tmp_path / "made"), file]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen(
            command, cwd=TESTS.parent, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    begun = file.with_suffix(".begun")
    until(lambda: (begun.exists() and begun.read_text()) or run.poll() is not None, "a test at work")
    folder = begun.read_text()
    assert {"postgres", "sleep"} <= {process.name() for process in started_by(folder)}
    run.send_signal(number)
    run.wait()
    until(lambda: not list(started_by(folder)), "the end of all that was started")
    until(lambda: not Path(folder).exists(), "the end of its files")
