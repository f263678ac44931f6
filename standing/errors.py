"""Errors a person can act on.

Every foreseeable failure is a `StandingError`: what happened, to which object, and the command or
setting that helps. The command line prints it without a traceback and leaves with its exit code.
"""

import errno
from pathlib import Path

#: What stands in the way of a folder or file, whoever wrote the code that makes it.
IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class StandingError(Exception):
    """A failure with its fix, which may be several commands, one a line.

    `exit_code` is what the command line leaves with: 1 failed, 2 wrong use or setting, 3 stopped by
    an audit, 4 not upgraded or not fit for the upgrade, 5 another run is at work, 6 stopped by the gate.
    """

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        fix = "\n       ".join(self.fix.splitlines())
        return f"{self.message}\n  fix: {fix}" if fix else self.message


class SettingError(StandingError):
    """A setting or an argument that cannot be used; names it."""

    exit_code = 2


class DatabaseUnreachable(StandingError):
    """No connection: wrong URL, server down, or no such database."""


class ServerError(StandingError):
    """The embedded PostgreSQL server could not be made, started or stopped."""


class NotUpgraded(StandingError):
    """The database has no Standing schema or lacks columns of the upgrade."""

    exit_code = 4


class UnfitDatabase(StandingError):
    """A table or column that Standing needs is missing or has the wrong type."""

    exit_code = 4


class AuditFailed(StandingError):
    """A critical expectation failed; before publishing, nothing was published."""

    exit_code = 3


class GateStopped(StandingError):
    """More would change than policy lets pass unseen; the change set awaits a decision."""

    exit_code = 6


class Drifted(StandingError):
    """Published documents differ from a full recompute."""

    exit_code = 7


class BuildFailed(StandingError):
    """dbt could not build or test the models; nothing was published."""


def closed_home(error: OSError, home: Path) -> SettingError | None:
    """The refusal, where the file system let nothing be made in the home.

    No look beforehand tells: to root all is open, and a disk may be full. Another error is a fault of ours.
    """
    where = Path(str(error.filename))
    if error.filename is None or not {home, home.resolve()} & {where, *where.parents}:
        return None
    if error.errno not in CLOSED | IN_THE_WAY and (error.errno != errno.ENOENT or home.is_dir()):
        return None
    fix = "set STANDING_HOME to a folder that this account can write"
    if error.errno in IN_THE_WAY:
        fix = f"move {where} away, or {fix}"
    return SettingError(f"STANDING_HOME={str(home)!r} cannot be written: {where}: {error.strerror}", fix)
