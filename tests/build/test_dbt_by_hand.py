"""dbt as somebody calls it by hand, with what `standing env` prints: runs stay right, or it is refused."""

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from conftest import Standing
from dotenv import dotenv_values
from sqlalchemy import Engine, make_url, text
from support.decided import column, do, scalar

from standing.build import dbt
from standing.build.dbt_patches import run_command
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.lock import LockTaken, run_lock
from standing.decisions.edit import find_edit
from standing.incremental.observed import BuildRequest
from standing.incremental.plan import Plan, make_plan
from standing.settings import Settings

#: Calls dbt, and gives what is wrong with what it did; empty if it did it.
Dbt = Callable[..., str]


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


@pytest.fixture
def plan(marketplace: Settings, database: Engine) -> Callable[[], Plan]:
    """Finds the due as a run begins, and goes no further."""

    def make() -> Plan:
        do(database, "update users set created_at = created_at - interval '1 s' where id in (table one)")
        last = scalar(database, "select max(run_id) from standing.runs")
        return make_plan(database, marketplace, BuildRequest(last + 1, wall_clock(database), TARGETS))

    do(database, "create table if not exists one as select id from users order by id limit 1")
    return make


@pytest.fixture(scope="module")
def call(marketplace: Settings) -> Dbt:
    """Bare dbt, but in this process and parsed once."""
    from dbt.cli.main import dbtRunner

    variables = dbt.by_hand(marketplace, make_url(marketplace.database_url or ""))
    parsed: Any = run_command(dbtRunner(), variables, "parse").result

    def run(*arguments: str) -> str:
        for name in ("run_says", "run_before"):  # what one command keeps
            parsed.flat_graph.pop(name, None)
        done = run_command(dbtRunner(manifest=parsed), variables, *arguments, "--no-write-json")
        results = getattr(done.result, "results", None) or ()
        wrong = [str(one.message) for one in results if one.status in ("error", "fail")]
        return " ".join([*wrong, str(done.exception or "")]).strip()

    return run


def test_what_is_built_by_hand_is_built_anew_by_the_next_run(
    call: Dbt, plan: Callable[[], Plan], marketplace: Settings, database: Engine
) -> None:
    assert 0 < plan().users < 10
    assert plan().is_prepared
    do(database, "update standing_build.trust_levels set min_score = 0")
    assert (
        call("build", "--select", "int_user_metrics", "trust_levels", "--exclude-resource-type", "test")
        == ""
    )
    assert scalar(database, "select count(*) from standing_build.trust_levels where min_score > 0") == 4
    noted = column(database, "select model from standing_build.by_hand order by 1")
    assert noted == ["int_user_metrics", "trust_levels"]
    with database.connect() as connection:
        assert find_edit(connection, marketplace).built >= {"int_user_metrics"}
    made = plan()
    assert made.reasons == ("int_user_metrics was built with dbt by hand",)
    assert not made.is_prepared
    again = plan()  # the run before was ended here
    assert again.reasons == made.reasons
    assert not again.is_prepared
    assert scalar(database, "select count(*) from standing_build.by_hand") == 0


def test_rows_derived_by_hand_are_derived_anew(
    call: Dbt, plan: Callable[[], Plan], database: Engine
) -> None:
    everything = "update standing_build.run_context set everything = true"
    do(database, everything)  # as after a run that derived all
    assert call("run", "--select", "int_review_days") == ""
    assert plan().stale is None


GONE = "alter table standing_build.{0} rename to {0}_before"
#: What is called → what is so before, and what is said.
REFUSED = {
    ("build", "--full-refresh", "--select", "user_trust_scores"): (
        "update standing_build.run_context set everybody = false",
        "user_trust_scores would have no other rows; standing run --full",
    ),
    ("build", "--full-refresh", "--select", "int_user_trade", "int_user_metrics"): (
        "update standing_build.run_context set everybody = true",  # a run of the tiers may have been
        "select +int_user_metrics, so that it is made for everybody, too",
    ),
    ("run", "--select", "user_trust_scores", "int_seller_stock_and_balances"): (
        "update standing_build.run_context set everybody = false, everything = false;"
        + ";".join(map(GONE.format, ("user_trust_scores", "int_seller_stock_and_balances"))),
        "user_trust_scores would have no other rows; standing run --full",
        "int_seller_stock_and_balances would have no other rows; standing run --full",
    ),
    ("build", "--select", "user_trust_scores", "--empty"): ("select", "standing diff tries an edit"),
    ("build", "--select", "user_trust_scores", "--defer", "--state", "{target}"): (
        "select",
        "standing diff builds what an edit changes",
    ),
    ("clone", "--select", "user_trust_scores", "--state", "{target}", "--full-refresh"): (
        "select",
        "dbt clone would make views on tables that the next run drops",
    ),
    ("run", "--select", "stg_users"): (
        GONE.format("by_hand"),
        "no run has built in schema standing_build",
    ),
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_would_be_wrong_by_hand_is_refused_by_name(
    arguments: tuple[str, ...], call: Dbt, marketplace: Settings, database: Engine
) -> None:
    before, *sentences = REFUSED[arguments]
    do(database, before)
    target = str(dbt.files_by_hand(marketplace) / "target")
    try:
        said = call(*(one.format(target=target) for one in arguments))
    finally:
        for name in column(database, "select relname from pg_class where relname like '%_before'"):
            do(database, f"alter table standing_build.{name} rename to {name.removesuffix('_before')}")
    for sentence in sentences:
        assert sentence in said
    assert scalar(database, "select count(*) from standing_build.user_trust_scores") == 300


def test_dbt_by_hand_stops_beside_a_run_and_a_run_waits_for_what_it_makes(
    call: Dbt, database: Engine
) -> None:
    """Each model notes itself, so it asks for the lock, too: a run may have begun since dbt did."""
    noting = ("run-operation", "note_by_hand", "--args", "{name: stg_users}")
    with run_lock(database, 0):
        assert "a run is at work; wait for it: standing status" in call("run", "--select", "stg_users")
        assert call(*noting) != ""
    assert call(*noting) == ""
    with database.connect() as connection:
        key = "('x' || encode('standing', 'hex'))::bit(64)::bigint"
        connection.execute(text(f"select pg_try_advisory_xact_lock_shared({key})"))
        with pytest.raises(LockTaken), run_lock(database, 0):
            pass


def test_the_environment_is_the_same_in_every_form_and_says_where_it_has_a_password(
    marketplace: Settings, standing: Standing
) -> None:
    password = "it's $HOME, \\`x`\"%"
    url = make_url(marketplace.database_url or "").set(password=password)
    given = marketplace.model_copy(update={"database_url": url.render_as_string(hide_password=False)})
    done = standing.inside(given, "env", "--json", PGUSER="nobody")
    variables = json.loads(done.stdout)
    assert variables[dbt.PASSWORD] == password
    assert "DBT_ENV_SECRET_STANDING_PASSWORD is the database's password" in done.stderr
    assert dotenv_values(stream=StringIO(standing.told(given, "env", "--dotenv"))) == variables

    printed = standing.told(given, "env")
    script = f"PGUSER=nobody; export PGUSER\n{printed}\nenv -0"
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    found = dict(one.split("=", 1) for one in shell.stdout.split("\0") if one)
    assert variables.items() <= found.items()
    assert not {"PGUSER", "PGHOST"} & found.keys()

    done = standing.inside(marketplace, "env", **{dbt.PASSWORD: "of another shop"})
    assert dbt.PASSWORD in done.stdout.splitlines()[-1]
    assert done.stderr == ""
