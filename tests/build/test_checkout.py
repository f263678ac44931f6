"""The folder at work beside its commit, as runs and status say it."""

import subprocess
from pathlib import Path

import pytest

from standing.build import checkout
from standing.build.checkout import read_checkout

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.unit
def test_edited_new_and_deleted_files_of_a_build_are_named_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "clone"
    monkeypatch.setattr(checkout, "PROJECT_ROOT", folder)
    # A shell or a hook of another repository may say where git is to look.
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    for name in ("seeds/trust_levels.csv", "models/marts/a.sql", "docs/page.md", "dbt_project.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n", "utf-8")
    assert read_checkout() is None  # no repository

    monkeypatch.delenv("GIT_DIR")
    git(folder, "init", "-q")
    assert read_checkout() is None  # and no commit
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    found = read_checkout()
    assert found is not None
    assert (found.edited, found.words) == ((), "")
    assert len(found.commit) >= 4

    (folder / "docs" / "page.md").write_text("b\n", "utf-8")
    (folder / "seeds" / "trust_levels.csv").write_text("b\n", "utf-8")
    (folder / "seeds" / "ระดับ ใหม่.csv").write_text("b\n", "utf-8")
    (folder / "models" / "marts" / "a.sql").unlink()
    found = read_checkout()
    assert found is not None
    assert found.edited == ("models/marts/a.sql", "seeds/trust_levels.csv", "seeds/ระดับ ใหม่.csv")
    assert found.words.startswith(
        f"the folder differs from its commit {found.commit}: models/marts/a.sql, "
    )

    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_checkout() is None  # without git
