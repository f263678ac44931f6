"""Whom a change makes due: rows of the log as triggers write them, and what the drain makes of them."""

from collections.abc import Callable, Iterator

import pytest
from conftest import MakeDatabase
from sqlalchemy import Connection, Engine, text

from standing.database.connect import connect
from standing.incremental.change_log import drain, foreseen_reasons, log_size
from standing.incremental.concerned import NARROW
from standing.incremental.observed import observe
from standing.settings import Settings

USER_TARGETS = {"trust_score", "behavior_score", "gamification", "points", "loyalty_tier"}
SELLER_TARGETS = {"ratings", "performance", "tier_info"}


@pytest.fixture
def settings(make_database: MakeDatabase, upgraded_template: str) -> Settings:
    return make_database(template=upgraded_template)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with connect(settings) as engine:
        with engine.begin() as connection:
            connection.execute(text("delete from standing.change_log"))
        yield engine


def one(connection: Connection, statement: str, **parameters: object) -> object:
    found = connection.execute(text(statement), parameters).scalar()
    assert found is not None, statement
    return found


def due(connection: Connection, kind: set[str]) -> set[object]:
    """The members due for every target of a kind; fails if they are due for some of these only."""
    found = connection.execute(text("select member_id, array_agg(target) from standing.due group by 1"))
    members = {member: set(targets) for member, targets in found}
    of_kind = {member for member, targets in members.items() if targets & kind}
    assert all(members[member] == kind for member in of_kind)
    return of_kind


Logged = Callable[[str], None]


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def log(connection: Connection, **columns: object) -> None:
    names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    connection.execute(
        text(f"insert into standing.change_log (source, {names}) values ('x', {values})"), columns
    )


def test_empty_log_makes_nobody_due(connection: Connection, settings: Settings) -> None:
    assert drain(connection, settings) == 0
    assert due(connection, USER_TARGETS) == set()


def test_a_source_that_concerns_some_targets_makes_members_due_for_these_only(
    connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NARROW, "gifts", ("behavior_score", "of_a_later_version"))
    shop = connection.execute(text("select id, user_id from seller_profiles order by id limit 1")).one()
    gift = "insert into standing.change_log (source, affects_counterparties, user_id)"
    connection.execute(text(f"{gift} values ('gifts', false, :user)"), {"user": shop.user_id})
    assert drain(connection, settings) == 1
    assert due(connection, {"behavior_score"}) == {shop.user_id}
    # Everything of it may have changed: everybody is due for what it concerns; what else is logged counts.
    connection.execute(text(f"{gift} values ('gifts', true, null)"))
    observed = observe(connection, settings)
    foreseen = "everything in gifts may have changed"
    assert foreseen_reasons(connection, observed) == {"behavior_score": foreseen}
    log(connection, seller_id=shop.id)
    assert drain(connection, settings) == len(USER_TARGETS | SELLER_TARGETS)
    found = connection.execute(text("select target, member_id, reason from standing.due"))
    assert {tuple(row) for row in found} == {
        ("behavior_score", None, foreseen),
        *((target, shop.user_id, None) for target in USER_TARGETS),
        *((target, shop.id, None) for target in SELLER_TARGETS),
    }


def test_what_a_referred_member_buys_makes_the_group_due_for_points(
    connection: Connection, settings: Settings
) -> None:
    found = connection.execute(
        text(
            "select id, buyer_id from orders where buyer_id not in"
            " (select user_id from seller_profiles where user_id is not null) order by id limit 1"
        )
    ).one()
    others = list(
        connection.scalars(
            text(
                "select id from users where id != :buyer and id not in"
                " (select user_id from seller_profiles where user_id is not null) order by id limit 6"
            ),
            {"buyer": found.buyer_id},
        )
    )
    referrer, brought, later, brought_later, above, stranger = others
    pairs = (
        (referrer, found.buyer_id),
        (referrer, brought),
        (later, found.buyer_id),
        (later, brought_later),
        (above, referrer),
        (above, stranger),
    )
    for pair in pairs:
        connection.execute(
            text("insert into referred_users (referrer_id, referee_id) values (:referrer, :referee)"),
            dict(zip(("referrer", "referee"), pair, strict=True)),
        )
    connection.execute(text("delete from standing.change_log"))
    group = {found.buyer_id, referrer, brought, later, brought_later}

    log(connection, order_id=found.id)
    drain(connection, settings)
    assert (
        set(connection.scalars(text("select member_id from standing.due where target = 'points'")))
        & {
            *others,
            found.buyer_id,
        }
        == group
    )
    scored = connection.scalars(text("select member_id from standing.due where target = 'trust_score'"))
    assert not {*scored} & {*others}

    # A visit changes nobody's bonus.
    connection.execute(text("delete from standing.due"))
    log(connection, user_id=found.buyer_id)
    drain(connection, settings)
    assert due(connection, USER_TARGETS) == {found.buyer_id}


def test_user_is_due_with_the_shop_behind_which_he_stands(
    connection: Connection, settings: Settings
) -> None:
    shop = connection.execute(text("select id, user_id from seller_profiles order by id limit 1")).one()
    log(connection, user_id=shop.user_id)
    assert drain(connection, settings) == len(USER_TARGETS | SELLER_TARGETS)
    assert due(connection, USER_TARGETS) == {shop.user_id}
    assert due(connection, SELLER_TARGETS) == {shop.id}
    assert log_size(connection) == 0


def test_seller_is_due_with_the_shop_s_person(connection: Connection, settings: Settings) -> None:
    shop = connection.execute(text("select id, user_id from seller_profiles order by id limit 1")).one()
    log(connection, seller_id=shop.id)
    drain(connection, settings)
    assert due(connection, USER_TARGETS) == {shop.user_id}
    assert due(connection, SELLER_TARGETS) == {shop.id}


