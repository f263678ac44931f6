"""After any history, a run of the due leaves what a run of everybody would leave."""

import csv
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Any, ClassVar

import pytest
from conftest import Standing
from hypothesis import HealthCheck, Phase, assume
from hypothesis import seed as same_each_time
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from reference.histories import EDITS, EMPTIED, arrive, edit, forbid_nothing, rekey, remove, repeat
from reference.loading import documents, empty
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from support.clock import set_clock
from support.project import Project
from support.proofs import is_proof
from support.unaudited import unaudited

from standing import PROJECT_ROOT
from standing.build import dbt
from standing.build.prepared import preparing
from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS, SELECTIONS, TARGETS, Target
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.embedded import Server
from standing.decisions.approval import approve, reject
from standing.decisions.undo import resume, undo
from standing.errors import StandingError
from standing.gate.verdict import GateVerdict
from standing.incremental import materialized
from standing.incremental.plan import open_build
from standing.publish.publish import publish_changes
from standing.run.execute import execute
from standing.run.outcome import RunOutcome
from standing.run.run import Changes, Request, Run, Stage, StageOutput
from standing.settings import Settings, load_settings

#: Changes before a run is compared, and changes without anything rare, at most.
SPACING, CALM = 34, 26
#: Much the same draws each time; hypothesis also draws what it finds in the code that is loaded.
CI_DRAWS = 91
#: What comes rarely, for most of it makes everybody due: nothing would be left to be proven if it came
#: often. In this order, over and over.
RARE = (
    "a_table_is_emptied",
    "a_run_is_cut_short",
    "policy_is_edited",
    "a_run_is_killed",
    "a_setting_is_changed",
    "the_gate_stops_a_run",
    "a_part_is_run",
)
SEEDS = st.integers(0, 2**32)
PARTS = sorted(SELECTIONS)
#: Where a run may end too early.
STAGES = ("find the due", "build", "diff", "publish")
CLOCK = ("last_calculated", "last_updated", "next_review", "valid_until")
#: Seed, key column and value, column, and what an analyst may set it to.
POLICY = (
    ("tier_policy", "tier", "established", "min_orders", ("50", "12")),
    ("policy_numbers", "name", "evaluation_min_resolved", "value", ("40", "3")),
    ("policy_numbers", "name", "adjusted_rating_k", "value", ("5", "10")),
    ("policy_numbers", "name", "max_orders_per_partner", "value", ("0", "2")),
    ("policy_numbers", "name", "reviews_need_order", "value", ("0", "1")),
    ("policy_numbers", "name", "min_counted_amount", "value", ("0", "20")),
)


class Stopped(StandingError):
    """Stands for whatever ends a run in the middle."""


def stop() -> None:
    raise Stopped("cut short")


def die() -> None:
    os.kill(os.getpid(), SIGKILL)


