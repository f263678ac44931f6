"""PostgreSQL's own programs, of the version that fits the server.

Passwords travel in PGPASSWORD, never in an argument.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sqlalchemy import URL, Engine, text

from standing.database.conninfo import without_libpq
from standing.database.wheel import wheel_binaries
from standing.errors import StandingError

#: Where distributions put the programs of each version.
SYSTEM_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
)


def find_program(name: str, major: int) -> Path:
    """The program of this server version, or else the lowest newer one: system's, PATH's, wheel's.

    Raises StandingError naming the version that is needed.
    """
    folders: list[Path] = []
    for above, pattern in SYSTEM_FOLDERS:
        folders += sorted(Path(above).glob(pattern)) if Path(above).is_dir() else []
    on_path = shutil.which(name)
    candidates = [folder / name for folder in folders] + ([Path(on_path)] if on_path else [])
    candidates.append(wheel_binaries() / "bin" / name)  # the last of its version: it has no TLS
    versions = {path: version for path in candidates if path.exists() and (version := _version(path))}
    fitting = [path for path, version in versions.items() if version >= major]
    if not fitting:
        raise StandingError(f"no {name} for PostgreSQL {major} is installed", "install its client programs")
    return min(fitting, key=lambda path: versions[path])


def _version(program: Path) -> int | None:
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\) (\d+)", done.stdout)
    return int(match.group(1)) if match else None


def server_major(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("show server_version_num")) or 0) // 10000


def environment(url: URL) -> dict[str, str]:
    """What a program is started in that gets `conninfo` of the URL."""
    password = {"PGPASSWORD": url.password} if url.password else {}
    return {**without_libpq(), **password}


def run_program(arguments: Sequence[str | Path], url: URL) -> None:
    done = subprocess.run(
        [str(one) for one in arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment(url), "LC_ALL": "C"},
    )
    if done.returncode:
        fail_like(Path(str(arguments[0])).name, done.stderr)


def fail_like(program: str, errors: str) -> NoReturn:
    """Raise what a program said went wrong: it speaks English, the server behind it perhaps another
    language.
    """
    lines = errors.splitlines()
    own = [line for line in lines if line.startswith(program)]
    reasons = (
        [line for line in own if "error" in line.lower()][:1] or own[-1:] or lines[-1:] or ["no message"]
    )
    fix = "mend what it names, then try again"
    if "SSL support is not compiled in" in errors:
        fix = "install PostgreSQL's client programs: the wheel's know no TLS"
    raise StandingError(f"{program} failed: {reasons[0]}", fix)
