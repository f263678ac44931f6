"""A new version over a database of one of the first commits: the commands of docs/operations.md."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine
from support.decided import do, documents, scalar
from support.unaudited import unaudited

from standing.database import programs
from standing.database.conninfo import conninfo
from standing.settings import Settings

#: However old the fixture is by now, its run can be undone.
FOR_EVER = {"STANDING_HISTORY_DAYS": "36500"}
FIXTURE = Path(__file__).parent / "fixtures" / "first_commits.sql"


@pytest.fixture
def marketplace(make_database: MakeDatabase) -> Iterator[Settings]:
    """An empty database; what audits find in it is for their own tests."""
    with unaudited():
        yield make_database(STANDING_LOCK_WAIT_MINUTES=0)


def restore(database: Engine) -> None:
    program = programs.find_program("psql", programs.server_major(database))
    command = [str(program), "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(FIXTURE)]
    done = subprocess.run(
        [*command, conninfo(database.url)],
        env=programs.environment(database.url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_oldest_database_is_brought_forward_scored_reconciled_and_taken_back(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    def told(*arguments: str) -> str:
        return standing.told(marketplace, *arguments, **FOR_EVER)

    restore(database)
    old = documents(database)
    number = scalar(database, "select count(*) from standing.history where run_id = 1")
    refused = standing.inside(marketplace, "run")
    assert refused.returncode == 4
    assert "fix: standing migrate" in refused.stderr
    assert documents(database) == old

    told("migrate")
    assert told("migrate").startswith("nothing to do")
    assert documents(database) == old  # it scores nobody
    assert scalar(database, "select count(*) from standing.history where run_id = 1") == number

    done = json.loads(told("run", "--json"))
    assert (done["run_id"], done["status"]) == (2, "published")
    scored = documents(database)
    assert sum(done["written"].values()) > 0
    compared = json.loads(told("reconcile", "--json"))
    assert (compared["drift"], compared["left_out"]) == (0, [])
    # Documents, and the points of each user.
    assert compared["compared"] == sum(map(len, old.values())) + len(old["trust_score"])

    # Newer code may have upgraded it since: this one refuses and names it.
    newer = "insert into standing.versions (layout, digest, code) values (999, 'x', '9.9 (abc1234)')"
    do(database, newer)
    refused = standing.inside(marketplace, "run")
    assert refused.returncode == 4
    assert "a newer version of Standing: 9.9 (abc1234), layout 999" in refused.stderr
    do(database, "delete from standing.versions where layout = 999")

    # The new run is taken back, and then the first version's, of what that one wrote.
    undone = json.loads(told("undo", "2", "--json"))
    assert undone["restored"] == {name: number for name, number in done["written"].items() if number}
    assert documents(database) == old
    assert scored != old
    first = json.loads(told("undo", "1", "--json"))
    assert (sum(first["restored"].values()), first["changed_since"]) == (number, {})
