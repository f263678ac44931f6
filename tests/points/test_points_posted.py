"""Points as a target of runs, from the models to the ledger: built, compared, gated, posted, taken back."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine, text
from support.decided import column, do, rows_of, scalar
from support.project import Project
from support.small_ledger import BROKEN, UNEQUAL, spend

from expectations import AuditScope
from expectations.suites.lots import lot_scans
from standing.contract.points import POINTS
from standing.gate.radius import radius
from standing.publish.ledger import Ledger
from standing.settings import Settings, load_settings
from standing.why import points_as_text, points_of

BALANCE = "select points_balance from loyalty_programs where user_id = '{}'"
DUE = "select target, member_id::text from standing.due order by 1, 2"
#: Ended since points began, so long ago that a hold is over.
COMPLETED = """
update orders set status = 'completed', completed_at = now() - interval '9 days', refunded_amount = 0,
    total_amount = {amount}
where id = '{order}'
"""
FORESEEN = """
update standing.runs set summary = jsonb_set(
    summary, '{points,ends}', '[{"at": "2026-01-31T17:00:00.000Z", "points": 100, "members": 2000}]'
)
where summary ? 'points'
"""
ENDED = """
insert into standing_build.point_postings
    (user_id, source, expires_at, worth, posted, revision, description)
values ('{member}', 'expiry', '2026-01-31 17:00+00', -98, -98, 1, 'Points that have expired')
"""
#: A bonus that the application gives.
REFERRAL = """
with given as (
    update loyalty_programs set points_balance = points_balance + 200
    where user_id = '{member}' returning user_id, points_balance
)
insert into points_transactions (user_id, type, amount, balance_after, source, source_id, description)
select user_id, 'earn', 200, points_balance, 'referral', gen_random_uuid(), 'A friend' from given
"""

#: Somebody registers; what they redeem for comes to nothing, and their points come back.
JOINED = "insert into users (id, created_at) values ('{member}', now() - interval '1 hour')"
GIVEN_BACK = """
with given as (
    update loyalty_programs set points_balance = points_balance + {points}
    where user_id = '{member}' returning user_id, points_balance
)
insert into points_transactions (user_id, type, amount, balance_after, source, description)
select user_id, 'refund', {points}, points_balance, 'redeem', 'Cancelled' from given
"""
#: Who is older as a member brings somebody who then buys.
INVITED = """
with joined as (
    update users set created_at = now() - interval '20 days' where id = '{referee}' returning id
)
insert into referred_users (referrer_id, referee_id, referred_at)
select '{referrer}', id, now() - interval '21 days' from joined
"""


def referred(engine: Engine, member: str) -> list[tuple[Any, ...]]:
    """Type and amount of a member's rows for referrals, as they came."""
    return rows_of(
        engine,
        "select type, amount from points_transactions where source = 'referral'"
        f" and user_id = '{member}' order by created_at",
    )


def posted(engine: Engine, order: str) -> list[tuple[Any, ...]]:
    """Type and amount of an order's rows, as they came."""
    return rows_of(
        engine,
        "select type, amount from points_transactions where source = 'order'"
        f" and source_id = '{order}' order by created_at",
    )


def measured(settings: Settings, engine: Engine) -> dict[str, tuple[Any, ...]]:
    """What the gate measures of the last build: observed, members and verdict."""
    found = rows_of(engine, radius(Ledger(settings, (POINTS,)), POINTS))
    return {measure: (observed, members, end) for measure, members, observed, _, _, end in found}


def lots_that_do_not_agree(settings: Settings, engine: Engine) -> list[str]:
    """The members whom the audit of lots names."""
    scope = AuditScope(str(settings.database_url), "standing_build", "public", (POINTS,))
    (scan,) = lot_scans((POINTS,), scope)
    with engine.connect() as connection:
        return [row[0] for row in connection.execute(text(scan.samples_query(*scan.rules)))]


