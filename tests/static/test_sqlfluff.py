"""SQL lint: in a file of its own, because it takes as long as the rest of the checks together."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import make_url

from standing import PROJECT_ROOT
from standing.build.dbt import environment
from standing.settings import Settings

#: Looking for garbage among millions of segments that all live to the end takes a third of the time.
LINT = "import gc; gc.disable(); from sqlfluff.cli.commands import cli; cli()"


@pytest.mark.timeout(1200)
def test_sqlfluff_finds_nothing(built: Settings) -> None:
    variables = environment(built, make_url(built.database_url or ""))
    done = subprocess.run(
        [sys.executable, "-c", LINT, "lint", "models", "tests/dbt", "--disable-progress-bar"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
