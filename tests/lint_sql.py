"""SQL lint, and dbt's own parse with warnings as errors: `python tests/lint_sql.py [--changed]`.

The templater compiles models against a database, so a small marketplace is made on a server of its own.
With --changed it is the models that differ from `main`, or all where something differs that all depend on.
"""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from standing import PROJECT_ROOT
from standing.build.dbt import environment
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.embedded import Server
from standing.incremental.plan import open_build
from standing.settings import Settings, load_settings

LINTED = ("models", "tests/dbt")
#: What every model is compiled or linted with.
SHARED = ("macros/", ".sqlfluff", "dbt_project.yml", "requirements.lock")
SMALL = ("load", "simulated", "--users", "100", "--orders", "500", "--seed", "1")


def changed() -> list[str]:
    """What is to be linted of the working tree: files that `main` has not, or everything."""

    def git(*arguments: str) -> list[str]:
        done = subprocess.run(
            ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.splitlines() if done.returncode == 0 else []

    base = git("merge-base", "HEAD", "main") or git("merge-base", "HEAD", "origin/main")
    if not base:
        return list(LINTED)
    names = git("diff", "--name-only", "--diff-filter=d", base[0])
    names += git("ls-files", "--others", "--exclude-standard")
    if any(name.startswith(SHARED) for name in names):
        return list(LINTED)
    return [name for name in names if name.startswith(LINTED) and name.endswith(".sql")]


@contextmanager
def marketplace() -> Iterator[Settings]:
    """Settings that lead to a small upgraded marketplace on a server of its own."""
    home = Path(tempfile.mkdtemp(prefix="standing-"))
    home.chmod(0o755)
    server = Server(home, extra={"fsync": "off"})
    try:
        server.start()
        variables = {**os.environ, "STANDING_HOME": str(home), "DATABASE_URL": server.url()}
        for arguments in (SMALL, ("migrate",)):
            subprocess.run(
                [sys.executable, "-m", "standing", *arguments],
                env=variables,
                check=True,
                capture_output=True,
            )
        settings = load_settings(STANDING_HOME=home, DATABASE_URL=server.url())
        with connect(settings) as engine:  # as a run begins: models compile by what it has read
            open_build(engine, settings, 0, wall_clock(engine), TARGETS)
        yield settings
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


def parse(variables: dict[str, str]) -> int:
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "--quiet",
        "--warn-error",
        "parse",
        "--no-partial-parse",
    ]
    return subprocess.run(
        command, cwd=PROJECT_ROOT, env={**os.environ, **variables}, check=False
    ).returncode


def lint(files: list[str], variables: dict[str, str]) -> int:
    from sqlfluff.cli.commands import cli

    os.environ.update(variables)
    # Looking for garbage among millions of segments that all live to the end takes a third of the time.
    gc.disable()
    done = cli(["lint", *files, "--disable-progress-bar", "--nocolor"], standalone_mode=False)
    return int(done or 0)


def main(arguments: list[str]) -> int:
    os.chdir(PROJECT_ROOT)
    files = changed() if "--changed" in arguments else list(LINTED)
    if not files:
        with tempfile.TemporaryDirectory() as home:
            nowhere = load_settings(
                STANDING_HOME=home, DATABASE_URL="postgresql+psycopg://nobody@localhost/none"
            )
            return parse(environment(nowhere, make_url(nowhere.database_url or "")))
    with marketplace() as settings:
        variables = environment(settings, make_url(settings.database_url or ""))
        return parse(variables) or lint(files, variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
