"""Installed without a checkout, each command says at once that it needs one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standing import PROJECT_ROOT

PACKAGES = ("standing", "flows", "expectations", "migrations")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `pip install .` has put the packages."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in PACKAGES:
        shutil.copytree(PROJECT_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT_ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, source], check=True)
    return target


@pytest.mark.parametrize("command", [("standing", "status"), ("standing", "run"), ("flows", "refresh")])
def test_a_command_without_a_checkout_is_refused_and_says_what_helps(
    installed: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"models, policy and migrations are not in {installed}" in done.stderr
    assert "fix: git clone" in done.stderr
    assert "Traceback" not in done.stderr
