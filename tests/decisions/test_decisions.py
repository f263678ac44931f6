"""What people decide about a stopped run, and the trial that an analyst makes before one."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from conftest import MakeDatabase, MakeTemplate, Standing
from sqlalchemy import Engine, create_engine
from support.decided import PAPERS_LOST, column, do, documents, scalar
from support.project import Project

from standing.database.lock import LockTaken, run_lock
from standing.decisions.approval import Approval, approve, reject
from standing.decisions.undo import undo
from standing.errors import StandingError
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings
from standing.why import explain

pytestmark = pytest.mark.usefixtures("no_pictures")

RUN = 2  # the stopped one; the template's first run has the number 1
#: Completed orders that gold asks for by the policy that is published, and by the stopped run's.
GOLD_PUBLISHED, GOLD_ASKED = 10, 30


@pytest.fixture(scope="module")
def stopped_template(make_template: MakeTemplate, published_template: str) -> str:
    """A database with a run of everybody, by another policy, that the gate stopped."""

    def fill(settings: Settings) -> None:
        engine = create_engine(settings.database_url or "")
        do(engine, PAPERS_LOST)
        engine.dispose()
        outcome = execute(
            settings.model_copy(update={"min_transactions_for_gold": GOLD_ASKED}), Request("scores")
        )
        assert (outcome.status, outcome.run_id) == ("stopped", RUN), outcome.message

    return make_template("stopped_template", published_template, fill)


@pytest.fixture
def marketplace(make_database: MakeDatabase, stopped_template: str) -> Settings:
    return make_database(
        stopped_template,
        STANDING_LOCK_WAIT_MINUTES=0,
        STANDING_PUBLISH_CHUNK=37,
        TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD=GOLD_ASKED,
    )


DUE = "select target || ' ' || member_id from standing.due order by 1"
SET = f"from standing.change_sets where run_id = {RUN} and target = 'trust_score'"


def looked_at(report: dict[str, Any]) -> list[str]:
    """The suites that the run itself has asked; of others it carries findings forward."""
    return [
        audit["suite"]
        for audit in report["audits"]
        if not all(outcome["looked_at"] for outcome in audit["outcomes"])
    ]


def test_approval_publishes_the_stored_set_and_leaves_what_has_changed_since(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    wanted = dict(
        zip(
            column(database, f"select member_id::text {SET} order by member_id"),
            column(database, f"select new_document::text {SET} order by member_id"),
            strict=True,
        )
    )
    before = documents(database)
    moved, gone, held = sorted(wanted)[:3]
    do(
        database,
        # Even a clock field counts: the stored set was decided on, and nothing else.
        'update users set trust_score = trust_score || \'{"last_calculated": "2026-11-01T00:00:00Z"}\''
        f" where id = '{moved}'",
        f"insert into standing.holds (target, member_id, run_id) values ('trust_score', '{held}', 1)",
    )
    left_alone = documents(database)["trust_score"][moved]
    told = json.loads(
        standing.told(marketplace, "approve", str(RUN), "--json", STANDING_PUBLISH_CHUNK="37")
    )
    assert told["left"] == {"trust_score": 2}
    assert told["left_keys"] == {"trust_score": sorted([moved, held])}
    assert told["written"]["trust_score"] == len(wanted) - 2
    # A run like any other: it says whom it moved, and its last audit knows whom it left alone.
    report = json.loads(Path(told["report"]).with_suffix(".json").read_text("utf-8"))
    assert (report["run"]["mode"], report["run"]["status"]) == (f"approval of run {RUN}", "published")
    assert looked_at(report) == ["published"]
    assert f"Run {RUN}, which the gate had stopped, was approved. " in report["verdict"]["headline"]
    assert "2 others had changed since run 2" in report["verdict"]["headline"]
    change = next(one for one in report["changes"] if one["target"] == "trust_score")
    assert (change["changed"], change["written"]) == (len(wanted), len(wanted) - 2)
    fell = sum(
        m["members"] for m in report["movements"] if (m["before"], m["after"]) == ("silver", "bronze")
    )
    assert fell > 0
    assert report["largest_changes"]
    page = Path(told["report"]).read_text("utf-8")
    assert "Who moved" in page
    assert gone in wanted

    after = documents(database)
    for member, document in before["trust_score"].items():
        if member == moved:
            assert after["trust_score"][member] == left_alone
        elif member in wanted and member != held:
            assert after["trust_score"][member] == wanted[member]
        else:
            assert after["trust_score"][member] == document
    # Its own run, with its own history.
    run_id = told["run_id"]
    assert run_id > RUN
    assert scalar(database, f"select status from standing.runs where run_id = {run_id}") == "published"
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "approved"
    assert scalar(
        database, f"select summary ->> 'approves' from standing.runs where run_id = {run_id}"
    ) == str(RUN)
    kept = scalar(
        database,
        "select count(*) from standing.history join users on users.id = member_id"
        " and target = 'trust_score'"
        f" where run_id = {run_id} and new_hash = int8send(jsonb_hash_extended(trust_score, 0))",
    )
    assert kept == len(wanted) - 2
    # Whoever was published is no longer due, the rest is; and it is noted when they will be.
    due = column(database, "select member_id::text from standing.due where target = 'trust_score'")
    assert sorted(due) == sorted([moved, held])
    noted = "select count(*) from standing.member_state where target = 'trust_score'"
    assert scalar(database, f"{noted} and run_id = {run_id} and due_at > now()") == len(wanted) - 2
    assert scalar(database, "select count(*) from standing.change_sets") == 0

    # Safe to repeat, and no other decision any more.
    again = approve(marketplace, RUN)
    assert again.run_id == run_id
    assert "before" in again.message
    assert documents(database) == after
    with pytest.raises(StandingError, match="is approved") as refused:
        reject(marketplace, RUN)
    assert refused.value.fix == f"standing undo {run_id} takes it back"
    undo(marketplace, run_id)
    assert "was undone" in approve(marketplace, RUN).message


def gold_asks(settings: Settings, database: Engine) -> int:
    """What `standing why` says that gold asks of a silver member; each factor has its bin and reason."""
    silver = scalar(
        database,
        "select min(id::text) from users where trust_score ->> 'level' = 'silver' and not exists ("
        f"select {SET} and member_id = users.id and new_document ->> 'level' != 'silver')",
    )
    found = explain(settings, "user", str(silver))
    assert found.factors
    assert all(factor["bin"]["why"] for factor in found.factors)
    points = sum(factor["points"] for factor in found.factors)
    assert round(found.start + points, 1) == found.documents["trust_score"]["overall_score"]
    assert found.following is not None
    assert found.following["level"] == "gold"
    return int(found.following["min_completed_orders"])


def test_what_an_approval_published_is_due_no_more_and_each_decision_is_explained_by_its_policy(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    def due(**left_out: int) -> str:
        gold = {"TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD": str(GOLD_ASKED)}
        plans = json.loads(standing.told(marketplace, "status", "--json", **gold))["change_log"]["plans"]
        (plan,) = (one for one in plans if one["selection"] == "scores")
        assert (plan["left_out"], plan["waits_for"]) == (left_out, None)
        return str(plan["builds"])

    def run(status: str = "published") -> str:
        outcome = execute(marketplace, Request("scores"))
        assert outcome.status == status, outcome.message
        return outcome.stages[0].detail

    assert due(trust_score=RUN) == "nobody is due"  # what the gate did not hold is published
    assert gold_asks(marketplace, database) == GOLD_PUBLISHED
    done = approve(marketplace, RUN)
    assert gold_asks(marketplace, database) == GOLD_ASKED
    # Everybody's time is noted as of the stopped run; what comes meanwhile is not this test's.
    as_of = f"(select as_of from standing.runs where run_id = {RUN})"
    late = f"from standing.member_state where target != 'tier_info' and due_at <= {as_of}"
    assert scalar(database, f"select count(*) {late}") == 0
    do(database, "update standing.member_state set due_at = due_at + interval '1 year'")
    assert due() == run() == "nobody is due"

    said = standing.told(marketplace, "undo", str(done.run_id), "--reason", "too soon")
    number = scalar(database, "select count(*) from standing.holds")
    members = scalar(database, "select count(distinct member_id) from standing.holds")
    assert f"{number} documents put back and held" in said
    shown = standing.told(marketplace, "status")
    assert f"held: run {done.run_id} was undone (too soon): {number} documents held" in shown
    assert held_members(marketplace) == number
    assert due() == run() == "nobody is due"
    assert gold_asks(marketplace, database) == GOLD_PUBLISHED

    standing.told(marketplace, "resume", str(done.run_id))
    assert held_members(marketplace) == 0
    assert due() == f"{members} members and 0 shops"
    again = f"{due()}; TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD: {GOLD_PUBLISHED} → {GOLD_ASKED}"
    assert run("stopped") == again  # what had made the undone run happen
    assert gold_asks(marketplace, database) == GOLD_PUBLISHED
    index_is_what_happened(marketplace, database, done.run_id)


def held_members(marketplace: Settings) -> float:
    """The sum of the metric's gauges, as the last command left them."""
    lines = marketplace.metrics_path.read_text("utf-8").splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("standing_held_members{"))


