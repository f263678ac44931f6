"""Where points begin: the first terms, what balances begin with, and terms that change."""

from datetime import timedelta

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support import legacy

from expectations.suites.signs import signed
from standing.build.points import note_terms, signed_amount, terms_now
from standing.database.clock import wall_clock
from standing.settings import Settings
from standing.upgrade.migration import migrate

WHALE, RARE, BROWSER = (legacy.IDS[name] for name in ("whale", "rare", "browser"))
OPENINGS = "select user_id, opening from standing.loyalty_openings"


@pytest.fixture
def settings(make_database: MakeDatabase) -> Settings:
    """An application that writes moments in another zone than ours."""
    return make_database(SOURCE_TIME_ZONE="America/New_York")


@pytest.fixture
def upgraded(settings: Settings, engine: Engine) -> Engine:
    legacy.fill(engine)
    migrate(settings, engine)
    return engine


def begin_again(engine: Engine) -> None:
    """As a version without points has left the database."""
    with engine.begin() as connection:
        connection.execute(text("drop table standing.loyalty_terms, standing.loyalty_openings"))
        connection.execute(text("update standing.alembic_version set version_num = 'change_log'"))
        connection.execute(text("update standing.versions set layout = 2, digest = 'fe8835c700db0067'"))


def test_points_begin_with_the_upgrade_and_with_what_was_there(
    upgraded: Engine, settings: Settings
) -> None:
    """A balance beyond its ledger is entered once, also where an earlier version has upgraded."""
    with upgraded.begin() as connection:
        early = "now() at time zone 'America/New_York' - created_at not between '0' and interval '1 hour'"
        assert connection.scalar(text(f"select count(*) from points_transactions where {early}")) == 0
    begin_again(upgraded)
    with upgraded.begin() as connection:
        for member, balance in ((WHALE, 130), (RARE, 70)):
            connection.execute(
                text("update loyalty_programs set points_balance = :balance where user_id = :member"),
                {"member": member, "balance": balance},
            )
        for type_, amount, status in (
            ("SPEND", 30, None),
            ("refund", -5, "Confirmed"),
            ("adjust", -1, "confirmed"),
            ("earn", 1000, "pending"),
            ("mystery", 7, "confirmed"),
        ):
            connection.execute(
                text(
                    "insert into points_transactions"
                    " (user_id, type, amount, balance_after, source, description, status)"
                    " values (:member, :type, :amount, 0, 'shop', 'x', :status)"
                ),
                {"member": BROWSER, "type": type_, "amount": amount, "status": status},
            )
    before = wall_clock(upgraded)
    migrate(settings, upgraded)
    migrate(settings, upgraded)
    with upgraded.begin() as connection:
        assert dict(connection.execute(text(OPENINGS)).tuples().all()) == {
            WHALE: 30,
            RARE: -30,
            BROWSER: 100 - (100 - 30 + 5 - 1 + 7),
        }
        terms = connection.execute(text("select * from standing.loyalty_terms")).mappings().one()
        assert {name: terms[name] for name in terms_now(settings)} == terms_now(settings)
        assert before <= terms["valid_from"] <= wall_clock(upgraded) + timedelta(seconds=1)


def test_terms_change_with_a_setting_and_keep_what_was(upgraded: Engine, settings: Settings) -> None:
    first = wall_clock(upgraded)
    dearer = settings.model_copy(update={"loyalty_points_per_100_baht": 3})
    with upgraded.begin() as connection:
        day = timedelta(days=1)
        noted = [
            note_terms(connection, terms, first + days * day)
            for terms, days in ((settings, 1), (dearer, 2), (dearer, 3), (settings, 2), (settings, 4))
        ]
        assert noted == [False, True, False, False, True]
        rates = connection.execute(
            text("select points_per_100_baht, valid_from from standing.loyalty_terms order by valid_from")
        ).all()
    assert [row.points_per_100_baht for row in rates] == [1, 3, 1]
    assert [row.valid_from for row in rates[1:]] == [first + 2 * day, first + 4 * day]


def test_audits_and_models_give_the_ledger_the_same_signs(engine: Engine) -> None:
    types = (
        "earn",
        "Spend",
        "redeem",
        "expire",
        "reverse",
        "adjust",
        "bonus",
        "refund",
        "restore",
        "mystery",
    )
    listed = ", ".join(f"('{type_}', {amount})" for type_ in types for amount in (5, -5))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                f"select type, amount, {signed('type', 'amount')} as audited,"
                f" {signed_amount('p')} as signed"
                f" from (values {listed}) as p (type, amount)"
            )
        ).all()
    assert [row for row in rows if row.audited != row.signed] == []
