"""The project's own PostgreSQL server, from the binaries of a pip wheel.

Used when no DATABASE_URL is set. Data and log live under STANDING_HOME; the server listens on a Unix
socket only. PostgreSQL refuses to run as root: then it runs as an unprivileged account of the machine,
and, where that account cannot reach the clone, from a copy under SYSTEM_STATE.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from standing.database.postmaster import SOCKETS_LINE, Postmaster
from standing.database.wheel import SYSTEM_STATE, copied, wheel_binaries
from standing.errors import ServerError

ACCOUNTS = ("postgres", "nobody")
#: Not the name of one of our schemas: PostgreSQL looks for tables in the schema of the role's name first.
ROLE = "owner"
DATABASE = "marketplace"

#: Listens nowhere but on its socket; two cores and a laptop's memory in mind.
CONFIGURATION: Mapping[str, str] = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "80",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "jit": "off",
}

#: Bytes that the path of a socket may have; macOS takes fewer than Linux.
SOCKET_BYTES = 103
SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Server:
    """One embedded server.

    `home` is the folder it keeps its data in, `extra` overrides settings, `installation` names another
    PostgreSQL than the wheel's (the folder above its bin).
    """

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    installation: Path | None = None

    @property
    def _account(self) -> pwd.struct_passwd | None:
        """Whom the server runs as, if not as ourselves."""
        if os.geteuid() != 0:
            return None
        for name in ACCOUNTS:
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise ServerError(
            f"PostgreSQL does not run as root and this machine has no account {' or '.join(ACCOUNTS)}",
            "run as an ordinary user, or set DATABASE_URL",
        )

    @property
    def _key(self) -> str:
        return hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:12]

    @property
    def _folder(self) -> Path:
        own = self.home.resolve() / "postgres"
        return own if self._reachable(own.parent) else SYSTEM_STATE / self._key

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def log(self) -> Path:
        return self._folder / "server.log"

    @property
    def sockets(self) -> Path:
        """The folder of its socket: where a running server has it, whatever TMPDIR was then; or where it
        will be.

        /tmp in place of a folder whose path is too long for a socket, or more than PostgreSQL's list of
        them takes.
        """
        noted = Postmaster(self.data).note()
        if len(noted) > SOCKETS_LINE and noted[SOCKETS_LINE]:
            return Path(noted[SOCKETS_LINE])
        folder = Path(tempfile.gettempdir()) / f"standing-{self._key}"
        fits = len(os.fsencode(folder / SOCKET)) <= SOCKET_BYTES and re.fullmatch(r"[\w./+-]+", str(folder))
        return folder if fits else Path("/tmp") / folder.name  # noqa: S108 - private, as every one of these

    @property
    def binaries(self) -> Path:
        source = self.installation or wheel_binaries()
        return source / "bin" if self._reachable(source) else copied(source) / "bin"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql+psycopg://{ROLE}@localhost:5432/{database}?host={self.sockets}"

    def parameters(self, database: str = DATABASE) -> dict[str, str]:
        """How libpq reaches it."""
        return {"host": str(self.sockets), "port": "5432", "user": ROLE, "dbname": database}

    def running(self) -> bool:
        return bool(Postmaster(self.data).note())

    def _require_socket(self) -> None:
        if not (self.sockets / SOCKET).exists():
            raise ServerError(
                f"the embedded server runs, but its socket in {self.sockets} is gone",
                "`standing down`, then `standing up`",
            )

    def start(self) -> bool:
        """Start the server, making its data folder first if there is none; False if it ran already."""
        with self._exclusive():
            if self.running():
                self._require_socket()
                return False
            Postmaster(self.data).disown(self.sockets / f"{SOCKET}.lock")
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._private_folder(self.sockets)
            options = {
                **CONFIGURATION,
                **self.extra,
                "unix_socket_directories": str(self.sockets),
            }
            flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
            arguments = ["-D", str(self.data), "-l", str(self.log), "-w", "-t", "120"]
            try:
                self._run("pg_ctl", *arguments, "-o", flags, "start")
                self.create_database(DATABASE)
            except KeyboardInterrupt:
                self._halt()  # or a server that is not ready would be found by the next command
                raise
            return True

    def stop(self) -> bool:
        """Stop the server, ending its connections; False if it did not run."""
        if not self.running():
            return False
        with self._exclusive():
            sockets = self.sockets
            self._halt()
            shutil.rmtree(sockets, ignore_errors=True)
        return True

    def _halt(self) -> None:
        if self.running():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "120", "stop")

    def remove(self) -> None:
        """Stop the server and delete all of its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self, name: str) -> None:
        host = ["-h", str(self.sockets), "-U", ROLE, "-d", "postgres"]
        known = f"select 1 from pg_database where datname = '{name}'"
        if not self._run("psql", *host, "-Atc", known).stdout.strip():
            self._run("psql", *host, "-c", f'create database "{name}"')

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        # Made beside its place and moved when whole, so that a killed start leaves nothing behind.
        building = self.data.with_name("data.new")
        shutil.rmtree(building, ignore_errors=True)
        arguments = ["--encoding=UTF8", "--auth=trust", "-U", ROLE, "--no-instructions"]
        # The wheel's own locale needs nothing of the machine; PostgreSQL 15 and 16 do not have it.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.installation is not None:
            locale = ["--locale=C.UTF-8"]
        self._run("initdb", "-D", str(building), *locale, *arguments)
        building.rename(self.data)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        account = self._account
        as_account: dict[str, object] = {}
        if account:
            as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self._folder)}
        # To files and not to pipes: the server inherits them, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                cwd="/",
                check=False,
                **as_account,  # type: ignore[call-overload]
            )
            output.seek(0)
            errors.seek(0)
            result = subprocess.CompletedProcess(done.args, done.returncode, output.read(), errors.read())
        if check and result.returncode != 0:
            reason = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no message"]
            raise ServerError(
                f"{program} of the embedded server failed: {reason[0]}",
                f"read {self.log}; `standing down` and `standing up` start it afresh",
            )
        return result

    def _reachable(self, path: Path) -> bool:
        """Whether the server's account may pass through every parent of `path`."""
        account = self._account
        if account is None:
            return True
        existing = next(p for p in [path, *path.parents] if p.exists())
        return all(
            p.stat().st_mode & 0o001 or p.stat().st_uid == account.pw_uid
            for p in [existing, *existing.parents]
        )

    def _private_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        account = self._account
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        elif folder.stat().st_uid != os.geteuid():
            raise ServerError(f"{folder} belongs to someone else", f"remove {folder}")
        folder.chmod(0o700)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One starter or stopper at a time."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._private_folder(self._folder)
        with (self._folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
