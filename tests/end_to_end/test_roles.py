"""A role that owns nothing runs everything, and each right that it lacks is named with its grant."""

import json
import re
from pathlib import Path

import pytest
from conftest import MakeDatabase, Standing
from support.decided import PAPERS_LOST
from support.roles import OWNER, RUNNER, as_role, give_away, run_sql

from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_pictures")

#: What is taken from the runner → the command that is refused, what is said of it, and the grant.
TAKEN = {
    f"revoke usage on schema public from {RUNNER}, public": (
        "status",
        r"usage on schema public \(the application's tables\)",
        f'grant usage on schema "public" to "{RUNNER}"',
    ),
    f"revoke select on disputes, orders from {RUNNER}": (
        "status",
        r"select on tables public.disputes, public.orders \(scores are made of them\)",
        f'grant select on table "public"."disputes", "public"."orders" to "{RUNNER}"',
    ),
    f"revoke update (behavior_score) on users from {RUNNER}": (
        "run",
        r"update \(behavior_score\) on table public.users \(documents are published there\)",
        f'grant update ("behavior_score") on table "public"."users" to "{RUNNER}"',
    ),
    f"revoke usage on schema standing from {RUNNER}": (
        "why",
        r"usage on schema standing \(Standing's own tables\)",
        f'grant usage on schema "standing" to "{RUNNER}"',
    ),
    f"revoke delete on standing.due, standing.history from {RUNNER}": (
        "undo",
        r"delete on tables standing.history, standing.due \(what runs do is entered, changed and erased\)",
        f'grant delete on table "standing"."history", "standing"."due" to "{RUNNER}"',
    ),
    f"revoke select on sequence standing.changes_missed from {RUNNER}": (
        "status",
        r"select on sequence standing.changes_missed",
        f'grant select on sequence "standing"."changes_missed" to "{RUNNER}"',
    ),
    "drop schema standing_build_shadow": (
        "reconcile",
        r"schema standing_build_shadow, which is not there yet \(`standing reconcile` builds there\)",
        f'create schema "standing_build_shadow" authorization "{RUNNER}"',
    ),
    f"revoke usage on schema standing_build from {RUNNER}": (
        "run",
        r"schema standing_build \(`standing run` builds there\)",
        f'grant usage, create on schema "standing_build" to "{RUNNER}"',
    ),
    f"alter table standing_build.run_context owner to {OWNER}": (
        "run",
        r"schema standing_build, in which another role owns run_context",
        f'alter table "standing_build"."run_context" owner to "{RUNNER}"',
    ),
}
ARGUMENTS = {
    "why": ("user", "13c916e1-1c88-4690-a3c7-1ab7e06e4eda"),
    "undo": ("1", "--reason", "a test"),
}


def test_a_runner_that_owns_nothing_does_everything_but_the_upgrade(
    make_database: MakeDatabase, published_template: str, standing: Standing
) -> None:
    marketplace = make_database(published_template)
    runner = give_away(marketplace, standing)
    owner = as_role(marketplace, OWNER)
    assert "nothing to do" in standing.told(owner, "migrate")

    refused = standing.inside(runner, "rollback", "--yes")
    assert refused.returncode == 4
    assert "may neither upgrade nor roll back: it would need create in schema public" in refused.stderr

    file = marketplace.home / "runners.dump"
    refused = standing.inside(runner, "backup", str(file))
    whole = f"a backup is of the whole database, and role {RUNNER} may not read "
    assert (refused.returncode, file.exists()) == (1, False), refused.stderr
    assert whole in refused.stderr
    assert "run it as the owner" in refused.stderr

    for taken, (command, named, grant) in TAKEN.items():
        run_sql(marketplace, taken)
        told = standing.inside(runner, command, *ARGUMENTS.get(command, ()))
        assert told.returncode == 4, (taken, told.stdout, told.stderr)
        assert re.search(f"role '{RUNNER}' lacks .*{named}", told.stderr), (taken, told.stderr)
        assert grant in told.stderr, (taken, told.stderr)
        checks = json.loads(standing.inside(runner, "preflight", "--json").stdout)["checks"]
        lacks = [one for one in checks if one["name"] == "may run" and grant in one["fix"]]
        assert lacks, (taken, checks)
        assert {"publications", "connections"} <= {one["name"] for one in checks}  # it goes on
        run_sql(marketplace, "; ".join(one["fix"] for one in lacks))

    asked = standing.inside(runner, "preflight", "--json")
    states = {one["name"]: one["state"] for one in json.loads(asked.stdout)["checks"]}
    assert (asked.returncode, states["may upgrade"], states["may run"]) == (0, "note", "ok"), asked.stdout
    run_sql(marketplace, f"alter role {RUNNER} connection limit 0")
    refused = standing.inside(runner, "status")
    assert "too many connections" in refused.stderr
    assert "fix: raise max_connections, or the limit of the role" in refused.stderr
    run_sql(marketplace, f"alter role {RUNNER} connection limit -1")
    everything(marketplace, runner, standing)
    standing.told(owner, "rollback", "--yes", "--force")  # with what runs have built


def everything(marketplace: Settings, runner: Settings, standing: Standing) -> None:
    run_sql(marketplace, PAPERS_LOST)
    stopped = standing.inside(runner, "run", "scores")
    assert stopped.returncode == 6, stopped.stderr
    standing.told(runner, "diff", "--stopped")
    approved = json.loads(standing.told(runner, "approve", "2", "--json"))
    assert approved["written"]["trust_score"] > 0
    assert Path(approved["report"]).is_file()
    member = standing(
        runner, "psql", "--", "-Atc", "select id from users order by id limit 1"
    ).stdout.strip()
    assert "level" in standing.told(runner, "why", "user", member)
    standing.told(runner, "verify")
    standing.told(runner, "undo", str(approved["run_id"]), "--reason", "a test")
    assert "undone" in standing.told(runner, "status")
    standing.told(runner, "resume")
    kept = standing.inside(runner, "backtest")
    assert (kept.returncode, kept.stderr) == (0, "")
    standing.told(runner, "report")