def test_who_is_due_already_is_not_due_twice(connection: Connection, settings: Settings) -> None:
    user = one(connection, "select id from users where id not in (select user_id from seller_profiles)")
    log(connection, user_id=user)
    log(connection, user_id=user)
    assert drain(connection, settings) == len(USER_TARGETS)
    log(connection, user_id=user)
    assert drain(connection, settings) == 0


def test_order_makes_buyer_seller_and_reviewers_due(connection: Connection, settings: Settings) -> None:
    order = connection.execute(
        text(
            "select o.id, o.buyer_id, o.seller_id, s.user_id from orders as o"
            " join seller_profiles as s on s.id = o.seller_id order by o.id limit 1"
        )
    ).one()
    stranger = one(
        connection,
        "select id from users where id not in (select user_id from seller_profiles) and id <> :buyer",
        buyer=order.buyer_id,
    )
    connection.execute(
        text(
            "insert into reviews (order_id, seller_id, reviewer_id, rating)"
            " values (:id, null, :stranger, 5)"
        ),
        {"id": order.id, "stranger": stranger},
    )
    connection.execute(text("delete from standing.change_log"))
    log(connection, order_id=order.id)
    drain(connection, settings)
    assert {order.buyer_id, order.user_id, stranger} <= due(connection, USER_TARGETS)
    assert order.seller_id in due(connection, SELLER_TARGETS)


def test_thread_makes_everyone_in_it_due(connection: Connection, settings: Settings) -> None:
    thread = one(connection, "select thread_id from messages order by thread_id limit 1")
    members = set(
        connection.scalars(
            text(
                "select sender_id from messages where thread_id = :t"
                " union select recipient_id from messages where thread_id = :t"
            ),
            {"t": thread},
        )
    )
    log(connection, thread_id=thread)
    drain(connection, settings)
    assert due(connection, USER_TARGETS) == members


def test_wide_seller_makes_all_buyers_and_reviewers_due(connection: Connection, settings: Settings) -> None:
    shop = connection.execute(
        text(
            "select s.id, s.user_id from seller_profiles as s"
            " join orders as o on o.seller_id = s.id order by s.id limit 1"
        )
    ).one()
    buyers = set(
        connection.scalars(text("select buyer_id from orders where seller_id = :s"), {"s": shop.id})
    )
    log(connection, seller_id=shop.id)
    drain(connection, settings)
    assert not buyers & due(connection, USER_TARGETS)
    log(connection, seller_id=shop.id, affects_counterparties=True)
    drain(connection, settings)
    assert {*buyers, shop.user_id} <= due(connection, USER_TARGETS)


def test_wide_user_makes_the_sellers_of_his_orders_due(connection: Connection, settings: Settings) -> None:
    user = one(connection, "select buyer_id from orders order by id limit 1")
    sellers = set(connection.scalars(text("select seller_id from orders where buyer_id = :u"), {"u": user}))
    log(connection, user_id=user, affects_counterparties=True)
    drain(connection, settings)
    assert sellers <= due(connection, SELLER_TARGETS)


def test_row_without_a_key_is_everybody_only_if_it_is_wide(
    connection: Connection, settings: Settings
) -> None:
    log(connection, affects_counterparties=False)
    assert drain(connection, settings) == 0
    log(connection, affects_counterparties=True)
    assert drain(connection, settings) == len(USER_TARGETS | SELLER_TARGETS)
    assert due(connection, USER_TARGETS | SELLER_TARGETS) == {None}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["orders"], "everything in orders may have changed"),
        (["reviews", "orders", "orders", "not logged"], "everything in orders, reviews may have changed"),
        (list("edcba"), "everything in a, b, c and 2 more may have changed"),
        (["not logged"], "changes may have been missed while the change log was not complete"),
    ],
)
def test_the_reason_why_everybody_is_due_names_the_sources(
    connection: Connection, settings: Settings, sources: list[str], said: str
) -> None:
    for source in sources:
        connection.execute(
            text("insert into standing.change_log (source, affects_counterparties) values (:source, true)"),
            {"source": source},
        )
    drain(connection, settings)
    assert connection.scalars(text("select distinct reason from standing.due")).all() == [said]


def test_log_of_every_order_makes_every_buyer_and_seller_due(
    connection: Connection, settings: Settings
) -> None:
    connection.execute(
        text("insert into standing.change_log (source, order_id) select 'orders', id from orders")
    )
    drain(connection, settings)
    buyers = set(connection.scalars(text("select buyer_id from orders")))
    assert buyers <= due(connection, USER_TARGETS)
    assert set(connection.scalars(text("select seller_id from orders"))) <= due(connection, SELLER_TARGETS)


def test_drain_that_is_rolled_back_loses_nothing(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        log(connection, user_id=one(connection, "select id from users order by id limit 1"))
    with engine.connect() as connection:
        assert drain(connection, settings) > 0
        connection.rollback()
        assert log_size(connection) == 1


def test_optional_columns_and_tables_may_be_missing(connection: Connection, settings: Settings) -> None:
    connection.execute(text("drop table messages, disputes, returns, order_exclusions cascade"))
    connection.execute(
        text("alter table reviews drop column order_id cascade, drop column reviewer_id cascade")
    )
    connection.execute(text("alter table seller_profiles drop column user_id cascade"))
    seller = one(connection, "select seller_id from orders order by id limit 1")
    log(connection, seller_id=seller, affects_counterparties=True, thread_id=seller)
    log(connection, order_id=one(connection, "select id from orders order by id limit 1"))
    drain(connection, settings)
    assert seller in due(connection, SELLER_TARGETS)
