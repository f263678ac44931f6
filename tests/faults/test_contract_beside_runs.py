"""The application's contract for spending, and what becomes of who breaks it, beside whole runs."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import create_engine, text
from support.decided import column, do, scalar
from support.small_ledger import BROKEN, UNEQUAL, spend
from support.spending import (
    ABSOLUTE,
    RELATIVE,
    lowest_after_an_expiry,
    redeem_after_reading,
    spending,
)

ROWS = "select count(*) from points_transactions"
#: Points ended two months after they were earned, a welcome is a gift of today, and orders of spring earn.
BEFORE = (
    "update standing.loyalty_terms set valid_from = '2026-03-01', validity_months = 1, welcome_bonus = 0",
    "update points_transactions set source = 'campaign' where source = 'signup'",
)
ENDED = """
update orders set status = 'completed', completed_at = now() - interval '8 days', refunded_amount = 0
where id in (
    select id from orders where status in ('paid', 'shipped', 'delivered')
    and buyer_id = any(cast(:members as uuid[])) order by id limit 6
)
"""
GIFT = """
with given as (
    update loyalty_programs set points_balance = points_balance + 40
    where user_id = any(cast(:members as uuid[])) returning user_id, points_balance
)
insert into points_transactions (user_id, type, amount, balance_after, source, description)
select user_id, 'bonus', 40, points_balance, 'campaign', 'x' from given
"""
#: What runs have posted to them since.
POSTED_SINCE = """
select count(*) from points_transactions
where user_id = any(cast(:members as uuid[])) and source in ('order', 'expiry') and created_at > :since
"""


@pytest.mark.prove
def test_the_contract_in_three_styles_beside_whole_runs(
    make_database: MakeDatabase,
    published_template: str,
    standing: Standing,
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    """As the contract says, with a relative update after the row, and writing back what was read."""
    settings = make_database(published_template)
    engine = create_engine(settings.database_url or "", pool_size=12)
    do(engine, *BEFORE)
    buying = "select distinct buyer_id::text from orders where status in ('paid', 'shipped', 'delivered')"
    members = column(engine, f"{buying} order by 1 limit 9")
    careful, relative, careless = members[:3], members[3:6], members[6:]
    styles: dict[str, Callable[[str, int], None]] = {
        **dict.fromkeys(careful, lambda member, points: spend(engine, member, points // 10 + 1)),
        **dict.fromkeys(
            relative,
            lambda member, points: redeem_after_reading(engine, member, points // 10 + 1, RELATIVE),
        ),
        **dict.fromkeys(
            careless,
            lambda member, points: redeem_after_reading(engine, member, points // 10 + 1, ABSOLUTE),
        ),
    }
    drawing = random.Random(seed)  # noqa: S311
    with spending(engine, drawing, styles), spending(engine, drawing, styles):
        for _ in range(4):
            with engine.begin() as connection:
                given = {"members": members}
                connection.execute(text(GIFT), given)
                connection.execute(text(ENDED), given)
            standing.told(settings, "run", "points")
    # A run's moment is a whole second: what comes later within it is for the next run to see.
    do(engine, "update points_transactions set created_at = created_at - interval '2 seconds'")
    since = scalar(engine, "select max(created_at) from points_transactions")
    with engine.begin() as connection:
        connection.execute(text(ENDED), {"members": members})
    outcome = json.loads(standing.told(settings, "run", "points", "--json"))
    wrong, broken = column(engine, UNEQUAL), column(engine, BROKEN)
    assert set(wrong) <= set(careless)
    assert set(broken) <= {*relative, *careless}
    assert wrong
    assert broken
    assert lowest_after_an_expiry(engine) >= 0
    # Who is wrong is left alone, stays due, and the audit counts them.
    with engine.connect() as connection:
        given = {"members": wrong, "since": since}
        assert connection.scalar(text(POSTED_SINCE), given) == 0
    due = "select member_id::text from standing.due where target = 'points' order by 1"
    assert column(engine, due) == sorted(wrong)
    report = json.loads(Path(outcome["report"]).with_suffix(".json").read_text("utf-8"))
    (named,) = (
        one["unexpected"]
        for audit in report["audits"]
        for one in audit["outcomes"]
        if one["expectation"] == "points_ledger_adds_up_to_the_balance"
    )
    assert named == len(wrong)
    for type_ in ("spend", "expire", "earn"):
        record_property(f"{type_} rows", scalar(engine, f"{ROWS} where type = '{type_}'"))
    record_property("left alone", len(wrong))
    engine.dispose()
