"""Do points add up: what each rule says of a ledger, of marts and of postings that do not."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from support.decided import column, do
from support.small_ledger import END, POINTS, Worth, build
from support.small_mart import declare, find, publish

from expectations import AuditScope
from expectations.engine.catalog import read_catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites import upgrade
from expectations.suites.ledgers import candidate_scans, published_scans, source_scans
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")
ORDER = "0b9a4e5c-3a74-4c1e-8e39-3d0d8d5f9f01"
#: What goes wrong with the second member, by the rule that says so.
FAULTS = {
    "toy_points_ledger_adds_up_to_the_balance": "update loyalty_programs set points_balance = 7 where {}",
    "toy_points_ledger_is_one_chain": (
        "update points_transactions set balance_after = 7 where {} and amount = 100"
    ),
    "toy_points_ledger_types_are_known": (
        "update points_transactions set type = 'mystery' where {} and amount = 100"
    ),
    "toy_points_ledger_entries_have_points": (
        "insert into points_transactions (user_id, type, amount, balance_after, source, description)"
        " select user_id, 'earn', 0, points_balance, 'shop', 'x' from loyalty_programs where {}"
    ),
    "toy_points_ledger_welcomes_once": (
        "insert into points_transactions (user_id, type, amount, balance_after, source, description)"
        " select user_id, 'earn', 100, points_balance + 100, 'signup', 'x' from loyalty_programs where {}"
    ),
    "toy_points_are_all_of_a_key_or_the_application_s": (
        "update standing_build.toy_accounts set seen_sum = seen_sum + 1 where {}"
    ),
    "toy_points_are_worth_once_a_key": (
        "insert into standing_build.toy_postings select * from standing_build.toy_postings where {}"
        " and source = 'order'"
    ),
    "toy_points_are_whole_and_not_reversed": (
        "update standing_build.toy_postings set worth = 0.5, posted = 0.5 where {} and source = 'order'"
    ),
    "toy_points_end_only_where_there_are_some": (
        "update standing_build.toy_postings set worth = worth - 500 where {} and source = 'expiry'"
    ),
    "toy_points_are_what_the_run_decided": (
        "delete from points_transactions where {} and source = 'order'"
    ),
    "toy_points_totals_are_what_the_run_decided": (
        "update loyalty_programs set points_lifetime = 1 where {}"
    ),
}
#: A reward that the second member redeemed twice: an entry of the ledger names the first redemption.
REWARD, NAMED, UNNAMED, FREE = (f"0b9a4e5c-3a74-4c1e-8e39-3d0d8d5f9f1{place}" for place in range(4))
REWARDS = (
    "insert into rewards"
    " (id, type, name, name_th, points_required, stock, per_user_limit, total_redemptions)"
    f" values ('{REWARD}', 'voucher', 'Coffee', 'กาแฟ', 10, 0, 2, 2)",
    "insert into redeemed_rewards (id, user_id, reward_id, points_spent, voucher_code, is_used, used_at,"
    f" valid_until) values ('{NAMED}', '{{0}}', '{REWARD}', 10, 'A', true, '2026-01-31', '2026-01-31'),"
    f" ('{UNNAMED}', '{{0}}', '{REWARD}', 9, 'B', false, null, '2026-01-31')",
    # Free of points, and without a code: neither is a fault.
    "insert into rewards (id, type, name, name_th, points_required, stock_unlimited, total_redemptions)"
    f" values ('{FREE}', 'gift', 'Sticker', 'สติกเกอร์', 0, true, 2)",
    "insert into redeemed_rewards (user_id, reward_id, points_spent, voucher_code, valid_until)"
    f" select '{{0}}', '{FREE}', 0, ' ', '2026-01-31' from generate_series(1, 2)",
    "with taken as (update loyalty_programs set points_balance = points_balance - 19 where user_id = '{0}'"
    " returning user_id, points_balance) insert into points_transactions"
    " (user_id, type, amount, balance_after, source, source_id, description)"
    f" select user_id, 'spend', -10, points_balance + 9, 'redeem', '{NAMED}'::uuid, 'Coffee' from taken"
    " union all select user_id, 'spend', -9, points_balance, 'redeem', null, 'Coffee' from taken",
)
#: A spending, or points that come back, that nothing else is about.
ENTRY = (
    "insert into points_transactions (id, user_id, type, amount, balance_after, source, source_id,"
    f" description) select '{ORDER}', user_id, {{}}, 'x' from loyalty_programs where {{{{}}}}"
)
#: What goes wrong, by the rule that says so, and the key that it names.
REWARD_FAULTS = {
    "rewards_stock_is_not_negative": ("update rewards set stock = -1 where stock = 0", REWARD),
    "rewards_count_their_redemptions": ("update rewards set total_redemptions = 3", REWARD),
    "redeemed_rewards_were_paid": ("update points_transactions set amount = -8 where amount = -9", UNNAMED),
    "redeemed_rewards_cost_what_was_taken": (
        f"update redeemed_rewards set points_spent = 11 where id = '{NAMED}'",
        NAMED,
    ),
    "redeemed_rewards_keep_to_the_limit": (
        "update rewards set per_user_limit = 1 where stock = 0",
        UNNAMED,
    ),
    "vouchers_are_used_in_time": (
        "update redeemed_rewards set used_at = '2026-02-01' where is_used",
        NAMED,
    ),
    "voucher_codes_are_unique": (
        "insert into redeemed_rewards (id, user_id, reward_id, points_spent, voucher_code, valid_until)"
        f" select '{ORDER}', user_id, '{REWARD}', 0, 'A', '2026-03-01' from loyalty_programs where not {{}}"
        " limit 1",
        ORDER,
    ),
    "redeeming_entries_have_their_reward": (
        ENTRY.format("'REDEEM', 7, points_balance - 7, 'shop', null"),
        ORDER,
    ),
    "spent_points_come_back_once": (
        ENTRY.format(f"'refund', 11, points_balance + 11, 'shop', '{NAMED}'"),
        ORDER,
    ),
}
FAULTS_OF_REWARDS = (
    *((rule, statement, key) for rule, (statement, key) in REWARD_FAULTS.items()),
    # It names no spending, and is more than all of the member's.
    (
        "spent_points_come_back_once",
        ENTRY.format("'restore', 20, points_balance + 20, 'shop', null"),
        ORDER,
    ),
)


@pytest.fixture(scope="module")
def published(
    module_database: object, published_template: str, request: pytest.FixtureRequest
) -> Iterator[tuple[Settings, Engine, list[str]]]:
    """Two members to whom a run has posted an order's points and an end."""
    from standing.database.connect import connect

    settings = module_database(published_template)  # type: ignore[operator]
    patch = pytest.MonkeyPatch()
    declare(patch, POINTS)
    with connect(settings) as engine:
        members = column(engine, "select id::text from users order by id limit 2")
        worth = [one for m in members for one in (Worth(m, 20, ORDER), Worth(m, -30, ends=END))]
        do(engine, *(statement.format(members[1]) for statement in REWARDS))
        build(engine, members, *worth)
        find(engine, settings, POINTS)
        run_id = publish(engine, settings, POINTS)
        with engine.begin() as connection:
            connection.execute(text("update standing_build.run_context set run_id = :id"), {"id": run_id})
        yield settings, engine, members
    patch.undo()