def assert_explained(settings: Settings, engine: Engine, member: str, order: str | None) -> None:
    """Balance, ledger, keys and lots agree, and where they would not it is said."""
    found = points_of(settings, member)
    assert found.disagreements == []
    assert "balance, ledger, keys and lots agree" in points_as_text(found, "Asia/Bangkok")
    balance = int(scalar(engine, BALANCE.format(member)))
    assert balance == found.account["points_balance"]
    assert balance == found.account["opening"] + sum(one["points"] for one in found.entries)
    assert balance == sum(one["points_left"] or 0 for one in found.lots) - found.account["owed"]
    assert balance == sum(one["points"] for one in found.ends) - found.account["owed"]
    if order:
        (lot,) = [one for one in found.lots if one["source_id"] == order]
        left = sum(amount for _, amount in posted(engine, order))
        assert (lot["source"], lot["points"], lot["points_left"]) == ("order", left, left)
    spend(engine, member, 1)
    (said,) = points_of(settings, member).disagreements
    assert said.endswith("something has changed since; the next run builds it anew")
    do(
        engine,
        f"update loyalty_programs set points_balance = points_balance + 1 where user_id = '{member}'",
    )
    unequal, _ = points_of(settings, member).disagreements
    assert unequal.startswith(f"the balance is {balance:,} and the ledger adds up to {balance - 1:,}:")
    assert "audit points_ledger_adds_up_to_the_balance" in unequal


def tier(engine: Engine, member: str) -> tuple[Any, ...]:
    """What loyalty_programs says of a member's tier; that it falls, and not when."""
    columns = "tier, tier_points_required, tier_expires_at is not null"
    (found,) = rows_of(engine, f"select {columns} from loyalty_programs where user_id = '{member}'")
    return found


