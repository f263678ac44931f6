"""The pre-commit hooks are the commands of `make check`, and each can be run here."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from standing import PROJECT_ROOT

pytestmark = pytest.mark.unit
CONFIG: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = [hook for repository in CONFIG["repos"] for hook in repository["hooks"]]
#: What pre-commit has to know of a local hook, and what it may be told.
NEEDED = {"id", "name", "entry", "language"}
KNOWN = {*NEEDED, "files", "types_or", "pass_filenames"}


def test_hooks_are_local_and_say_no_more_than_pre_commit_knows() -> None:
    assert CONFIG.keys() == {"fail_fast", "repos"}
    assert [one["repo"] for one in CONFIG["repos"]] == ["local"]
    assert len({hook["id"] for hook in HOOKS}) == len(HOOKS)
    for hook in HOOKS:
        assert hook.keys() >= NEEDED, hook
        assert hook.keys() <= KNOWN, hook
        assert hook["language"] == "system", hook
        assert set(hook.get("types_or", ())) <= {"python", "pyi"}, hook


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_is_a_command_that_is_here_for_files_that_are_here(hook: dict[str, Any]) -> None:
    tool, *arguments = hook["entry"].split()
    folder, name = tool.rsplit("/", 1)
    assert folder == ".venv/bin"
    assert (Path(sys.executable).parent / name).exists()
    assert all((PROJECT_ROOT / one).is_file() for one in arguments if one.endswith(".py"))
    listed = subprocess.run(
        ("git", "ls-files"), cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert [one for one in listed.stdout.splitlines() if re.search(hook.get("files", r"\.pyi?$"), one)]


def test_each_command_of_make_check_has_its_hook() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text("utf-8")
    checks = re.search(r"^types:\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert checks is not None
    entries = [hook["entry"] for hook in HOOKS]
    for command in checks[1].split("\n\t"):
        tool, *words = command.strip().replace("$(BIN)", ".venv/bin").split()
        same = [entry.split() for entry in entries if entry.split()[0] == tool]
        wanted = {word for word in words if word != "." and "*" not in word}
        assert any(wanted <= set(entry) for entry in same), command
    assert any("tests/lint_sql.py --changed" in entry for entry in entries)
