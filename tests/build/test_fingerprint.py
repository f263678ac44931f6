"""What a build depends on: each edit makes due whose documents it may change, and nobody else."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.project import Project

from standing.build.fingerprint import Fingerprint, edited, take
from standing.build.project import PROJECT_ROOT, upstream
from standing.contract.targets import TARGETS, PostingTarget
from standing.database.schemas import Application
from standing.errors import BuildFailed
from standing.settings import load_settings

ALL = {target.name for target in TARGETS}
USERS = {"id": "uuid", "kyc_status": "text", "behavior_score": "jsonb"}
APPLICATION = Application(
    "public",
    {
        "users": USERS,
        "orders": {"id": "uuid", "created_at": "timestamp with time zone"},
        "seller_profiles": {"id": "uuid", "tier_info": "jsonb"},
    },
    ("orders.buyer_id f",),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    home = tmp_path_factory.mktemp("fingerprint")
    copy = Project(home / "project", load_settings(STANDING_HOME=home))
    with copy.at_work():
        yield copy


def changed(before: Fingerprint, after: Fingerprint) -> set[str]:
    """The targets of which everybody is due, and "materialized" where every row is derived anew."""
    due = {name for name in ALL if before.targets[name] != after.targets[name]}
    return due | ({"materialized"} if before.materialized != after.materialized else set())


@pytest.mark.parametrize(
    ("file", "old", "new", "due"),
    [
        (
            "macros/incremental/materializations/incremental_by_key.sql",
            "on conflict (model) do update",
            "on conflict  (model) do -- where it is there\n update",
            set(),
        ),
        (
            "macros/incremental/materializations/incremental_by_key.sql",
            "on conflict do nothing",
            "",
            ALL | {"materialized"},
        ),
        (
            "macros/incremental/due.sql",
            "random_page_cost = 1.1",
            "random_page_cost = 2",
            ALL | {"materialized"},
        ),
        ("dbt_project.yml", "+on_schema_change: fail", "+on_schema_change: ignore", ALL | {"materialized"}),
        ("models/marts/seller_tiers.sql", "select", "select distinct", {"tier_info"}),
        ("models/marts/seller_tiers.sql", "select", "-- It's all.\n{#- Really. #}\nselect", set()),
        ("models/marts/seller_tiers.yml", "data_type: bigint", "data_type: integer", {"tier_info"}),
        ("models/marts/seller_tiers.yml", "The shop, seller_profiles.id.", "The shop.", set()),
        (
            "models/staging/_sources.yml",
            "schema: standing\n",
            "schema: elsewhere\n",
            ALL | {"materialized"},
        ),
        ("seeds/scorecard_bins.csv", "\n", "\n\n", {"trust_score"}),
        ("seeds/_seeds.yml", "weight: \"numeric(4,2)\"", "weight: numeric", {"trust_score"}),
        ("standing/incremental/stale.py", "union", "union ", ALL | {"materialized"}),
        ("standing/contract/sources.py", '"""', '"""\n', ALL | {"materialized"}),
        ("standing/contract/application.py", '"""', '"""\n', ALL | {"materialized"}),
        ("standing/run/stages.py", '"""', '"""\n', set()),
        ("profiles.yml", "threads:", "threads: ", set()),
        ("dbt_project.yml", "flags:", "# For everybody.\nflags:", set()),
        ("models/staging/_application.yml", "count: 2", "count: 3", set()),
        (
            "models/staging/_application.yml",
            "      - name: reviews\n",
            "          - name: hobby\n      - name: reviews\n",
            set(),
        ),
        (
            "models/staging/_staging.yml",
            "- name: stg_users\n",
            "- name: stg_users\n    columns: [{name: hobby}]\n",
            set(),
        ),
        (
            "models/intermediate/users/_users.yml",
            "looked_up: [user_id]",
            "looked_up: [created_at]",
            {"trust_score", "behavior_score"},
        ),
    ],
)  # fmt: skip
def test_an_edit_makes_due_whom_it_may_change(
    file: str, old: str, new: str, due: set[str], project: Project
) -> None:
    before = take(APPLICATION, project.settings)
    project.edit(file, (old, new))
    assert changed(before, take(APPLICATION, project.settings)) == due


def test_a_test_of_policy_makes_nobody_due_and_has_policy_tested_anew(project: Project) -> None:
    before = take(APPLICATION, project.settings)
    project.edit("tests/dbt/points_are_whole_tenths.sql", ("select", "select distinct"))
    after = take(APPLICATION, project.settings)
    assert changed(before, after) == set()
    assert before.policy != after.policy


@pytest.mark.parametrize(
    ("columns", "promises", "due"),
    [
        ({"users": {**USERS, "kyc_status": "varchar"}}, APPLICATION.promises, ALL - {"ratings"}),
        ({"users": {**USERS, "hobby": "text"}}, APPLICATION.promises, set()),
        ({"users": {**USERS, "behavior_score": "text"}}, APPLICATION.promises, {"behavior_score"}),
        ({}, (), ALL | {"materialized"}),
    ],
    ids=["read otherwise", "read by nobody", "written otherwise", "no constraint"],
)
def test_the_applications_columns_and_constraints_count_where_they_are_used(
    columns: dict[str, dict[str, str]], promises: tuple[str, ...], due: set[str]
) -> None:
    before = take(APPLICATION, load_settings())
    after = replace(APPLICATION, columns=APPLICATION.columns | columns, promises=promises)
    assert changed(before, take(after, load_settings())) == due


@pytest.mark.parametrize("name", ["BUSINESS_TIME_ZONE", "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD"])
def test_a_setting_that_models_read_counts(name: str) -> None:
    other = load_settings(**{name: "Asia/Tokyo" if "ZONE" in name else 11})
    assert changed(take(APPLICATION, load_settings()), take(APPLICATION, other)) >= ALL


def test_models_read_no_variable_but_the_two_schemas() -> None:
    """What dbt takes from its environment would be in no fingerprint."""
    named = [
        (path.name, line.strip())
        for folder in ("models", "macros", "seeds")
        for path in sorted((PROJECT_ROOT / folder).rglob("*"))
        if path.suffix in (".sql", ".yml")
        for line in path.read_text("utf-8").splitlines()
        if "env_var(" in line or "{{ var(" in line
    ]
    assert named == [
        ("_application.yml", "schema: \"{{ env_var('STANDING_APPLICATION_SCHEMA', 'public') }}\"")
    ]


def test_what_was_edited_is_named(project: Project) -> None:
    before = take(APPLICATION, project.settings)
    project.edit("seeds/tier_policy.csv", ("\n", "\n\n"))
    project.edit("models/marts/seller_ratings.sql", ("select", "select distinct"))
    after = take(APPLICATION, project.settings)
    parts = {name: edited(before.targets[name], after.targets[name]) for name in ALL}
    assert {name: found for name, found in parts.items() if found} == {
        "tier_info": {"tier_policy"},
        "ratings": {"seller_ratings"},
    }
    project.edit("macros/incremental/due.sql", ("random_page_cost", "seq_page_cost"))
    touched = take(APPLICATION, project.settings).targets["ratings"]
    assert "macros" in edited(after.targets["ratings"], touched)
    project.edit("standing/incremental/stale.py", ("union", "union "))
    assert edited(touched, take(APPLICATION, project.settings).targets["ratings"]) == {"code"}


def test_facts_are_what_their_marts_are_made_from() -> None:
    for target in TARGETS:
        assert set(target.facts) <= upstream(target.mart).keys(), target.name
        assert target.facts or isinstance(target, PostingTarget) or target.held_in, target.name


def test_a_file_of_policy_that_cannot_be_read_is_named_before_anything_is_built(project: Project) -> None:
    settings = load_settings(STANDING_HOME=project.settings.home)
    file = project.folder / "seeds" / "trust_levels.csv"
    kept = file.read_bytes()
    before = take(APPLICATION, settings)
    try:
        file.write_bytes(kept + "x,9,9,0,,X,สถานะ,why\n".encode("cp874"))  # which dbt's stage then refuses
        assert "trust_score" in changed(before, take(APPLICATION, settings))
        file.unlink()
        with pytest.raises(BuildFailed, match=r"seeds/trust_levels\.csv is missing"):
            take(APPLICATION, settings)
        file.mkdir()
        with pytest.raises(BuildFailed, match=r"seeds/trust_levels\.csv cannot be read: Is a directory"):
            take(APPLICATION, settings)
        file.rmdir()
    finally:
        file.write_bytes(kept)


def test_what_excel_leaves_beside_the_policy_disturbs_nothing(project: Project) -> None:
    left = project.folder / "seeds" / "~$trust_levels.xlsx"
    left.write_bytes(b"\xff\xfe\x00PK")
    try:
        take(APPLICATION, load_settings(STANDING_HOME=project.settings.home))
    finally:
        left.unlink()