def test_points_are_built_gated_approved_taken_back_and_posted_again(
    make_database: MakeDatabase, published_template: str, tmp_path: Path
) -> None:
    given = make_database(published_template)
    settings = load_settings(STANDING_HOME=tmp_path / "home", DATABASE_URL=given.database_url)
    project = Project(tmp_path / "project", settings)
    # A posting of hundreds of points is a mistake here, so that two orders are enough to see it.
    project.edit(
        "seeds/gate_limits.csv",
        ("taken_share,points,0.01,0.05", "taken_share,points,0.5,0.9"),
        ("largest_posting,points,5000,100000", "largest_posting,points,50,400"),
    )
    engine = create_engine(settings.database_url or "")
    open_orders = (
        "select distinct on (buyer_id) id::text, buyer_id::text from orders"
        " where status in ('paid', 'shipped', 'delivered') order by buyer_id, id limit 3"
    )
    (first, buyer), (second, other), (third, referee) = rows_of(engine, open_orders)
    others = f"select id::text from users where id not in ('{buyer}', '{other}', '{referee}')"
    referrer, *_, redeeming = column(engine, f"{others} order by created_at, id")
    newcomer = str(uuid4())
    do(
        engine,
        "update standing.loyalty_terms set valid_from = now() - interval '30 days'",
        JOINED.format(member=newcomer),
        COMPLETED.format(order=first, amount=1299),
        COMPLETED.format(order=third, amount=150),
        INVITED.format(referee=referee, referrer=referrer),
    )
    with project.commands() as standing:
        upgraded = standing("migrate")
        assert upgraded.returncode == 0, upgraded.stderr

        ran = standing("run", "points", "--json")
        assert ran.returncode == 0, ran.stderr
        assert posted(engine, first) == [("earn", 12)]
        assert referred(engine, referrer) == [("earn", 200)]
        assert referred(engine, referee) == [("earn", 100)]
        # Whoever has no tier but the lowest keeps the row that the upgrade gave.
        assert json.loads(ran.stdout)["written"]["loyalty_tier"] == 0
        assert tier(engine, buyer) == tier(engine, redeeming) == ("bronze", 0, False)
        # A completed order concerns every target, and what a run posts none.
        do(engine, "delete from standing.due")
        assert scalar(engine, "select count(*) from standing.change_log") == 0

        # What a run posts too much is held, and posted once somebody approves.
        do(engine, COMPLETED.format(order=second, amount=50_000))
        spend(engine, redeeming, 40)
        do(engine, REFERRAL.format(member=redeeming))
        # Registered, all redeemed, cancelled, given back: the welcome is there once, and nothing is posted.
        spend(engine, newcomer, 100)
        do(engine, GIVEN_BACK.format(member=newcomer, points=100))
        stopped = standing("run", "points")
        assert "One posting would be of 500 points, limit 400 (points)" in stopped.stderr
        assert posted(engine, second) == []
        assert tier(engine, other) == ("bronze", 0, False)  # a stop holds what is made of what it holds
        due = rows_of(engine, DUE)
        assert ("points", redeeming) in due
        assert not [target for target, member in due if member == redeeming and target != "points"]
        run_id = scalar(engine, "select max(run_id) from standing.runs where status = 'stopped'")
        shown = standing("diff", "--run", str(run_id), "--json")
        assert shown.returncode == 0, shown.stderr
        approved = standing("approve", str(run_id), "--json")
        assert approved.returncode == 0, approved.stderr
        assert posted(engine, second) == [("earn", 500)]
        by = json.loads(approved.stdout)["run_id"]

        undone = standing("undo", str(by))
        assert undone.returncode == 0, undone.stderr
        assert posted(engine, second) == [("earn", 500), ("reverse", -500)]
        (said,) = points_of(settings, other).disagreements
        assert said.endswith(f": run {by} was undone, and nothing is posted until standing resume {by}")
        do(
            engine,
            COMPLETED.format(order=first, amount=1150),
            COMPLETED.format(order=second, amount=30_000),
            "update orders set refunded_amount = 51, refunded_at = now() - interval '2 seconds'"
            f" where id = '{third}'",
        )
        assert standing("resume", str(by)).returncode == 0
        # A run's moment is a whole second: what comes later within it is for the next run to see.
        do(
            engine,
            "update points_transactions set created_at = created_at - interval '1 second'"
            " where source = 'order'",
            "delete from standing.change_log where source = 'points_transactions'",
        )
        ran = standing("run", "points", "--json")
        assert ran.returncode == 0, ran.stderr
        assert posted(engine, second) == [("earn", 500), ("reverse", -500), ("earn", 300)]
        assert tier(engine, other) == ("silver", 100, True)
        assert posted(engine, first) == [("earn", 12), ("reverse", -1)]
        # The application's bonus is nobody else's to take back.
        assert referred(engine, redeeming) == [("earn", 200)]
        # What is left of the order that brought both their bonus proves nothing.
        assert referred(engine, referrer) == [("earn", 200), ("reverse", -200)]
        assert referred(engine, referee) == [("earn", 100), ("reverse", -100)]
        assert column(engine, UNEQUAL) == column(engine, BROKEN) == []
        assert rows_of(
            engine,
            f"select type, amount, balance_after from points_transactions where user_id = '{newcomer}'"
            " order by created_at",
        ) == [("earn", 100, 100), ("spend", -100, 0), ("refund", 100, 100)]
        totals = "select points_balance, points_lifetime, points_expired from loyalty_programs"
        assert rows_of(engine, f"{totals} where user_id = '{newcomer}'") == [(100, 100, 0)]

        assert "expired_unforeseen" not in measured(settings, engine)
        # As if the run before had foreseen 100 points of 2,000 members for an end that has come since.
        do(engine, FORESEEN)
        assert measured(settings, engine)["expired_unforeseen"] == (-1, 2_000, "stopped")
        # It counts by what the keys are worth, also where all of it is posted.
        do(engine, ENDED.format(member=buyer))
        assert measured(settings, engine)["expired_unforeseen"] == (Decimal("-0.02"), 2_000, "passed")
        do(engine, "delete from standing_build.point_postings where source = 'expiry'")
        assert lots_that_do_not_agree(settings, engine) == []
        do(
            engine,
            "update standing_build.point_lots set points_left = points_left + 1"
            f" where user_id = '{buyer}' and source_id = '{first}'",
        )
        assert lots_that_do_not_agree(settings, engine) == [buyer]
        assert "points_left_in_lots_are_what_may_be_spent" in points_of(settings, buyer).disagreements[0]
        do(
            engine,
            "update standing_build.point_lots set points_left = points_left - 1"
            f" where user_id = '{buyer}' and source_id = '{first}'",
        )
        assert_explained(settings, engine, buyer, first)
        assert_explained(settings, engine, other, second)
        assert_explained(settings, engine, redeeming, None)

        # Rollback would lose what the application has entered, and of ours nothing.
        refused = standing("rollback", "--yes")
        assert "points_transactions: 7 rows" in refused.stderr, refused.stderr
    engine.dispose()
