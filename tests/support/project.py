"""A copy of the project for tests that edit policy and models, as an analyst does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from standing import PROJECT_ROOT
from standing.build import fingerprint
from standing.settings import Settings


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
        fingerprint._files.cache_clear()
        try:
            with (
                patch("standing.build.dbt.PROJECT_ROOT", self.folder),
                patch("standing.build.fingerprint.PROJECT_ROOT", self.folder),
            ):
                yield
        finally:
            fingerprint._files.cache_clear()

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "STANDING_HOME": str(self.settings.home),
            "DATABASE_URL": self.settings.database_url or "",
            "USER": "Somchai.P",
        }
        command = [sys.executable, "-m", "standing", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
