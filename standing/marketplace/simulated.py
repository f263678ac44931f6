"""A simulated marketplace, written through one connection."""

from collections.abc import Callable

import psycopg

from standing.marketplace.binary_copy import TableWriter
from standing.marketplace.contacts import (
    write_idle_sessions,
    write_messages,
    write_reports,
    write_shopping_sessions,
)
from standing.marketplace.ledger import (
    fill_baskets,
    order_totals,
    review,
    write_cases,
    write_orders,
    write_reviews,
)
from standing.marketplace.lifecycle import live
from standing.marketplace.members import (
    Tally,
    write_admins,
    write_payouts,
    write_products,
    write_shops,
    write_truth,
    write_users,
)
from standing.marketplace.population import Scale, populate
from standing.marketplace.trades import trades
from standing.marketplace.wording import draw


def fill(
    connection: "psycopg.Connection[tuple[object, ...]]", scale: Scale, progress: Callable[[int], None]
) -> dict[str, int]:
    """Rows into all tables, which must be empty and made in this transaction; rows by table.

    `progress` gets how many more orders are written. Memory: a block of orders, and some hundred bytes
    a user and shop.
    """
    writer = TableWriter(connection)
    connection.execute("drop table if exists simulation.simulation_truth")
    connection.execute(
        "create table simulation.simulation_truth"
        " (member_id uuid not null, role text not null,"
        " quality double precision not null, fraud boolean not null)"
    )
    population = populate(scale)
    wording = draw(scale.seed)
    tally = Tally.empty(population)
    write_products(writer, population, wording)
    for block in trades(population):
        basket = fill_baskets(population, block)
        lives = live(population, block, order_totals(population, block, basket))
        reviews = review(population, block, lives)
        write_orders(writer, population, block, basket, lives)
        write_cases(writer, population, block, lives)
        write_reviews(writer, population, wording, block, reviews)
        write_messages(writer, population, block)
        write_shopping_sessions(writer, population, block, tally.last_login)
        tally.add(population, block, lives, reviews)
        progress(len(block.created))
    write_idle_sessions(writer, population, tally.last_login)
    write_reports(writer, population)
    write_users(writer, population, wording, tally.last_login)
    write_shops(writer, population, wording, tally)
    write_payouts(writer, population, tally.revenue)
    write_admins(writer, population)
    write_truth(writer, population)
    return writer.counts