class History(RuleBasedStateMachine):
    """Random changes with incremental runs in between; `marketplace` is set by the test."""

    marketplace: ClassVar[Settings]
    engine: ClassVar[Engine]
    reasons: ClassVar[list[str]] = []
    project: ClassVar[Project]
    first_clock: ClassVar[datetime]
    clock: ClassVar[datetime]
    #: How often what happened: changes, and what comes rarely, by its name.
    happened: ClassVar[Counter[str]] = Counter()
    #: Which history it is: by turns one has a grace before demotions; the order of what comes rarely goes
    #: on.
    turn: ClassVar[int] = 0
    with_grace: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.settings = self.marketplace
        #: Changes since the last run, so that a history is more than runs.
        self.changes = 0
        self.open: Connection | None = None
        #: What comes rarely, without end.
        self.rare: Iterator[str] = iter(())
        #: Changes since something rare came.
        self.calm = 0
        self.arrivals = 0

    def _change(self, work: Callable[[Connection], None]) -> None:
        """In a transaction of its own; given up if another one holds the lock, as an application would."""
        self.happened["change"] += 1
        self.changes += 1
        self.calm += 1
        try:
            with self.engine.begin() as connection:
                connection.execute(text("set local lock_timeout = '100ms'"))
                work(connection)
        except OperationalError as error:
            if "lock" not in str(error.orig):
                raise

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        """From nothing, so that the same draws give the same history.

        Hypothesis begins with all draws zero: the same change again and again, and nobody is due.
        """
        assume(seed > 0)
        type(self).clock = self.first_clock
        self.rare = islice(cycle(RARE), self.turn * (len(RARE) // 2), None)
        grace = ("0", "30")[self.turn % 2]
        shutil.copytree(PROJECT_ROOT / "seeds", self.project.folder / "seeds", dirs_exist_ok=True)
        for tier in ("rising", "established", "power_seller", "top_seller"):
            self._set_policy("tier_policy", "tier", tier, "demotion_grace_days", grace)
        self.has_grace = grace != "0"
        with self.engine.begin() as connection:
            connection.execute(text("drop schema if exists standing_build, everybody cascade"))
            connection.execute(
                text(
                    "truncate standing.runs, standing.change_log, standing.due, standing.member_state,"
                    " standing.target_state, standing.holds, standing.change_sets"
                )
            )
            empty(connection)
        self.members_arrive(seed, 25)
        self._run("all")

    @rule(seed=SEEDS, number=st.sampled_from((1, 1, 2, 12)))
    def members_arrive(self, seed: int, number: int) -> None:
        self.arrivals += 1
        roll = Random(self.arrivals << 32 | seed)  # noqa: S311 - the same draw brings others the next time
        self._change(lambda connection: arrive(connection, roll, self.clock, number))

    @rule(seed=SEEDS, table=st.sampled_from([*sorted(EDITS), "orders", "orders", "reviews", "users"]))
    def rows_are_edited(self, seed: int, table: str) -> None:
        self._change(lambda connection: edit(connection, Random(seed), self.clock, table))  # noqa: S311

    @rule(seed=SEEDS)
    def keys_change(self, seed: int) -> None:
        self._change(lambda connection: rekey(connection, Random(seed)))  # noqa: S311

    @rule(seed=SEEDS, table=st.sampled_from(sorted(EDITS)))
    def rows_and_members_go(self, seed: int, table: str) -> None:
        self._change(lambda connection: remove(connection, Random(seed), table))  # noqa: S311

    @rule(seed=SEEDS)
    def a_member_goes_and_comes_back(self, seed: int) -> None:
        """With the key it had, and nothing else."""

        def work(connection: Connection) -> None:
            chosen = Random(seed).random()  # noqa: S311
            gone = connection.scalar(
                text(
                    "with member as (select id from users order by id offset"
                    " (select floor(:chosen * count(*)) from users) limit 1)"
                    " delete from users where id = (select id from member) returning id"
                ),
                {"chosen": chosen},
            )
            if gone:
                connection.execute(text("insert into users (id) values (:id)"), {"id": gone})

        self._change(work)

    @rule(seed=SEEDS)
    def rows_repeat(self, seed: int) -> None:
        self._change(lambda connection: repeat(connection, Random(seed)))  # noqa: S311

    @rule(seed=SEEDS, now=st.sampled_from((*7 * [False], True)))
    def something_rare_comes(self, seed: int, now: bool) -> None:
        if now:
            self._comes(Random(seed))  # noqa: S311

    @precondition(lambda self: self.calm > CALM)
    @invariant()
    def something_rare_has_come(self) -> None:
        self._comes(Random(self.arrivals))  # noqa: S311

    def _comes(self, roll: Random) -> None:
        self.calm = 0
        kind = next(self.rare)
        self.happened[kind] += 1
        getattr(self, kind)(roll)

    def a_table_is_emptied(self, roll: Random) -> None:
        table = roll.choice(EMPTIED)
        meant = "update standing.runs set summary = summary - 'filled'"  # else the next run would stop
        statements = text(f"truncate {table} cascade; {meant}")
        self._change(lambda connection: connection.execute(statements) and None)

    @precondition(lambda self: self.open is None)
    @rule(seed=SEEDS, table=st.sampled_from(("orders", "reviews", "messages", "disputes")))
    def a_transaction_stays_open(self, seed: int, table: str) -> None:
        self.open = self.engine.connect()
        edit(self.open, Random(seed), self.clock, table)  # noqa: S311

    @precondition(lambda self: self.open is not None)
    @rule(kept=st.booleans())
    def the_open_transaction_ends(self, kept: bool) -> None:
        assert self.open is not None
        (self.open.commit if kept else self.open.rollback)()
        self.open.close()
        self.open = None

    @rule(hours=st.sampled_from((0.1, 1, 20, 24, 80, 200, 24 * 31, 24 * 91)))
    def time_passes(self, hours: float) -> None:
        type(self).clock += timedelta(hours=hours)

    def policy_is_edited(self, roll: Random) -> None:
        *where, values = roll.choice(POLICY)
        self._set_policy(*where, roll.choice(values))

    def _set_policy(self, seed: str, key: str, name: str, column: str, value: str) -> None:
        path = self.project.folder / "seeds" / f"{seed}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row[key] == name:
                row[column] = value
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def a_setting_is_changed(self, _: Random) -> None:
        gold = 12 - self.settings.min_transactions_for_gold
        self.settings = self.settings.model_copy(update={"min_transactions_for_gold": gold})

    def a_run_is_cut_short(self, roll: Random) -> None:
        self._make_somebody_due()
        outcome = self._run(roll.choice(PARTS), roll.choice(STAGES[1:]))
        assert outcome.status == "failed" or outcome.stages[0].detail == "nobody is due"

    def _make_somebody_due(self) -> None:
        """Of each kind, where there is anybody: a run of nobody has no later stage."""
        with self.engine.begin() as connection:
            for target, members in (("trust_score", "users"), ("tier_info", "seller_profiles")):
                connection.execute(
                    text(
                        "insert into standing.due (target, member_id)"
                        f" select '{target}', id from {members} order by id limit 1 on conflict do nothing"
                    )
                )

    def a_run_is_killed(self, roll: Random) -> None:
        """A fork of this process runs, and ends itself without a word where it is told to."""
        self._make_somebody_due()
        told = (roll.choice(PARTS), roll.choice(STAGES), die)
        killed = get_context("fork").Process(target=self._run, args=told)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DBT_STATIC_PARSER", "false")  # its threads do not come along
            killed.start()
        killed.join(600)
        last = (
            "select concat(status, ': ', summary ->> 'plan') from standing.runs"
            " order by run_id desc limit 1"
        )
        ended = (killed.exitcode, self._scalar(last))
        assert ended in ((-SIGKILL, "running: "), (0, "published: nobody is due"))

    def the_gate_stops_a_run(self, roll: Random) -> None:
        """It holds some targets or all; later runs go on without them, until somebody decides."""

        def work(connection: Connection) -> None:
            connection.execute(
                text("update users set email_verified = not coalesce(email_verified, false)")
            )

        self._change(work)
        selection = roll.choice(("all", "scores"))

        def perform(stage: Stage, run: Run) -> StageOutput:
            found = run.last(Changes)
            if stage.name == "gate" and found is not None:
                held = roll.sample(
                    [target.name for target in run.targets], roll.randint(1, len(run.targets))
                )
                checks = (
                    replace(one, verdict="stopped" if one.target in held else "passed")
                    for one in found.measured.checks
                )
                run.parts.append(replace(found, measured=GateVerdict(tuple(checks))))
            return stage.work(run)

        outcome = execute(self.settings, Request(selection), perform)
        if outcome.status == "stopped":
            self.happened["stopped"] += 1
            self._change(lambda connection: edit(connection, roll, self.clock, "orders"))
            assert self._run(selection).status == ("published" if outcome.published else "waiting")
            self._decide(outcome, roll)

    def _decide(self, outcome: RunOutcome, roll: Random) -> None:
        decision = roll.choice(("approve", "reject", "undo" if any(outcome.written.values()) else "reject"))
        if decision == "approve":
            assert approve(self.settings, outcome.run_id).status == "published"
        elif decision == "reject":
            reject(self.settings, outcome.run_id, "another try")
        else:
            undo(self.settings, outcome.run_id)
            resume(self.settings, outcome.run_id)

    def a_part_is_run(self, roll: Random) -> None:
        assert self._run(roll.choice(("scores", "tiers"))).status == "published"

    @precondition(lambda self: self.changes >= SPACING)
    @invariant()
    def a_run_leaves_what_a_full_one_would(self) -> None:
        self.changes = 0
        outcome = self._run("all")
        assert outcome.status == "published", outcome.message
        self.reasons.append(outcome.stages[0].detail)
        type(self).with_grace += self.has_grace
        compare(self.engine, self.settings, outcome)

    def _scalar(self, statement: str) -> object:
        with self.engine.connect() as connection:
            return connection.scalar(text(statement))

    def _run(self, selection: str, stop_at: str = "", end: Callable[[], None] = stop) -> RunOutcome:

        def perform(stage: Stage, run: Run) -> StageOutput:
            if stage.name == stop_at == "publish":
                # The first table is written, the others are not.
                publish_changes(run.engine, run.settings, run.targets[:1], run.lock, run.run_id)
            if stage.name == stop_at:
                end()
            return GateVerdict() if stage.name == "gate" else stage.work(run)

        return execute(self.settings, Request(selection), perform)

    def teardown(self) -> None:
        if self.open is not None:
            self.open.close()
        if sys.exc_info()[0] is None:  # one that failed is played again
            type(self).turn += 1


def compare(engine: Engine, settings: Settings, outcome: RunOutcome) -> None:
    """Compare all documents, columns and marts, with a full build's at the same moment."""
    assert outcome.as_of is not None
    full = settings.model_copy(update={"build_schema": "everybody"})
    plan = open_build(engine, full, outcome.run_id, outcome.as_of, TARGETS)
    if plan.is_prepared:
        dbt.invoke(full, engine.url, "run", "--full-refresh", *dbt.BUT_STAGING)
    else:
        with preparing(engine, full, TARGETS, plan.fingerprint):
            dbt.invoke(full, engine.url, "seed")
            dbt.invoke(full, engine.url, "run", "--full-refresh")
    wanted = documents(engine, full)
    built = documents(engine, settings)
    for target in DOCUMENTS:
        missing = wanted[target.name].keys() - built[target.name].keys()
        # Whoever has a row of another table since this run is due.
        assert missing <= (waiting(engine, target) if target.held_in else set()), target.name
        published = columns(engine, target)
        for member in built[target.name]:
            document = wanted[target.name][member]
            for where, found in (("built", built[target.name]), ("published", published)):
                apart = list(differing(content(found[member]), content(document)))
                assert not apart, f"{where} {target.name} {member}"
            # Whoever is not due must not need to be.
            assert built[target.name][member]["valid_until"] == document["valid_until"], (
                f"{target.name} {member}"
            )

    for model in COMPARED:
        assert not derived_otherwise(engine, settings, full, model), model
    written = (WRITTEN.format(schema=one.build_schema) for one in (settings, full))
    assert not in_one_only(engine, *written), "int_message_days"


#: What may stay otherwise than a build of everything has it: a thread that has left every window, and a
#: row set aside that has no key, that waits for its time, or of a source that only builds of everything
#: look at.
KEPT = {
    materialized.THREADS.name: "next_step_at is not null"
    " or sent_at > (select as_of from {schema}.run_context) - interval '364 days'",
    materialized.QUARANTINE.name: "row_id is not null and reason != 'created in the future'",
}


#: Rows that must be as a build of everything makes them.
COMPARED = (
    *(model.name for model in materialized.ROW_FACTS),
    "int_user_messages",
    "int_user_sessions",
    "int_seller_stock_and_balances",
    "int_order_days",
    "int_review_days",
    "int_repeat_purchases",
    materialized.QUARANTINE.name,
    # Facts of everybody.
    *dict.fromkeys(model for target in TARGETS for model in target.facts),
)
#: What counts of the days on which somebody wrote: which older ones are one row together is told by no
#: document.
WRITTEN = (
    "select user_id, max(last_sent_at), min(next_step_at),"
    " array_agg(day order by day) filter (where last_sent_at > as_of - interval '29 days')"
    " from {schema}.int_message_days cross join {schema}.run_context group by user_id"
)


def derived_otherwise(engine: Engine, settings: Settings, full: Settings, model: str) -> list[Any]:
    """Rows that stayed otherwise than a build of everything derives them, from either side."""

    def rows(schema: str) -> str:
        where = KEPT.get(model, "true").format(schema=schema)
        return f"select to_jsonb(kept) from {schema}.{model} as kept where {where}"

    return in_one_only(engine, rows(settings.build_schema), rows(full.build_schema))


def in_one_only(engine: Engine, some: str, others: str) -> list[Any]:
    """The rows that only one of two queries gives."""
    statement = f"(({some}) except all ({others})) union all (({others}) except all ({some}))"
    with engine.connect() as connection:
        return list(connection.execute(text(statement)).all())


def waiting(engine: Engine, target: Target) -> set[str]:
    with engine.connect() as connection:
        due = text("select member_id::text from standing.due where target = :target")
        return set(connection.scalars(due, {"target": target.name}))


def columns(engine: Engine, target: Target) -> dict[str, Any]:
    document = f"{target.table_key}::text, {present(target, 't')}::text"
    with engine.connect() as connection:
        rows = connection.execute(text(f"select {document} from {target.table} as t"))
        return {
            key: json.loads(document, parse_float=Decimal, parse_int=Decimal) if document else {}
            for key, document in rows
        }


def differing(found: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Each place where two documents differ, with both values."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted(found.keys() | wanted.keys()):
            yield from differing(found.get(key), wanted.get(key), f"{path}.{key}")
    elif found != wanted:
        yield f"{path}: {found} is not {wanted}"


def content(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in CLOCK}


@pytest.fixture
def history(
    postgres: Server,
    administer: Callable[[str], None],
    upgraded_template: str,
    standing: Standing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[type[History]]:
    """An empty marketplace without constraints, a clock, and a project whose policy may be edited.

    Audits would stop at half of these histories.
    """
    administer(f"create database incremental template {upgraded_template}")
    settings = load_settings(
        STANDING_HOME=tmp_path / "home", DATABASE_URL=postgres.url("incremental"), STANDING_PUBLISH_CHUNK=40
    )
    project = Project(tmp_path / "project", settings)
    with unaudited(), project.at_work(), connect(settings) as engine:
        with engine.begin() as connection:
            forbid_nothing(connection)
        # What a row of the log names depends on which keys are unique.
        standing.told(settings, "migrate")
        with engine.begin() as connection:
            forbid_nothing(connection)  # the upgrade's own tables have their keys again
        History.marketplace, History.engine, History.project = settings, engine, project
        # Ahead of the server's own clock: what is published lies in the past of every run.
        History.first_clock = wall_clock(engine) + timedelta(days=1)
        History.happened, History.reasons, History.turn = Counter(), [], 0
        History.with_grace = 0
        set_clock(monkeypatch, lambda: History.clock)
        yield History
    administer("drop database incremental with (force)")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("histories", "steps"),
    [pytest.param(1, 110, id="one"), pytest.param(8, 210, id="many", marks=pytest.mark.prove)],
)
def test_after_any_history_the_due_alone_give_what_everybody_would(
    history: type[History], histories: int, steps: int, seed: int, request: pytest.FixtureRequest
) -> None:
    """One history, much the same each time; as a proof many, other ones each time."""
    run_state_machine_as_test(
        same_each_time(seed if is_proof(request.node) else CI_DRAWS)(history),
        settings=hypothesis(
            max_examples=histories,
            stateful_step_count=steps,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert history.happened["change"] > histories * steps / 2, history.happened
    rare = {*RARE, "stopped"} & history.happened.keys()
    # After so many changes something rare has to come, so that one history has two of them at least.
    assert len(rare) >= 2 if histories == 1 else len(rare) == len(RARE) + 1, history.happened
    of_the_due = [said for said in history.reasons if not said.startswith("everybody")]
    # Comparing one run of everybody with another would prove nothing.
    assert len(of_the_due) > len(history.reasons) / 3, history.reasons
    if histories > 1:
        assert 0 < history.with_grace < len(history.reasons)