def listed(marketplace: Settings) -> dict[int, str]:
    """The index's lines, as text, by run."""
    page = (marketplace.home / "reports" / "index.html").read_text("utf-8")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.partition('id="runs"')[2], re.DOTALL)
    texts = [re.sub(r"\s+", " ", re.sub(r"<.*?>", " ", row)).strip() for row in rows]
    return {int(text.split()[0]): text for text in texts}


def index_is_what_happened(marketplace: Settings, database: Engine, approval: int) -> None:
    """After a stop, an approval, an undo, another stop, a wait, a killed and an interrupted run."""

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    stopped = approval + 3
    lines = listed(marketplace)
    assert set(lines) == set(range(1, stopped + 1))
    assert "✓ Stopped, then approved" in lines[RUN]
    assert f"published as run {approval}, which was undone since. Run {approval}" in lines[RUN]
    assert re.search(
        r"↶ Undone .* Undone on .* \(too soon\). Resumed on .*: runs write these", lines[approval]
    )
    assert re.search(r"Passed.* Nobody was due", lines[approval + 1])
    assert "■ Waits for a decision" in lines[stopped]
    page = marketplace.home / "reports" / f"run-{stopped:06}" / "report.html"
    assert f"<code>standing approve {stopped}</code>" in page.read_text("utf-8")
    of_the_undone = marketplace.home / "reports" / f"run-{approval:06}" / "report.html"
    assert re.search("Undone on .* Resumed on", of_the_undone.read_text("utf-8"))
    assert "✓ Passed" not in of_the_undone.read_text("utf-8")

    # All of a selection's documents have to be held for a run to wait.
    rest = "select unnest(array['behavior_score', 'ratings', 'performance'])"
    do(database, f"insert into standing.change_set_builds select {stopped}, t, '' from ({rest}) as r (t)")
    # As where all documents of a run are held.
    do(
        database,
        "insert into standing.runs (selection, as_of, finished_at, status, message, summary)"
        f" values ('scores', now(), now(), 'waiting', 'held:', '{{\"waits_for\": {stopped}}}')",
    )
    reject(marketplace, stopped, "as it was")
    lines = listed(marketplace)
    assert (
        f"… Waited for a decision Nothing was built. It waited for the decision on run {stopped}."
        in lines[stopped + 1]
    )
    assert re.search(r"✕ Stopped, then rejected .* Rejected on .* \(as it was\)", lines[stopped])
    assert "✕ Stopped, then rejected" in page.read_text("utf-8")
    assert f"standing approve {stopped}" not in page.read_text("utf-8")

    do(database, "insert into standing.runs (selection, as_of, status) values ('all', now(), 'running')")
    with pytest.raises(KeyboardInterrupt):
        execute(marketplace, Request("scores"), interrupted)
    lines = listed(marketplace)
    assert "✕ Crashed The run broke off: nobody entered its end" in lines[stopped + 2]
    assert "✕ Interrupted Somebody ended the run, or its machine did" in lines[stopped + 3]
    assert set(lines) == set(range(1, stopped + 4))


