"""A copy of the project for tests that edit policy and models, as an analyst does."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from standing import PROJECT_ROOT
from standing.build import project
from standing.settings import Settings

#: Takes commands line by line and answers each with its exit code and what it printed.
COMMANDS = """
import json, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from standing.audit import lasting
from standing.cli import main

with lasting():
    for line in sys.stdin:
        sys.argv = ["standing", *json.loads(line)]
        printed, told, code = StringIO(), StringIO(), 0
        with redirect_stdout(printed), redirect_stderr(told):
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
        print(json.dumps([code, printed.getvalue(), told.getvalue()]), flush=True)
"""


class Project:
    """A copy of the project in which policy and models can be edited."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        kept = ("standing", "expectations", "migrations", "models", "seeds", "macros")
        for name in kept:
            shutil.copytree(
                PROJECT_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copytree(PROJECT_ROOT / "tests" / "dbt", folder / "tests" / "dbt")
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(PROJECT_ROOT / name, folder / name)

    def edit(self, name: str, *replaced: tuple[str, str]) -> None:
        path = self.folder / name
        content = path.read_text("utf-8")
        for old, new in replaced:
            assert old in content
            content = content.replace(old, new, 1)
        path.write_text(content, "utf-8")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In here runs of this process are made from the copy."""
        project._files.cache_clear()
        try:
            with (
                patch("standing.build.dbt.PROJECT_ROOT", self.folder),
                patch("standing.build.project.PROJECT_ROOT", self.folder),
                patch("standing.build.checkout.PROJECT_ROOT", self.folder),
            ):
                yield
        finally:
            project._files.cache_clear()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "STANDING_HOME": str(self.settings.home),
            "DATABASE_URL": self.settings.database_url or "",
            "USER": "Somchai.P",
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "standing", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    @contextmanager
    def commands(self) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
        """The copy's own command line, in one process that loads what it needs once."""
        process = subprocess.Popen(
            [sys.executable, "-c", COMMANDS],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        assert process.stdout

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(arguments) + "\n")
            process.stdin.flush()
            return subprocess.CompletedProcess(arguments, *json.loads(process.stdout.readline()))

        with process:
            yield run
            process.stdin.close()
