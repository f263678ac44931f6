"""A process in the background that outlives its starter: found again, asked for its health, stopped.

The starter writes a file about the service. The service holds a lock on that file while it lives. Without
the lock the file proves nothing: a crash may have left it, or another program may have the process number.
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standing import PROJECT_ROOT
from standing.errors import ServerError

POLL_SECONDS = 0.1
#: Between two words about what is waited for.
PATIENCE_SECONDS = 15.0
#: Of the log, in an error.
LAST_LINES = 5
#: Between the polite signal and the other one; a run at work ends its transaction in that time.
STOP_SECONDS = 45.0
LOG_BYTES = 5_000_000
#: Processes that this one started and may have to bury.
_OURS: list[subprocess.Popen[bytes]] = []


#: Takes a line for the person who waits.
Say = Callable[[str], None]


def silent(_line: str) -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class Service:
    """One background process, known by its name in `folder`."""

    name: str
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def noted(self) -> dict[str, Any]:
        """What was written at its last start, running or not; empty if there was none."""
        try:
            note = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def running(self) -> bool:
        try:
            handle = self.file.open("r+")
        except FileNotFoundError:
            return False
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def start(self, command: list[str], environment: Mapping[str, str], note: Mapping[str, Any]) -> None:
        """Start it in a session of its own; `note` is kept beside its process number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.file.open("a+") as handle, self.log.open("ab") as log:
            began = log.seek(0, os.SEEK_END)
            fcntl.flock(handle, fcntl.LOCK_EX)  # waits for no more than somebody's `running`
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd=PROJECT_ROOT,
                start_new_session=True,
                pass_fds=(handle.fileno(),),  # the lock is the process's from here on
            )
            _OURS.append(process)
            handle.truncate(0)
            handle.write(json.dumps({"pid": process.pid, "logs_from": began, **note}))

    def stop(self) -> bool:
        """End it and what it started; False if it did not run. Its note stays, for the next start."""
        if not self.running():
            return False
        group = int(self.noted()["pid"])
        with suppress(ProcessLookupError):
            os.kill(group, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        with suppress(ProcessLookupError):  # what it left behind, or itself
            os.killpg(group, signal.SIGKILL)
        while self.running():
            time.sleep(POLL_SECONDS)
        _OURS[:] = [process for process in _OURS if process.poll() is None]
        return True

    def wait(self, trouble: Callable[[], str], seconds: float, say: Say = silent) -> None:
        """Ask for `trouble` until there is none, and say now and then that there still is.

        Raises ServerError with the trouble and the log's last lines if it ends or that takes too long.
        """
        began = time.monotonic()
        said = PATIENCE_SECONDS
        while why := trouble():
            waited = time.monotonic() - began
            if not self.running():
                raise self._given_up("ended at once")
            if waited > seconds:
                raise self._given_up(f"did not answer within {seconds:.0f} s: {why}")
            if waited > said:
                last = "".join(f"; it says: {line}" for line in self._last_lines()[-1:])
                say(f"still waiting for the {self.name} ({waited:.0f} s): {why}{last}")
                said += PATIENCE_SECONDS
            time.sleep(POLL_SECONDS)

    def _given_up(self, how: str) -> ServerError:
        lines = self._last_lines() or ["it said nothing"]
        return ServerError(
            "\n    ".join((f"the {self.name} {how}; its last lines:", *lines)), f"read {self.log}"
        )

    def _last_lines(self) -> list[str]:
        """Of what it has logged since it started, each once, where it came last."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(int(self.noted().get("logs_from", 0)))
            lines = log.read().decode(errors="replace").splitlines()
        newest = dict.fromkeys(line.strip() for line in reversed(lines) if line.strip())
        return list(newest)[:LAST_LINES][::-1]


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Two starters, or a starter and a stopper, wait for each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "starting").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
