"""The folder that is at work beside its commit: what of it a build depends on was edited since."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from standing import PROJECT_ROOT

#: What documents are made by and how they are checked.
BUILT_FROM = ("dbt_project.yml", "models", "macros", "seeds", "tests/dbt", "standing", "expectations")
#: Files that a sentence names.
NAMED = 5
SECONDS = 10


@dataclass(frozen=True)
class Checkout:
    """The commit of the folder, shortened, and the files that differ from it."""

    commit: str
    edited: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Empty where nothing differs."""
        if not self.edited:
            return ""
        more = f" and {len(self.edited) - NAMED} more" if len(self.edited) > NAMED else ""
        files = ", ".join(self.edited[:NAMED]) + more
        return f"the folder differs from its commit {self.commit}: {files}"


def read_checkout() -> Checkout | None:
    """None without git, and where the folder is not the top of a repository with a commit."""
    if not (PROJECT_ROOT / ".git").exists():
        return None
    commit = _git("rev-parse", "--short", "HEAD")
    status = _git("status", "--porcelain=v1", "-z", "--no-renames", "-unormal", "--", *BUILT_FROM)
    if commit is None or status is None:
        return None
    return Checkout(commit.strip(), tuple(sorted(line[3:] for line in status.split("\0") if line)))


def _git(*arguments: str) -> str | None:
    """What git prints, whatever a shell or a hook says of another repository; None where it cannot."""
    git = shutil.which("git")
    if git is None:
        return None
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            (git, "--no-optional-locks", *arguments),
            cwd=PROJECT_ROOT,
            env={**own, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
