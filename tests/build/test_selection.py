"""What dbt is asked to build follows from the targets."""

import pytest

from standing import PROJECT_ROOT
from standing.build.project import upstream
from standing.build.selection import POLICY_MODELS, needed, without_policy
from standing.contract.targets import SELECTIONS, TARGETS, targets_of


def test_a_run_of_all_builds_every_model() -> None:
    models = {path.stem for path in (PROJECT_ROOT / "models").rglob("*.sql")}
    built = {name for model in needed(TARGETS) for name in upstream(model)}
    assert models - built == set()


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_run_builds_what_it_reads_of_its_members(selection: str) -> None:
    """Its end asks who joins later and who is gone, also where no model does."""
    targets = targets_of(selection)
    built = {name for model in needed(targets) for name in upstream(model)}
    for target in targets:
        assert {target.mart, target.members.known, target.members.all_keys} <= built


def test_policy_reads_nothing_but_seeds_and_policy() -> None:
    for model in POLICY_MODELS:
        models = {name for name, part in upstream(model).items() if "models" in part.path.parts}
        assert models <= POLICY_MODELS


def test_a_prepared_build_leaves_the_staging_views_out() -> None:
    assert set(without_policy(TARGETS, is_prepared=True)) - set(without_policy(TARGETS)) == {
        "path:models/staging,config.materialized:view"
    }
