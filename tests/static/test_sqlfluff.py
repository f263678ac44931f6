"""SQL lint: in a file of its own, because it takes as long as the rest of the checks together."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import make_url

from standing import PROJECT_ROOT
from standing.dbt import environment
from standing.settings import Settings


@pytest.mark.timeout(1200)
def test_sqlfluff_finds_nothing(built: Settings) -> None:
    variables = environment(built, make_url(built.database_url or ""))
    command = [sys.executable, "-m", "sqlfluff", "lint", "models", "tests/dbt", "--disable-progress-bar"]
    done = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
