"""Reconciling finds what no run could know of, says why, and mends it when asked."""

import json
from typing import Any

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, text
from support.roles import runner_of

from standing.errors import StandingError
from standing.monitor.reconcile import EDITED, NOT_LOGGED, reconcile
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def marketplace(make_database: MakeDatabase, published_template: str) -> Settings:
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)


#: One order more is completed, so long ago that its points count.
EARNS = """
update orders set status = 'completed', completed_at = now() - interval '9 days', total_amount = 500,
    refunded_amount = 0
where id in (
    select id from orders where status in ('paid', 'shipped', 'delivered') and buyer_id is not null
    order by id limit 1
)
"""


def do(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def report_of(settings: Settings, run_id: int) -> dict[str, Any]:
    file = settings.home / "reports" / f"run-{run_id:06}" / "report.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_drift_is_found_by_document_and_cause_and_mended_when_asked(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    # Whose time has come since the template was made is not what is looked for. A role that owns nothing
    # reconciles.
    runner = runner_of(marketplace, standing)
    assert execute(runner, Request()).status == "published"
    # A logged change and one of a row that the log has lost, and a document that somebody wrote by hand.
    do(
        database,
        # A minute ago: a run's moment is a whole second, and within this one the order would not be
        # cancelled yet.
        "update orders set status = 'cancelled', cancelled_at = now() - interval '1 minute',"
        " cancelled_by = 'seller', completed_at = null"
        " where id in (select id from orders where status = 'completed'"
        " order by completed_at desc limit 1)",
        "delete from standing.change_log",
        # Of members without a shop: a shop that is due anyway would be built anew and show no drift.
        "update users set phone_verified = not phone_verified where id in (select id from users"
        " where id not in"
        " (select user_id from seller_profiles where user_id is not null) order by id desc limit 3)",
        """update users set trust_score = trust_score || '{"overall_score": 99.9}'
        where id in (select id from users order by id limit 1)""",
        # Nobody's time comes between the two reconciliations.
        "update standing.member_state set due_at = due_at + interval '1 year'",
    )
    by_hand = standing(
        marketplace, "psql", "--", "-Atc", "select id from users order by id limit 1"
    ).stdout.strip()
    done = standing.inside(runner, "reconcile")
    assert done.returncode == 7, done.stdout + done.stderr
    assert "standing reconcile --mend" in done.stderr
    assert EDITED in done.stdout
    assert NOT_LOGGED in done.stdout
    assert by_hand in done.stdout
    with database.connect() as connection:
        run, message, status, kept = connection.execute(
            text(
                "select run_id, message, summary -> 'verdict' ->> 'status', summary -> 'reconciliation'"
                " from standing.runs where summary ? 'reconciliation'"
            )
        ).one()
        documents = connection.scalar(
            text("select 5 * (select count(*) from users) + 3 * (select count(*) from seller_profiles)")
        )
    assert kept["counts"]["trust_score"][EDITED] == 1
    assert kept["counts"]["performance"] == {NOT_LOGGED: 1}
    assert kept["drift"] == sum(sum(causes.values()) for causes in kept["counts"].values())

    # The run and its report say it, too.
    said = f"{kept['drift']} documents differ from a full recompute, of {documents:,} compared"
    assert kept["compared"] == documents
    assert said in message
    assert f"; {said}" in standing.told(marketplace, "status")
    assert status == "warned"
    report = report_of(marketplace, run)
    assert report["stages"][-1]["name"] == "recompute and compare"
    verdict = report["verdict"]
    assert said in verdict["headline"]
    assert f"trust_score: 1 where {EDITED}" in verdict["reason"]
    assert verdict["fix"] == "standing reconcile --mend"

    # Each reconciling run posts to a buyer. What it posts is no drift, and what one posted before is what
    # that run decided.
    do(database, "update standing.loyalty_terms set valid_from = now() - interval '30 days'", EARNS)
    mended = reconcile(runner, mend=True)
    assert mended.number == kept["drift"]
    assert mended.mended is not None
    assert mended.error is None
    assert sum(mended.mended.written.values()) == mended.number

    # What an undo put back differs on purpose. A constraint goes, and with it what no build had to look
    # for: both builds look from now on.
    do(
        database,
        "alter table orders drop constraint orders_buyer_id_fkey",
        "update orders set buyer_id = gen_random_uuid() where id in (select id from orders"
        " order by id limit 1)",
        "insert into standing.holds select 'trust_score', min(id::text)::uuid, 1 from users",
        "update users set trust_score = '{}' where id = (select member_id from standing.holds)",
    )
    do(database, EARNS)
    clean = reconcile(marketplace)
    assert clean.run.status == "published"
    assert mended.run.written["points"] == clean.run.written["points"] == 1
    audits = report_of(marketplace, clean.run.run_id)["audits"]
    unmet = {one["expectation"] for audit in audits for one in audit["outcomes"] if not one["success"]}
    assert not {one for one in unmet if one.startswith("points_")}
    assert (clean.number, clean.held) == (0, 1)
    assert "1 held since an undo were left out" in clean.message
    verdict = report_of(marketplace, clean.run.run_id)["verdict"]
    compared = f"0 documents differ from a full recompute, of {clean.documents:,} compared"
    assert compared in verdict["headline"]
    assert (verdict["reason"], verdict["fix"]) == ("", "")
    assert clean.error is None

    assert "what it is made by has changed: sources" in clean.run.stages[0].detail
    with database.connect() as connection:
        orphans = "select count(*) from standing_build.stg_quarantine where reason = 'buyer does not exist'"
        assert connection.scalar(text(orphans)) == 1


def test_the_lock_is_taken_by_the_direct_url(marketplace: Settings) -> None:
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    with pytest.raises(StandingError, match=r"127\.0\.0\.1:1"):
        reconcile(marketplace.model_copy(update={"database_url_direct": nowhere}))


def test_with_a_trigger_off_every_run_is_full_and_says_why(marketplace: Settings, database: Engine) -> None:
    do(database, "alter table orders disable trigger user")
    outcome = execute(marketplace, Request())
    assert outcome.stages[0].detail.startswith("everybody")
    assert "orders" in outcome.stages[0].detail
