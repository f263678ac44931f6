"""Nothing of somebody's shell changes a run but what the README names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standing import PROJECT_ROOT, __version__
from standing.surroundings import KNOWN, past_proxies, pin


def pinned(shell: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is left of a shell's variables."""
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", dict(shell))
        pin()
        return dict(os.environ)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "db.example, .corp"}, "db.example,.corp,127.0.0.1,localhost,::1"),
        (
            {"NO_PROXY": "a", "no_proxy": "b,localhost"},
            "a,b,localhost,127.0.0.1,::1",
        ),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_is_asked_for_past_any_proxy(given: dict[str, str], passed: str) -> None:
    assert past_proxies(given) == {"NO_PROXY": passed, "no_proxy": passed}


def test_only_what_the_readme_names_reaches_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = {
        "DBT_TARGET": "prod",
        "DBT_ENGINE_PROFILE": "other",
        "dbt_full_refresh": "true",
        "PREFECT_PROFILE": "other",
        "PREFECT_HOME": "/elsewhere",
        "prefect_logging_level": "DEBUG",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://elsewhere/prefect",
        "PREFECT_API_KEY": "a key",
        "PREFECT_API_URL": "",
        "GX_CLOUD_ACCESS_TOKEN": "a token",
        "PSYCOPG_IMPL": "c",
        "PYTHONOPTIMIZE": "2",
        "PYTHONHOME": "/elsewhere",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "http_proxy": "proxy.example:3128",
        "ALL_PROXY": "socks5://127.0.0.1:1080",
    }
    left = pinned(shell, monkeypatch)
    assert left.pop("NO_PROXY") == left.pop("no_proxy") == "127.0.0.1,localhost,::1"
    assert left == {name: shell[name] for name in ("PREFECT_API_KEY", "HTTPS_PROXY", "http_proxy")}


def test_no_variable_that_changes_python_itself_reaches_a_command(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "names = sorted(set(os.environ) & {'PYTHONOPTIMIZE', 'PYTHONWARNINGS', 'PYTHONUNBUFFERED'})\n"
        "print(sys.flags.optimize, sys.warnoptions, *names)\n"
    )
    shell = {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "standing", "--version"]
    environment = {**os.environ, **shell, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before, after, said = done.stdout.splitlines()
    assert before == "2 ['error'] PYTHONOPTIMIZE PYTHONUNBUFFERED PYTHONWARNINGS"
    assert (after, said) == ("0 [] PYTHONUNBUFFERED", f"standing, version {__version__}")
    told = [sys.executable, "-OO", "-m", "standing", "status"]
    done = subprocess.run(told, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "error: Python was started with -OO" in done.stderr


def test_a_flow_run_keeps_what_prefect_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"PREFECT__FLOW_RUN_ID": "1", "PREFECT_HOME": "a"}
    assert told.items() < pinned({**told, "DBT_TARGET": "b"}, monkeypatch).items()


def test_a_terminal_without_our_letters_gets_their_numbers() -> None:
    said = "import standing.surroundings as s; s.pin(); print('✓ ไทย')"
    shell = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-c", said], env=shell, capture_output=True, check=True)
    assert done.stdout.strip() == "✓ ไทย".encode("latin-1", "backslashreplace")


def test_operators_can_read_what_is_known() -> None:
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    assert [name for name in sorted(KNOWN) if name not in page] == []
