"""`standing fit`: it says the same twice, writes nothing unasked, and what it writes is policy."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Standing
from sqlalchemy import Engine

from standing import PROJECT_ROOT
from standing.backtest.moments import Asked
from standing.build import policy
from standing.errors import StandingError
from standing.fit.files import write
from standing.fit.proposal import LEAST_BAD, propose
from standing.settings import Settings

SEEDS = ("problem_bins", "problem_rates")


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "seeds").iterdir())}


def rows(root: Path, name: str) -> list[dict[str, str]]:
    with (root / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_prints_the_same_twice_and_writes_nothing_unasked(
    marketplace: Settings, standing: Standing
) -> None:
    before = contents(PROJECT_ROOT)
    first = standing.told(marketplace, "fit")
    assert standing.told(marketplace, "fit") == first
    assert contents(PROJECT_ROOT) == before
    for row in rows(PROJECT_ROOT, "problem_metrics"):
        assert f"{row['label_en']} ({row['metric']})\n" in first
    assert "a shop of which nothing is known" in first


def test_what_is_written_is_policy_and_says_what_it_was_fitted_to(
    marketplace: Settings, database: Engine, tmp_path: Path
) -> None:
    for folder in ("seeds", "models", "macros"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    proposal = propose(database, marketplace, Asked(every="2w"))
    before = contents(tmp_path)
    with pytest.raises(StandingError, match="nothing is written"):
        write(replace(proposal, bad=LEAST_BAD - 1), tmp_path)
    assert contents(tmp_path) == before
    written = write(replace(proposal, bad=LEAST_BAD), tmp_path)
    assert written == tuple(f"seeds/{name}.csv" for name in SEEDS)
    after = contents(tmp_path)
    assert [name for name in after if after[name] != before.get(name)] == [f"{name}.csv" for name in SEEDS]
    assert after.keys() == before.keys()
    policy.check_files(tmp_path)
    bins, made = rows(tmp_path, "problem_bins"), rows(tmp_path, "problem_rates")
    assert [(one["metric"], one["lower_bound"]) for one in bins] == [
        (one.name, f"{bound:g}") for one in proposal.in_force.metrics for bound in one.bounds
    ]
    most = 0
    for one in proposal.proposed.metrics:
        points = [int(row["points"]) for row in bins if row["metric"] == one.name]
        assert points[0] == 0
        assert points == sorted(points)
        most += points[-1]
    assert [int(row["points"]) for row in made] == list(range(most + 1))
    for name in ("rate", "low", "high"):
        values = [float(row[name]) for row in made]
        assert values == sorted(values)
    for row in (*bins, *made):
        assert row["why"].startswith(f"fitted to {proposal.orders} orders after ")
        assert f"as known on {proposal.known_until:%Y-%m-%d}" in row["why"]
    # Now the rows on disk are others than those of the last run.
    with pytest.raises(StandingError, match=r"seeds/problem_bins\.csv is not what the last run built with"):
        write(replace(proposal, bad=LEAST_BAD), tmp_path)
    assert contents(tmp_path) == after
