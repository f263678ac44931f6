"""PostgreSQL notes its process in postmaster.pid, and the note stays when it is killed.

After a crash or a reboot another program may have that number. So the note counts only where the process is
a postgres that works in this data folder; nobody else is asked, waited for or sent a signal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: The number of no process, on any system.
NOBODY = 2**31 - 1
#: Of the note's lines (process, data folder, start, port, folder of the socket, …).
SOCKETS_LINE = 4


@dataclass(frozen=True)
class Postmaster:
    """The server of a data folder, if one runs."""

    data: Path

    @property
    def _file(self) -> Path:
        return self.data / "postmaster.pid"

    def note(self) -> list[str]:
        """The lines that a running server has noted; empty if none runs."""
        try:
            note = self._file.read_text().splitlines()
            pid = int(note[0])
        except (OSError, ValueError, IndexError):
            return []
        import psutil

        try:
            process = psutil.Process(pid)
            is_ours = process.name() == "postgres" and self._is_home_of(process.cmdline(), process.cwd)
        except (psutil.Error, ValueError, OverflowError):  # it ended, or belongs to somebody else
            return []
        return note if is_ours else []

    def _is_home_of(self, command: list[str], working_folder: Callable[[], str]) -> bool:
        """By its command, which anybody may read; or, where the data was moved since, by where it works."""
        return str(self.data) in command or Path(working_folder()) == self.data.resolve()

    def disown(self, socket_lock: Path) -> None:
        """Where none runs, take back what a killed server noted: PostgreSQL would take whoever has its
        number now for that server.

        The data folder then names nobody's process, and the lock of the socket is gone. The other lines
        stay: by them PostgreSQL finds what a killed server left at work in the data.
        """
        socket_lock.unlink(missing_ok=True)
        if self._file.exists():
            with self._file.open("r+") as file:
                rest = file.read().partition("\n")[2]
                file.seek(0)
                file.write(f"{NOBODY}\n{rest}")
                file.truncate()
