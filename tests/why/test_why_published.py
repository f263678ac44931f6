"""What `standing why` reads: facts of everybody, and what it says where some of them are lost."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from support.decided import column, do

from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.state.runs import last_published_as_of
from standing.why import Explanation, as_text, explain

pytestmark = pytest.mark.usefixtures("no_audits")

#: Some members who have orders of every kind, so that there is something to show.
BUSY = (
    "select {key}::text from standing_build.int_order_facts where {key} is not null {and_not_due}"
    " group by {key} order by count(*) filter (where outcome != 'completed') desc, {key} limit {number}"
)
#: The one among those whom the last run built.
BUSIEST_DUE = (
    "select buyer_id::text from standing_build.int_order_facts"
    " where buyer_id in (select user_id from standing_build.due_users)"
    " group by buyer_id order by count(*) desc, buyer_id limit 1"
)
#: What a crash of the server leaves empty.
UNLOGGED = (
    "select relname from pg_class where relnamespace = 'standing_build'::regnamespace"
    " and relkind = 'r' and relpersistence = 'u'"
)
EXPLAINED = ("documents", "factors", "labels")
CHANGE = (
    "update orders set total_amount = total_amount + 1"
    " where id in (select id from orders order by id limit 3)"
)
LOADED = """
import sys
from standing.settings import load_settings
from standing.why import as_text, explain
assert "trust score" in as_text(explain(load_settings(), "user", sys.argv[1]))
print(sorted({"dbt", "prefect", "great_expectations", "pandas"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    """One whose last run built a few members alone."""
    settings = module_database(published_template)
    with connect(settings) as engine:
        do(engine, CHANGE)
    assert not run(settings).startswith("everybody")
    return settings


@pytest.fixture
def engine(marketplace: Settings) -> Iterator[Engine]:
    with connect(marketplace) as found:
        yield found


def run(settings: Settings) -> str:
    """Run what is due; who that was."""
    outcome = execute(settings, Request())
    assert outcome.status == "published", outcome.message
    return outcome.stages[0].detail


def busy(engine: Engine, key: str, due: str, number: int = 1) -> list[str]:
    due_key = f"{due.removeprefix('due_').removesuffix('s')}_id"
    not_due = f"and {key} not in (select {due_key} from standing_build.{due})"
    return column(engine, BUSY.format(key=key, and_not_due=not_due, number=number))


def content(found: Explanation) -> dict[str, Any]:
    """An explanation less what is said of the moment alone."""
    for target in DOCUMENTS:
        for field in target.clock_fields if target.name in found.documents else ():
            found.documents[target.name].pop(field)
    return found.to_json()


def test_who_was_not_due_is_explained_as_by_a_build_of_the_same_moment(
    marketplace: Settings, engine: Engine
) -> None:
    moment = last_published_as_of(engine)
    asked = [
        *(("user", key) for key in busy(engine, "buyer_id", "due_users")),
        *(("user", key) for key in column(engine, BUSIEST_DUE)),
        *(("seller", key) for key in busy(engine, "seller_id", "due_sellers")),
    ]
    assert len(asked) == 3
    for kind, key in asked:
        read, built = explain(marketplace, kind, key), explain(marketplace, kind, key, moment)
        assert read.as_of == built.as_of == moment
        assert read.orders
        assert content(read) == content(built)


def test_explaining_loads_nothing_that_takes_seconds(marketplace: Settings, engine: Engine) -> None:
    (user,) = busy(engine, "buyer_id", "due_users")
    environment = {"STANDING_HOME": str(marketplace.home), "DATABASE_URL": marketplace.database_url or ""}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, user], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_what_a_crash_of_the_server_empties_is_not_shown_and_comes_back(
    marketplace: Settings, engine: Engine
) -> None:
    (user,) = busy(engine, "buyer_id", "due_users")
    (shop,) = busy(engine, "seller_id", "due_sellers")
    asked = (("user", user), ("seller", shop))
    before = [content(explain(marketplace, *one)) for one in asked]
    lost = column(engine, UNLOGGED)
    assert {"int_order_facts", "user_trust_scores", "trust_levels", "run_context"} <= set(lost)
    do(engine, *(f"truncate standing_build.{table}" for table in lost))
    for one, known in zip(asked, before, strict=True):
        found = explain(marketplace, *one)
        # Policy is kept with the runs: the sum of the factors is explained all the same.
        shown = content(found)
        assert {key: shown[key] for key in EXPLAINED} == {key: known[key] for key in EXPLAINED}
        assert (found.following, found.orders) == (None, {})
        assert as_text(found)
    do(engine, CHANGE)
    assert "a crash of the server has emptied the build" in run(marketplace)
    for one, known in zip(asked, before, strict=True):
        found = content(explain(marketplace, *one))
        assert found["as_of"] > known["as_of"]
        assert {**found, "as_of": None} == {**known, "as_of": None}


def test_facts_that_are_missing_make_everybody_due(marketplace: Settings, engine: Engine) -> None:
    (user,) = column(engine, BUSY.format(key="buyer_id", and_not_due="", number=1))
    before = content(explain(marketplace, "user", user))
    do(engine, "drop table standing_build.int_user_behavior cascade")
    found = explain(marketplace, "user", user)
    assert (found.following, found.orders) == (None, {})
    assert "int_user_behavior is missing from the build" in run(marketplace)
    assert content(explain(marketplace, "user", user))["following"] == before["following"]