def scans_of(settings: Settings, due_only: bool = True) -> list[Scan]:
    url = str(settings.database_url)
    scope = AuditScope(url, "standing_build", "public", (POINTS,), due_only=due_only)
    return [*source_scans(scope, read_catalog(scope)), *candidate_scans(scope), *published_scans(scope)]


def failing(connection: Connection, settings: Settings, due_only: bool = True) -> dict[str, list[str]]:
    """Rule → the members, or the rows, that break it."""
    found = {}
    for scan in scans_of(settings, due_only):
        for rule in scan.rules:
            if keys := connection.scalars(text(scan.samples_query(rule))).all():  # type: ignore[arg-type]
                found[rule.name] = list(keys)
    return found


def test_a_ledger_that_adds_up_breaks_no_rule(
    published: tuple[Settings, Engine, list[str]],
) -> None:
    settings, engine, _ = published
    with engine.connect() as connection:
        assert failing(connection, settings) == {}


@pytest.mark.parametrize("rule", FAULTS)
def test_each_fault_is_named_by_its_rule(rule: str, published: tuple[Settings, Engine, list[str]]) -> None:
    settings, engine, members = published
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(FAULTS[rule].format(f"user_id = '{members[1]}'")))
        assert failing(connection, settings)[rule] == [members[1]]
        transaction.rollback()


@pytest.mark.parametrize(("rule", "statement", "key"), [*FAULTS_OF_REWARDS])
def test_each_fault_of_a_reward_is_named_by_its_rule_alone(
    rule: str, statement: str, key: str, published: tuple[Settings, Engine, list[str]]
) -> None:
    settings, engine, members = published
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(statement.format(f"user_id = '{members[1]}'")))
        found = failing(connection, settings, due_only=False)
        transaction.rollback()
    named = {name: keys for name, keys in found.items() if not name.startswith("toy_points_")}
    assert named[rule][:1] == [key]
    # A redemption too many is one that the reward did not count, and an entry of another amount pays none.
    also = {"rewards_count_their_redemptions", "redeeming_entries_have_their_reward"}
    assert named.keys() - {rule} <= also


#: What a run that is undone, the next one and a refund leave.
POSTED = """
with account as (
    update loyalty_programs
    set points_balance = points_balance + :points, points_lifetime = points_lifetime + :points
    where user_id = :member returning user_id, points_balance
)
insert into points_transactions (user_id, type, amount, balance_after, source, description)
select user_id, :type, :points, points_balance, :source, 'x' from account
"""


def test_a_ledger_that_lives_breaks_no_rule_of_the_upgrade(
    published: tuple[Settings, Engine, list[str]],
) -> None:
    """Rows of one moment, a welcome that was taken back and given again, a refund."""
    settings, engine, members = published
    scope = AuditScope(str(settings.database_url), "standing_build", "public", ())
    (ledger,) = (one for one in upgrade.scans(scope, read_catalog(scope)) if "as begun" in one.source)
    rules = [rule for rule in ledger.rules if isinstance(rule, Rule)]
    posted = (("reverse", -100, "signup"), ("earn", 100, "signup"), ("reverse", -8, "order"))
    with engine.connect() as connection, connection.begin() as transaction:
        for type_, points, source in posted:
            given = {"type": type_, "points": points, "source": source, "member": members[1]}
            connection.execute(text(POSTED), given)
        broken = {rule.name: connection.execute(text(ledger.samples_query(rule))).all() for rule in rules}
        transaction.rollback()
    assert broken == {rule.name: [] for rule in rules}
    assert "nobody_has_two_welcome_bonuses" in broken


def test_every_rule_has_its_fault(published: tuple[Settings, Engine, list[str]]) -> None:
    settings, _, _ = published
    rules = {rule.name for scan in scans_of(settings, due_only=False) for rule in scan.rules}
    assert rules == FAULTS.keys() | REWARD_FAULTS.keys()
