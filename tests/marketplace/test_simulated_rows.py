"""The simulation's parts that need no database."""

import numpy as np
import pytest

from standing.marketplace.binary_copy import NULL, identifiers
from standing.marketplace.ledger import fill_baskets, order_totals, review
from standing.marketplace.lifecycle import STATUSES, live
from standing.marketplace.population import DAY, HOUR, Population, Scale, populate, products_on_sale
from standing.marketplace.trades import BLOCK, trades

END = 1_767_200_400_000_000  # 2026-01-01 00:00 in Bangkok


def marketplace(users: int = 400, orders: int = 3000, seed: int = 7) -> Population:
    return populate(Scale(users, orders, seed, END))


def test_identifiers_are_version_4_uuids_and_differ_by_number_kind_and_seed() -> None:
    number = np.arange(20_000)
    made = [identifiers(seed, kind, number).payload for seed in (1, 2) for kind in (1, 2)]
    together = np.vstack(made)
    assert len(np.unique(together, axis=0)) == len(together)
    assert set(together[:, 6] >> 4) == {4}
    assert set(together[:, 8] >> 6) == {2}


def test_identifiers_do_not_depend_on_the_block_they_are_made_in() -> None:
    whole = identifiers(3, 4, np.arange(100)).payload
    assert np.array_equal(whole[40:60], identifiers(3, 4, np.arange(40, 60)).payload)


def test_nobody_trades_before_joining_or_with_a_shop_that_is_not_open() -> None:
    market = marketplace()
    for block in trades(market):
        assert (market.people.joined[block.buyer] <= block.created).all()
        assert (market.shops.opened[block.shop] <= block.created).all()
        assert (market.shops.closed[block.shop] >= block.created).all()
        assert (block.created < END).all()


def test_only_fraud_is_dealing_with_oneself() -> None:
    market = marketplace(users=2000, orders=20_000)
    block = next(trades(market))
    own = market.shops.owner[block.shop] == block.buyer
    assert own.any()
    assert block.fraud[own].all()
    assert market.shops.fake[block.shop[block.fraud & ~own]].all()


def test_orders_are_numbered_through_across_blocks() -> None:
    market = marketplace(orders=BLOCK + 5)
    blocks = list(trades(market))
    assert [len(block.created) for block in blocks] == [BLOCK, 5]
    assert blocks[1].number[0] == BLOCK
    assert blocks[0].created[-1] - blocks[1].created[0] < HOUR


def test_trade_grows_and_follows_bangkoks_evenings() -> None:
    created = np.concatenate([block.created for block in trades(marketplace(orders=30_000))])
    middle = END - 365 * DAY
    assert (created > middle).sum() > 1.5 * (created <= middle).sum()
    hour = (created + 7 * HOUR) % DAY // HOUR
    assert (hour == 20).sum() > 3 * (hour == 4).sum()


def test_a_life_is_cut_at_the_end_of_the_history() -> None:
    market = marketplace(users=2000, orders=20_000)
    block = next(trades(market))
    lives = live(market, block, order_totals(market, block, fill_baskets(market, block)))
    for name in lives.TIMES:
        if name not in ("ship_by", "promised"):
            assert (getattr(lives, name) <= END).all(), name
    assert (lives.updated >= block.created).all()
    assert {STATUSES[code] for code in lives.status} == set(STATUSES)
    assert (lives.refunded_amount <= lives.total).all()
    assert ((lives.refunded_amount > 0) <= (lives.refunded != NULL)).all()


@pytest.mark.parametrize("shops", [1000, 4000])
def test_orders_are_spread_over_shops_as_over_olists_sellers(shops: int) -> None:
    """The largest 1% of shops have 23% of the orders and the largest tenth 66%, at any size."""
    market = populate(Scale(50 * shops, 50 * shops, 3, END, shops))
    sold = np.zeros(shops)
    for block in trades(market):
        np.add.at(sold, block.shop, 1)
    largest = np.sort(sold)[::-1].cumsum() / sold.sum()
    assert 0.18 < largest[shops // 100 - 1] < 0.28
    assert 0.56 < largest[shops // 10 - 1] < 0.7


def test_better_shops_are_rated_better() -> None:
    market = marketplace(users=2000, orders=20_000)
    block = next(trades(market))
    lives = live(market, block, order_totals(market, block, fill_baskets(market, block)))
    said = review(market, block, lives)
    honest = ~block.fraud[said.order]
    quality = market.shops.quality[block.shop[said.order]][honest]
    good, bad = quality > 0.7, quality < -0.7
    rating = said.rating[honest]
    assert rating[good].mean() > rating[bad].mean() + 0.5
    assert set(rating) == {1, 2, 3, 4, 5}
    assert (said.rating[~honest] >= 4).all()


def test_a_shop_adds_products_and_never_sells_one_before() -> None:
    market = marketplace()
    shop = np.arange(len(market.shops.owner))
    size = np.diff(market.shops.catalogue)
    young = products_on_sale(market, shop, market.shops.opened)
    assert (young == 1).all()
    assert (products_on_sale(market, shop, np.full(len(shop), END)) == size).all()
