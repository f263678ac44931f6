"""Steps are planned from a catalogue; what is there already is no step."""

from dataclasses import replace

import pytest

from standing.contract.additions import ADDITIONS
from standing.contract.declare import Default
from standing.contract.relations import Relation, SeenColumn
from standing.contract.tables import TABLES
from standing.database.catalog import Catalog, FoundColumn, FoundIndex
from standing.sql import quoted
from standing.upgrade.checks.fitness import bare, misfits
from standing.upgrade.plan.back import plan as plan_back
from standing.upgrade.plan.indexes import partition_index_name, plan_indexes
from standing.upgrade.plan.tables import plan_columns, plan_tables, wanted_tables
from standing.upgrade.steps import Item

LEGACY = {
    "users": {"id": "uuid", "created_at": "timestamp with time zone"},
    "seller_profiles": {"id": "uuid", "rating_score": "numeric(3,2)", "rating_count": "integer"},
    "orders": {
        "id": "uuid",
        "buyer_id": "uuid",
        "seller_id": "uuid",
        "status": "text",
        "created_at": "timestamp with time zone",
    },
    "reviews": {"id": "uuid", "rating": "integer", "created_at": "date", "order_id": "uuid"},
}


def relation(name: str, columns: dict[str, str]) -> Relation:
    found = {column: SeenColumn(column, bare(kind), kind) for column, kind in columns.items()}
    return Relation(name, "r", "owner", True, False, False, found)


def catalog(**changes: dict[str, str]) -> Catalog:
    """A legacy catalogue; `changes` adds columns to tables, or tables."""
    tables = {name: {**LEGACY.get(name, {}), **changes.get(name, {})} for name in {**LEGACY, **changes}}
    tables["reviews"]["created_at"] = "timestamp with time zone"
    return Catalog(
        schema="public",
        tables=dict.fromkeys(tables, "r"),
        relations={name: relation(name, columns) for name, columns in tables.items()},
        columns={
            (table, name): FoundColumn(table, name, kind, False, None)
            for table, columns in tables.items()
            for name, kind in columns.items()
        },
        indexes={
            f"{table}_pkey": FoundIndex(table, f"{table}_pkey", ("id",), True, False, True)
            for table in tables
        },
    )


def test_the_guide_has_33_columns_and_9_tables() -> None:
    """A document of our own adds its column to these."""
    added = [len(addition.columns) for addition in ADDITIONS]
    assert all(number >= guide for number, guide in zip(added, [8, 9, 11, 5], strict=True))
    assert len(TABLES) == 9


def test_one_statement_a_table_adds_all_columns() -> None:
    tables = ("users", "seller_profiles", "reviews")
    added = {addition.table: len(addition.columns) for addition in ADDITIONS}
    assert [step.name for step in plan_columns(catalog())] == [
        f"{added[table]} columns of {table}" for table in tables
    ]


def test_without_products_there_are_no_wishlists() -> None:
    assert "wishlists" not in {table.name for table in wanted_tables(catalog())}
    assert "wishlists" in {table.name for table in wanted_tables(catalog(products={"id": "uuid"}))}


def test_a_table_that_is_there_gets_only_what_it_lacks() -> None:
    steps = plan_tables(catalog(rewards={column.name: column.type for column in TABLES[2].columns[:-1]}))
    assert "column rewards.expires_at" in [step.name for step in steps]
    assert "table rewards" not in [step.name for step in steps]


def test_no_default_is_volatile() -> None:
    for addition in ADDITIONS:
        for column in addition.columns:
            assert "random" not in (column.default_expression or "")
            assert "clock_timestamp" not in (column.default_expression or "")


def test_floats_keep_their_decimals() -> None:
    assert Default({"rate": 5.0}).expression == """'{"rate": 5.0}'::jsonb"""


@pytest.mark.parametrize("name", ['a"b', "Ünï", "100%", "order"])
def test_names_are_quoted_whole(name: str) -> None:
    assert quoted("public", name) == '"public"."' + name.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("found", "fits"), [("text", True), ("character varying(9)", True), ("jsonb", False)]
)
def test_longer_texts_stand_in_for_shorter_ones(found: str, fits: bool) -> None:
    assert (misfits(catalog(users={"kyc_status": found})) == []) is fits


def test_every_missing_table_is_named() -> None:
    empty = Catalog("public", {})
    assert [one.object for one in misfits(empty)] == ["users", "seller_profiles", "orders", "reviews"]


def test_an_index_that_leads_with_the_column_is_enough() -> None:
    wide = FoundIndex("orders", "wide", ("buyer_id", "created_at"), True, False, False)
    legacy = catalog()
    indexes = {**legacy.indexes, "wide": wide}
    names = [step.name for step in plan_indexes(replace(legacy, indexes=indexes), ())]
    assert "index standing_orders_buyer_id" not in names
    indexes["wide"] = replace(wide, partial=True)
    names = [step.name for step in plan_indexes(replace(legacy, indexes=indexes), ())]
    assert "index standing_orders_buyer_id" in names


def test_names_of_partition_indexes_fit_and_differ() -> None:
    from standing.contract.additions import LOOKUPS
    from standing.database.catalog import Partition

    index = LOOKUPS["orders"][0]
    names = {
        partition_index_name(
            Partition("orders", "public", "p" * 60 + str(n), "orders", True, False, {}), index
        )
        for n in range(50)
    }
    assert len(names) == 50
    assert max(map(len, names)) <= 63


def test_only_what_the_ledger_names_is_dropped() -> None:
    made = [Item("column", "public", "users", "devices")]
    steps = plan_back("columns", made, {"users", "reviews"}, catalog())
    assert [step.statements for step in steps] == [
        ('alter table "public"."users" drop column if exists "devices"',)
    ]
    assert steps[0].drops == tuple(made)


def test_indexes_of_a_made_table_go_with_it() -> None:
    made = [
        Item("table", "public", "rewards", "rewards"),
        Item("index", "public", "rewards", "idx_rewards_active"),
    ]
    assert plan_back("indexes", made, (), catalog()) == []
    (step,) = plan_back("tables", made, (), catalog())
    assert step.drops == tuple(made)
