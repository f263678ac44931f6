"""A run that finds nobody due ends with its plan: few queries, no slow library, a clear message."""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any, NoReturn

import pytest
from conftest import MakeDatabase
from psycopg import Cursor
from support.decided import do, scalar

from standing.contract.relations import question
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.incremental.observed import BuildRequest
from standing.incremental.plan import make_plan
from standing.run import outcome as outcomes
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

#: A run as a process of its own, which says at its end what it has loaded and whom it has begun.
RUN = """
import json, multiprocessing, sys
from standing.cli import main
sys.argv = ["standing", "run"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
modules = sorted(name.split(".")[0] for name in sys.modules)
print(json.dumps([len(multiprocessing.active_children()), modules]))
"""


@pytest.fixture
def idle(make_database: MakeDatabase, published_template: str) -> Settings:
    """A marketplace in which nobody is due, and one order is set aside."""
    marketplace = make_database(published_template)
    with connect(marketplace) as engine:
        do(
            engine,
            "update orders set total_amount = 20000000"
            " where id = (select id from orders order by id limit 1)",
        )
        execute(marketplace, Request())
        do(engine, "update standing.member_state set due_at = null")
    return marketplace


def test_an_idle_run_loads_neither_dbt_nor_great_expectations(idle: Settings) -> None:
    environment = {**os.environ, "STANDING_HOME": str(idle.home), "DATABASE_URL": idle.database_url or ""}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "find the due: done in" in done.stderr
    children, modules = json.loads(done.stdout.splitlines()[-1])
    assert children == 0
    assert {"sqlalchemy", "standing"} <= set(modules)
    assert not {"dbt", "great_expectations", "prefect"} & set(modules)


def test_an_idle_run_reports_what_it_left_as_it_was(
    idle: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # Ended while it writes its report, it says so itself.
    with monkeypatch.context() as context:
        context.setattr(outcomes, "write_report", interrupt)
        with pytest.raises(KeyboardInterrupt):
            execute(idle, Request())
    with connect(idle) as engine:
        last = "select status || ': ' || message from standing.runs order by run_id desc limit 1"
        assert scalar(engine, last) == "failed: interrupted"
    outcome = execute(idle, Request())
    assert [stage.name for stage in outcome.stages] == ["find the due", "audit sources"]
    assert outcome.stages[0].detail == "nobody is due"
    assert outcome.status == "published"
    assert outcome.message.startswith("nothing changed")
    assert outcome.content is not None
    assert outcome.content.verdict.headline.startswith("Nobody was due: nothing was built or written.")
    assert {one.source for one in outcome.content.freshness} == {"orders", "reviews"}
    assert [(one.source, one.rows) for one in outcome.content.quarantine if one.rows] == [("orders", 1)]


def test_a_plan_asks_nothing_twice(idle: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    execute = Cursor.execute

    def counted(cursor: Cursor[Any], query: Any, *arguments: Any, **options: Any) -> Cursor[Any]:
        asked.update([query.decode() if isinstance(query, bytes) else str(query)])
        return execute(cursor, query, *arguments, **options)

    with connect(idle) as engine:
        now = wall_clock(engine)
        monkeypatch.setattr(Cursor, "execute", counted)
        assert make_plan(engine, idle, BuildRequest(99, now, TARGETS)).nobody
    questions = {
        statement: times
        for statement, times in asked.items()
        if statement.lstrip().split(maxsplit=1)[0].lower() in ("select", "with")
    }
    assert len(questions) > 5
    assert set(questions.values()) == {1}, questions
    assert question() in questions
