"""A target of a test's own: a small mart beside the build's, with a row for each of a few members."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, text
from support.decided import do, scalar
from support.waiting import until

from standing.contract import targets
from standing.contract.target import AnyTarget, Target
from standing.database.clock import wall_clock
from standing.database.lock import run_lock
from standing.database.owners import mark
from standing.decisions import undo as undoing
from standing.gate import change_sets
from standing.incremental.acknowledge import Published
from standing.publish.publish import TargetChanges, confirm_changes, find_changes, publish_changes
from standing.settings import Settings
from standing.state import erasure
from standing.state.runs import close_run, open_run


def build(engine: Engine, target: Target, documents: Mapping[str, Any]) -> None:
    """Make the mart anew, of these members' documents, and these members due."""
    mart = f"standing_build.{target.mart}"
    do(
        engine,
        f"drop table if exists {mart}",
        f"create table {mart} ({target.key} uuid primary key, document jsonb not null,"
        " valid_until timestamptz)",
        mark("table", mart),
        "truncate standing_build.due_users",
    )
    with engine.begin() as connection:
        for member, document in documents.items():
            given = {"member": member, "document": json.dumps(document), "target": target.name}
            for statement in (
                f"insert into {mart} values (:member, cast(:document as jsonb), '2030-01-01 00:00+00')",
                "insert into standing_build.due_users values (:member)",
                "insert into standing.due (target, member_id) values (:target, :member)"
                " on conflict do nothing",
            ):
                connection.execute(text(statement), given)


def find(engine: Engine, settings: Settings, target: AnyTarget) -> TargetChanges:
    return find_changes(engine, settings, (target,), wall_clock(engine))[0]


def publish(engine: Engine, settings: Settings, *targets: AnyTarget) -> int:
    """A run that publishes what the comparison has left; gives its number."""
    as_of = wall_clock(engine)
    run_id = open_run(engine, "all", as_of)
    with run_lock(engine, 0) as lock:
        written = publish_changes(engine, settings, targets, lock, run_id)
        confirm_changes(engine, settings, targets, lock, Published(run_id, False, _unchanged(*targets)))
    close_run(engine, run_id, "published", f"{sum(written.values())} written", {})
    return run_id


def stop(engine: Engine, settings: Settings, target: AnyTarget) -> int:
    """A run that the gate stops, with the change set of what the comparison has left; gives its number."""
    run_id = open_run(engine, target.selection, wall_clock(engine))
    change_sets.keep(engine, settings, (target,), run_id, _unchanged(target))
    close_run(engine, run_id, "stopped", "the gate stopped the run", {})
    return run_id


def _unchanged(*targets: AnyTarget) -> dict[str, str]:
    return {target.name: "" for target in targets}


def until_it_waits(engine: Engine) -> None:
    """Until a statement in this database waits for a lock."""
    waits = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    until(lambda: scalar(engine, f"select exists (select {waits})"), "a statement waits for a lock")


def declare(monkeypatch: pytest.MonkeyPatch, target: AnyTarget) -> None:
    """Runs and decisions of this test know the target, in a selection of its own."""
    known = (*targets.TARGETS, target)
    for module in (targets, undoing, change_sets, erasure):
        monkeypatch.setattr(module, "TARGETS", known)
    monkeypatch.setitem(targets.SELECTIONS, target.selection, (target.name,))
