"""`standing fit`: it says the same twice, writes nothing unasked, and what it writes is policy."""

import csv
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Standing

from standing import PROJECT_ROOT
from standing.backtest.moments import OriginRange
from standing.build import policy
from standing.database.connect import connect
from standing.errors import BuildFailed, StandingError
from standing.fit.files import write
from standing.fit.proposal import LEAST_OF_A_KIND, Proposal, propose
from standing.settings import Settings

SEEDS = ("problem_bins", "problem_rates")
#: Writes the proposal that it is given, and is killed before it replaces the second file.
KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from standing.fit.files import write

replace, replaced = Path.replace, []


def killed_at_the_second(new, old):
    if replaced:
        os.kill(os.getpid(), signal.SIGKILL)
    replaced.append(replace(new, old))


Path.replace = killed_at_the_second
write(pickle.load(sys.stdin.buffer), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


@pytest.fixture(scope="module")
def proposal(marketplace: Settings) -> Proposal:
    """A fit to what the template holds, as if enough of its orders had gone wrong."""
    with connect(marketplace) as engine:
        found = propose(engine, marketplace, OriginRange(every="2w"))
        return replace(found, bad=LEAST_OF_A_KIND, orders=2 * LEAST_OF_A_KIND)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("seeds", "models", "macros"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    return tmp_path


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
    proposal: Proposal, checkout: Path
) -> None:
    before = contents(checkout)
    for too_few in ({"bad": proposal.bad - 1}, {"bad": proposal.bad + 1}):
        with pytest.raises(
            StandingError, match="did not, and a fit to fewer than 200 of either is a guess"
        ):
            write(replace(proposal, **too_few), checkout)
    assert contents(checkout) == before
    written = write(proposal, checkout)
    assert written == tuple(f"seeds/{name}.csv" for name in SEEDS)
    after = contents(checkout)
    assert [name for name in after if after[name] != before.get(name)] == [f"{name}.csv" for name in SEEDS]
    assert after.keys() == before.keys()
    policy.check_files(checkout)
    bins, made = rows(checkout, "problem_bins"), rows(checkout, "problem_rates")
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
        write(proposal, checkout)
    assert contents(checkout) == after


def test_files_of_two_fits_are_refused_by_name(proposal: Proposal, checkout: Path) -> None:
    """Whichever of the two is older; a person's own row among those of a fit is no other fit."""
    bins, made = (checkout / "seeds" / f"{name}.csv" for name in SEEDS)

    def put(points: bytes, rates: bytes) -> None:
        bins.write_bytes(points)
        made.write_bytes(rates)

    def require_refused(file: str) -> None:
        with pytest.raises(BuildFailed, match=rf"seeds/{file}\.csv line 2 \(.*\) is of the fit "):
            policy.check_files(checkout)

    by_hand = bins.read_bytes(), made.read_bytes()
    killed = subprocess.run(
        (sys.executable, "-c", KILLED, str(checkout)), input=pickle.dumps(proposal), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert bins.read_bytes() != by_hand[0]
    assert made.read_bytes() == by_hand[1]
    require_refused("problem_bins")

    put(*by_hand)
    write(proposal, checkout)
    fitted = bins.read_bytes(), made.read_bytes()
    put(by_hand[0], fitted[1])
    require_refused("problem_rates")
    put(fitted[0].rpartition(b"fitted to")[0] + b"by hand\n", fitted[1])
    policy.check_files(checkout)

    raised = {one.name: one.points + (one.points > 0) for one in proposal.proposed.metrics}
    put(*by_hand)
    write(replace(proposal, proposed=proposal.proposed.with_points(raised)), checkout)
    put(fitted[0], made.read_bytes())
    require_refused("problem_bins")
