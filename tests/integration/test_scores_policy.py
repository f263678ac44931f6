"""A wrong policy is refused, with the row named."""

import pytest
from conftest import MakeDatabase
from sqlalchemy import text

from standing import dbt
from standing.context import wall_clock
from standing.database import connect
from standing.due import open_build
from standing.errors import BuildFailed
from standing.targets import TARGETS

#: What is edited, the test that refuses it, and the row it names.
WRONG = [
    (
        "update scorecard_bins set value = 21 where metric = 'email_verified' and lower_bound = 1",
        "best_bins_of_a_category_sum_to_100",
        "category=identity, best=101",
    ),
    (
        "update scorecard_bins set lower_bound = 1 where metric = 'referrals' and lower_bound = 0",
        "every_metric_starts_at_zero_and_has_no_bin_twice",
        "metric=referrals",
    ),
    (
        "update scorecard_bins set value = 15 where metric = 'account_age_days' and lower_bound = 0",
        "bins_never_fall_in_the_good_direction",
        "metric=account_age_days, lower_bound=30",
    ),
    (
        "update scorecard_bins set value = 5 where metric = 'warning_rate' and lower_bound = 0",
        "bad_things_have_no_points_above_zero",
        "metric=warning_rate",
    ),
    (
        "update tier_policy set min_orders = 5 where tier = 'established'",
        "levels_and_tiers_rise_together_with_their_minimums",
        "step=established",
    ),
]


@pytest.mark.timeout(600)
def test_a_wrong_policy_is_refused_with_its_row(
    make_database: MakeDatabase, upgraded_template: str
) -> None:
    settings = make_database(upgraded_template)
    with connect(settings) as engine:
        open_build(engine, settings, 1, wall_clock(engine), TARGETS)
        dbt.invoke(settings, engine.url, "seed")
        dbt.invoke(settings, engine.url, "run", "--select", "int_scorecard", "int_trust_levels")
        for edit, test, row in WRONG:
            with engine.connect() as connection:
                kept = edit.split()[1]
                connection.execute(text(f"set search_path = {settings.build_schema}"))
                connection.execute(text(f"create temp table before as table {kept}"))
                connection.execute(text(edit))
                connection.commit()
                with pytest.raises(BuildFailed, match=test) as refused:
                    dbt.invoke(settings, engine.url, "test", "--select", test)
                assert row in refused.value.message
                connection.execute(text(f"truncate {kept}"))
                connection.execute(text(f"insert into {kept} table before"))
                connection.execute(text("drop table before"))
                connection.commit()
        dbt.invoke(settings, engine.url, "test", "--select", *(test for _, test, _ in WRONG))
