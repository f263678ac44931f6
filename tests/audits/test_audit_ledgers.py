"""Do points add up: what each rule says of a ledger, of marts and of postings that do not."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from support.decided import column
from support.small_ledger import END, POINTS, Worth, build
from support.small_mart import declare, find, publish

from expectations import AuditScope
from expectations.engine.catalog import read_catalog
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
        build(engine, members, *worth)
        find(engine, settings, POINTS)
        run_id = publish(engine, settings, POINTS)
        with engine.begin() as connection:
            connection.execute(text("update standing_build.run_context set run_id = :id"), {"id": run_id})
        yield settings, engine, members
    patch.undo()


def failing(connection: Connection, settings: Settings) -> dict[str, list[str]]:
    """Rule → the members that break it."""
    url = str(settings.database_url)
    scope = AuditScope(url, "standing_build", "public", (POINTS,), due_only=True)
    scans = [*source_scans(scope, read_catalog(scope)), *candidate_scans(scope), *published_scans(scope)]
    found = {}
    for scan in scans:
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


def test_every_rule_has_its_fault(published: tuple[Settings, Engine, list[str]]) -> None:
    settings, _, _ = published
    scope = AuditScope(str(settings.database_url), "standing_build", "public", (POINTS,))
    scans = [*source_scans(scope, read_catalog(scope)), *candidate_scans(scope), *published_scans(scope)]
    assert {rule.name for scan in scans for rule in scan.rules} == set(FAULTS)