def test_an_approval_that_broke_off_goes_on(marketplace: Settings, database: Engine) -> None:
    last = scalar(database, f"select member_id::text {SET} order by member_id desc limit 1")
    do(
        database,
        "create function stop_it() returns trigger language plpgsql as"
        " $$ begin raise exception 'the application says no'; end $$",
        "create trigger stop_it before update on users for each row"
        f" when (new.id = '{last}') execute function stop_it()",
    )
    broken = approve(marketplace, RUN)
    assert broken.status == "failed"
    assert "publish: the application says no; before that, " in broken.message
    assert broken.error is not None
    assert broken.error.fix.startswith(f"standing approve {RUN}")
    some = scalar(
        database,
        f"select count(*) {SET} and new_document = (select trust_score from users where id = member_id)",
    )
    number = scalar(database, f"select count(*) {SET}")
    assert isinstance(some, int)
    assert isinstance(number, int)
    assert 0 < some < number
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "stopped"
    with pytest.raises(StandingError, match="published in part") as refused:
        undo(marketplace, RUN)
    assert refused.value.fix == f"standing undo {broken.run_id}"
    do(database, "drop trigger stop_it on users")

    # It goes on as the same run, whose report and undo are of all that both attempts wrote; also where only
    # its end could not be told.
    folder = marketplace.home / "reports" / f"run-{broken.run_id:06}"
    shutil.rmtree(folder)
    folder.write_text("no folder")
    untold = approve(marketplace, RUN)
    assert untold.status == "failed"
    assert untold.message.startswith("report: ")
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "approved"
    folder.unlink()
    done = approve(marketplace, RUN)
    assert isinstance(done, Approval)
    assert (done.run_id, done.status) == (broken.run_id, "published")
    assert done.written["trust_score"] == number
    assert done.left == {}
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert looked_at(report) == ["published"]
    change = next(one for one in report["changes"] if one["target"] == "trust_score")
    assert (change["changed"], change["written"]) == (number, number)
    assert "approved before" in approve(marketplace, RUN).message
    assert undo(marketplace, done.run_id).restored["trust_score"] == number


