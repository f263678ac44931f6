"""The upgrade gives what the migration guide's own statements give, faults mended.

The guide's statements are those of the benchmark, benchmarks/upgrade_guide.sql.
"""

from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support import legacy

from standing.database.connect import connect
from standing.upgrade.migration import migrate

GUIDE = Path(__file__).resolve().parents[2] / "benchmarks" / "upgrade_guide.sql"

COLUMNS = """
select table_name || '.' || column_name as name, data_type, character_maximum_length, numeric_precision,
    numeric_scale, is_nullable, case when data_type <> 'jsonb' then column_default end as preset
from information_schema.columns where table_schema = 'public' order by name
"""
CONSTRAINTS = """
select conrelid::regclass::text || '.' || conname as name, pg_get_constraintdef(oid), convalidated
from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n' order by name
"""
INDEXES = """
select indexname, indexdef from pg_indexes
where schemaname = 'public' and indexname !~ '^(bench|standing)_' order by indexname
"""
#: Documents of a member who comes after the upgrade, without the moments in them.
CLOCKS = "{last_calculated,next_review,last_active,last_updated,updated_at,tier_achieved_at}"
DEFAULTS = {
    table: f"select to_jsonb(t) - 'id' - 'created_at' as row from {table} as t where id = :id"
    for table in ("users", "seller_profiles", "reviews", "admin_users")
}
RESULTS = (
    "select id, trust_score -> 'transaction_score', trust_score -> 'overall_score' from users order by id",
    "select user_id, points_balance, tier from loyalty_programs order by user_id",
    """select user_id, type, amount, balance_after, source, description, status
    from points_transactions order by user_id""",
    "select id, tier_info -> 'current_tier' from seller_profiles order by id",
)


@pytest.fixture
def both(make_database: MakeDatabase) -> Any:
    """Engines of two equal marketplaces: upgraded by us, upgraded by the guide."""
    ours, guide = make_database(), make_database()
    with connect(ours) as one, connect(guide) as other:
        legacy.fill(one)
        legacy.fill(other)
        migrate(ours, one)
        with other.begin() as connection:
            connection.exec_driver_sql(GUIDE.read_text(encoding="utf-8"))
        yield one, other


def found(engine: Engine, statement: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@pytest.mark.parametrize("statement", [COLUMNS, CONSTRAINTS, INDEXES], ids=["columns", "keys", "indexes"])
def test_schema_is_the_guides(both: tuple[Engine, Engine], statement: str) -> None:
    ours, guide = both
    assert found(ours, statement) == found(guide, statement)


@pytest.mark.parametrize("table", DEFAULTS)
def test_defaults_are_the_guides(both: tuple[Engine, Engine], table: str) -> None:
    rows = []
    for engine in both:
        with engine.begin() as connection:
            rating = ("rating",) if table == "reviews" else ()
            columns = ", ".join(("id", *rating))
            values = ", ".join((":id", *("3" for _ in rating)))
            parameters = {"id": legacy.uuid.UUID(int=7)}
            connection.execute(text(f"insert into {table} ({columns}) values ({values})"), parameters)
            row = connection.scalar(text(DEFAULTS[table]), parameters)
        rows.append({name: _timeless(value) for name, value in row.items()})
    assert rows[0] == rows[1]


def _timeless(value: Any) -> Any:
    """The document with the names of its moments for their values."""
    clocks = CLOCKS.strip("{}").split(",")
    if isinstance(value, dict):
        return {key: key if key in clocks else inner for key, inner in value.items()}
    return value


@pytest.mark.parametrize("statement", RESULTS, ids=["scores", "programmes", "points", "tiers"])
def test_backfill_gives_the_guides_results(both: tuple[Engine, Engine], statement: str) -> None:
    ours, guide = both
    assert found(ours, statement) == found(guide, statement)


def test_ratings_are_the_guides_and_keep_the_keys_that_it_drops(both: tuple[Engine, Engine]) -> None:
    statement = "select id, ratings from seller_profiles order by id"
    for ours, guide in zip(*(found(engine, statement) for engine in both), strict=True):
        assert {key: ours[1][key] for key in guide[1] if key != "last_updated"} == {
            key: value for key, value in guide[1].items() if key != "last_updated"
        }
        assert set(ours[1]) - set(guide[1]) == {
            "rating_distribution",
            "last_30_days_avg",
            "last_90_days_avg",
        }