def test_an_approval_that_broke_off_may_be_rejected(marketplace: Settings, database: Engine) -> None:
    do(database, "alter table standing.history rename to story")
    broken = approve(marketplace, RUN)
    assert broken.message.startswith('publish: relation "standing.history" does not exist')
    do(database, "alter table standing.story rename to history")
    reject(marketplace, RUN)
    with pytest.raises(StandingError, match=f"nothing to approve: run {RUN} is rejected"):
        approve(marketplace, RUN)


def test_members_whom_a_later_run_found_due_stay_due(marketplace: Settings, database: Engine) -> None:
    do(
        database,
        "insert into standing.runs (selection, as_of, status) values ('tiers', now(), 'published')",
    )
    number, due = scalar(database, f"select count(*) {SET}"), column(database, DUE)
    done = approve(marketplace, RUN)
    assert isinstance(done, Approval)
    assert done.written["trust_score"] == number
    assert column(database, DUE) == due


def test_rejecting_writes_nothing_and_its_members_stay_due(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    before, due = documents(database), column(database, DUE)
    standing.told(marketplace, "reject", str(RUN), "--reason", "เอกสารหาย")
    assert documents(database) == before
    assert scalar(database, "select count(*) from standing.change_sets") == 0
    assert column(database, DUE) == due
    assert len(due) > 0
    status = f"select status || ' ' || (summary ->> 'reason') from standing.runs where run_id = {RUN}"
    assert scalar(database, status) == "rejected เอกสารหาย"
    assert gold_asks(marketplace, database) == GOLD_PUBLISHED
    again = standing.told(marketplace, "reject", str(RUN), "--reason", "another")  # safe to repeat
    assert again == f"run {RUN} was rejected before (เอกสารหาย); nothing is changed\n"
    assert scalar(database, status) == "rejected เอกสารหาย"
    refused = standing.inside(marketplace, "approve", str(RUN))
    assert refused.returncode == 1
    assert "is rejected" in refused.stderr
    assert "standing run" in refused.stderr


def test_only_a_stopped_run_is_decided_and_not_beside_another(
    marketplace: Settings, database: Engine
) -> None:
    for decide in (approve, reject):
        with pytest.raises(StandingError, match="there is no run 99"):
            decide(marketplace, 99)
        with pytest.raises(StandingError, match="run 1 is published") as refused:
            decide(marketplace, 1)
        assert refused.value.fix == "standing undo 1 takes it back"
        with run_lock(database, 0), pytest.raises(LockTaken):
            decide(marketplace, RUN)
    assert scalar(database, f"select status from standing.runs where run_id = {RUN}") == "stopped"


def test_diff_of_a_stopped_run_shows_columns_matrix_and_largest_changes(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    found = json.loads(standing.told(marketplace, "diff", "--stopped", "--json"))
    assert found == json.loads(standing.told(marketplace, "diff", "--run", str(RUN), "--json"))
    assert found["run_id"] == RUN
    columns = {one["column"]: one["changed"] for one in found["columns"]}
    assert columns["users.trust_score"] == scalar(database, f"select count(*) {SET}")
    matrix = next(one for one in found["matrices"] if one["target"] == "trust_score")
    assert sum(cell["members"] for cell in matrix["cells"]) == 300
    fell = scalar(
        database,
        f"select count(*) {SET} and old_document ->> 'level' = 'silver'"
        " and new_document ->> 'level' = 'bronze'",
    )
    assert {"before": "silver", "after": "bronze", "members": fell} in matrix["cells"]
    first = found["largest_changes"][0]
    assert first["after"] < first["before"]
    lost = {factor["code"]: factor for factor in first["factors"]}
    assert lost["email_verified"]["after"] is None
    assert lost["email_verified"]["label_en"] == "E-mail address verified"
    assert lost["email_verified"]["label_th"] == "ยืนยันอีเมลแล้ว"
    assert any(one["verdict"] == "stopped" for one in found["gate"])
    gold = {"kind": "setting", "name": "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD", "key": "", "column": ""}
    assert found["causes"] == [{**gold, "before": str(GOLD_PUBLISHED), "after": str(GOLD_ASKED)}]

    shown = standing.told(marketplace, "diff", "--stopped")
    assert "  because TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD: 10 → 30" in shown
    assert "gate: stopped: trust_score" in shown
    assert "ซิลเวอร์" in shown
    # As `standing why` names them.
    assert " E-mail address verified: 2.0 → none" in shown
    assert "email_verified" not in shown
    assert "ยืนยันอีเมลแล้ว" not in shown
    refused = standing.inside(marketplace, "diff", "--run", "1")
    assert refused.returncode == 1
    assert "run 1 does not await a decision: it is published" in refused.stderr


#: Everything that a trial must not touch.
STATE = (
    "select md5(string_agg(row, '|' order by row)) from ("
    " select runs::text as row from standing.runs union all select due::text from standing.due"
    " union all select s::text from standing.member_state as s union all select t::text"
    " from standing.target_state as t"
    " union all select l::text from standing.change_log as l union all select h::text"
    " from standing.history as h"
    " union all select c::text from standing_build.run_context as c"
    " union all select p::text from standing_build.trust_levels as p"
    ") as rows"
)


@pytest.mark.timeout(600)
def test_a_trial_shows_who_would_move_and_touches_nothing(
    make_database: MakeDatabase, published_template: str, tmp_path: Path
) -> None:
    marketplace = make_database(published_template)
    project = Project(tmp_path / "project", marketplace)
    database = create_engine(marketplace.database_url or "")
    before, state = documents(database), scalar(database, STATE)
    project.edit("seeds/trust_levels.csv", ("silver,2,60", "silver,2,69"))
    with project.commands() as standing:
        with run_lock(database, 0):  # a run may be at work
            tried = standing("diff", "--json")
        assert tried.returncode == 6, tried.stderr  # as the run will
        assert "the gate would stop a run: trust_score: " in tried.stderr
        found = json.loads(tried.stdout)
        matrix = next(one for one in found["matrices"] if one["target"] == "trust_score")
        fell = next(
            c["members"] for c in matrix["cells"] if (c["before"], c["after"]) == ("silver", "bronze")
        )
        between = "(trust_score ->> 'overall_score')::numeric between 60 and 68.9"
        assert fell == scalar(
            database, f"select count(*) from users where {between} and trust_score ->> 'level' = 'silver'"
        )
        assert any(one["verdict"] == "stopped" for one in found["gate"])
        # Their points are what they were: it is the limit that has moved.
        changes = [one for one in found["largest_changes"] if one["target"] == "trust_score"]
        assert changes
        assert {one["requirement"] for one in changes} == {"Silver asks for 69 points"}
        assert {one["column"] for one in found["columns"] if one["changed"]} == {"users.trust_score"}
        cell = {"kind": "policy", "name": "trust_levels", "key": "silver", "column": "min_score"}
        assert found["causes"] == [{**cell, "before": "60", "after": "69"}]
        assert "as of the last published run" in tried.stderr
        assert documents(database) == before
        assert scalar(database, STATE) == state
        assert (
            scalar(database, "select count(*) from standing_build_diff_somchai_p.user_trust_scores") == 300
        )

        # What it builds is audited.
        model = "models/intermediate/sellers/int_seller_reviews.sql"
        wrong = ("{{ total('rating_sum') }},", "9 * {{ total('rating_sum') }},")
        project.edit(model, wrong)
        audited = standing("diff")
        assert audited.returncode == 3, audited.stderr
        assert "audit candidates: ratings_is_from_0_to_5" in audited.stderr
        assert "seller_profiles.ratings" in audited.stdout
        project.edit(model, wrong[::-1])

        # What the trial has announced, the run does; and a slip of the pen is found before.
        stopped = standing("run")
        assert stopped.returncode == 6, stopped.stderr
        fact = re.search(
            r"(\d+) members would lose a level: \S+%, limit \S+% \(trust score\)", stopped.stderr
        )
        assert fact is not None
        assert int(fact[1]) == fell
        assert "\nmade by: trust_levels silver.min_score: 60 → 69\n" in stopped.stderr
        assert "silver.min_score: 60 → 69" in standing("diff", "--stopped").stdout
        page = (marketplace.home / "reports" / "run-000002" / "report.html").read_text("utf-8")
        assert re.search(r"silver.min_score</span> <code>60</code> → <code>69</code>", page)
        assert f"{fell} members would lose a level" in re.search("<h1>(.*)</h1>", page)[1]
        assert f"{fell} members would lose a level" in listed(marketplace)[2]
        assert documents(database) == before
        weights = project.folder / "seeds" / "scorecard_categories.csv"
        header, *rows = weights.read_text("utf-8").splitlines()
        halved = [row.split(",", 2) for row in rows]
        weights.write_text(
            "\n".join([header, *(f"{name},{float(weight) / 2},{rest}" for name, weight, rest in halved)])
            + "\n",
            "utf-8",
        )
        state = scalar(database, STATE)
        wrong = standing("diff")
        assert wrong.returncode == 1
        assert "seeds/scorecard_categories.csv: the weights sum to 0.25 and not to 0.50" in wrong.stderr
        assert "Traceback" not in wrong.stderr
        assert scalar(database, STATE) == state

        # The private schemas go with a rollback, whoever made them.
        back = standing("rollback", "--force", "--yes")
        assert back.returncode == 0, back.stderr
        assert scalar(database, "select count(*) from pg_namespace where nspname like 'standing%'") == 0
    database.dispose()
