"""The dbt project is well formed: it parses without a warning, lints clean and keeps the house rules."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import LONGEST, Standing
from sqlalchemy import text

from standing import PROJECT_ROOT
from standing.build import dbt, policy
from standing.build.dbt_patches import run_command
from standing.build.project import upstream
from standing.build.selection import POLICY_MODELS
from standing.contract.points import POINTS
from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.settings import Settings

LAYERS = {"staging": 1, "quality": 1, "intermediate": 2, "marts": 3}


@pytest.fixture(scope="module")
def manifest(built: Settings) -> dict[str, Any]:
    """As dbt parses the whole project anew; a warning is an error."""
    from dbt.cli.main import dbtRunner

    with connect(built) as engine:
        variables = dbt.environment(built, engine.url)
    done = run_command(dbtRunner(), variables, "parse", "--warn-error", "--no-partial-parse")
    assert done.success, done.exception
    found: dict[str, Any] = json.loads((dbt.folder(built) / "target" / "manifest.json").read_text())
    return found


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: dict[str, Any]) -> int:
    return LAYERS[node["fqn"][1]]


def test_dbt_parses_without_a_warning(manifest: dict[str, Any]) -> None:
    assert models(manifest)


def test_models_read_one_way_from_sources_over_staging_and_facts_to_marts(manifest: dict[str, Any]) -> None:
    by_id = {node["unique_id"]: node for node in models(manifest)}
    for node in by_id.values():
        for parent in node["depends_on"]["nodes"]:
            if parent.startswith("source.standing.application"):
                assert layer(node) == 1, f"{node['name']} reads the application's {parent}"
            if parent in by_id:
                assert layer(by_id[parent]) <= layer(node), f"{node['name']} reads {parent}"
                if layer(node) == 3:
                    assert layer(by_id[parent]) > 1, f"the mart {node['name']} reads staging: {parent}"


def test_no_model_reads_the_clock(manifest: dict[str, Any]) -> None:
    clock = re.compile(
        r"\b(now\(\)|current_timestamp|current_date|localtimestamp|clock_timestamp|random\(\))", re.I
    )
    macros = [m for m in manifest["macros"].values() if m["package_name"] == "standing"]
    for where, code in [(n["name"], n["raw_code"]) for n in models(manifest)] + [
        (m["name"], m["macro_sql"]) for m in macros
    ]:
        assert not clock.search(code), where


def test_every_model_says_what_one_row_is(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        assert node["description"].strip(), node["name"]


def test_every_column_of_a_mart_and_of_a_policy_table_is_described(manifest: dict[str, Any]) -> None:
    marts = [node for node in models(manifest) if layer(node) == 3]
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    for node in marts + seeds:
        for name, column in node["columns"].items():
            assert column["description"].strip(), f"{node['name']}.{name}"
    for node in seeds:
        header = (PROJECT_ROOT / node["original_file_path"]).read_text("utf-8").splitlines()[0]
        assert list(header.split(",")) == [c for c in header.split(",") if c in node["columns"]], node[
            "name"
        ]


def test_every_mart_has_a_contract_and_a_document_that_is_published(manifest: dict[str, Any]) -> None:
    marts = {node["name"]: node for node in models(manifest) if layer(node) == 3}
    for name, node in marts.items():
        assert node["config"]["contract"]["enforced"], name
        assert name in POINTS.marts or node["columns"]["document"]["data_type"] == "jsonb", name
    assert {mart for target in TARGETS for mart in target.marts} == set(marts)


def test_what_a_document_depends_on_is_all_that_dbt_sees(manifest: dict[str, Any]) -> None:
    """A seed that is read through a macro, too: who changes it makes everybody due."""
    nodes = manifest["nodes"] | manifest["macros"]
    for target in TARGETS:
        waiting, seen = [f"model.standing.{target.mart}"], set()
        while waiting:
            name = waiting.pop()
            if name in nodes and name.split(".")[1] == "standing" and name not in seen:
                seen.add(name)
                needs = nodes[name]["depends_on"]
                waiting += [*needs.get("nodes", ()), *needs["macros"]]
        # Macros that change no document, and what they ask.
        hooks = {"analyze_keys", "expect_lookups", "forget_due", "everybody_is_due"}
        found = {
            name.split(".")[2] for name in seen if "by_hand" not in nodes[name]["original_file_path"]
        } - hooks
        assert found <= upstream(target.mart).keys(), found - upstream(target.mart).keys()
        assert {"order_statuses", "policy_numbers"} <= found


def test_every_mart_has_a_unit_test(manifest: dict[str, Any]) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert {mart for target in TARGETS for mart in target.marts} <= tested


def test_what_is_read_of_policy_by_name_is_declared_with_the_seeds() -> None:
    """A run refuses a policy that lacks such a row, and does not look for the names itself."""
    asked: set[str] = set()
    for folder, ending in (
        ("models", "sql"),
        ("macros", "sql"),
        ("standing", "py"),
        ("standing", "j2"),
        ("expectations", "py"),
        ("expectations", "j2"),
    ):
        for file in (PROJECT_ROOT / folder).rglob(f"*.{ending}"):
            text = file.read_text("utf-8")
            asked |= set(re.findall(r"policy\((?:build, )?'(\w+)'\)", text))
            asked |= set(re.findall(r"policy_numbers\.name = '(\w+)'", text))
            if ending == "py" and "policy_numbers" in text:
                asked |= set(re.findall(r"\bname = '(\w+)'", text))
    declared = next(seed for seed in policy.seeds(PROJECT_ROOT) if seed.name == "policy_numbers").rows_read
    assert asked == declared


def test_every_metric_that_the_scorecard_may_list_is_measured(manifest: dict[str, Any]) -> None:
    model = manifest["nodes"]["model.standing.int_user_scorecards"]["raw_code"]
    tests = [
        node["test_metadata"]["kwargs"]
        for node in manifest["nodes"].values()
        if node.get("attached_node") == "seed.standing.scorecard_metrics"
        and node["column_name"] == "metric"
    ]
    given = {key: value for test in tests for key, value in {**test, **test.get("arguments", {})}.items()}
    listed = given["values"]
    assert listed == [metric for metric in listed if f"'{metric}'" in model]


def test_every_policy_row_has_a_reason() -> None:
    for seed in (PROJECT_ROOT / "seeds").glob("*.csv"):
        header, *rows = seed.read_text("utf-8").splitlines()
        assert header.split(",")[-1] == "why", seed.name
        assert all(not row.endswith(",") for row in rows), seed.name


def test_policy_is_built_apart_with_every_model_that_reads_nothing_else(manifest: dict[str, Any]) -> None:
    """The run's settings aside; what reads the run's moment is another with every run."""
    read = {name for name, node in manifest["nodes"].items() if node["resource_type"] == "seed"}
    read.add("source.standing.standing.run_context")
    timeless = [
        node for node in models(manifest) if "macro.standing.as_of" not in node["depends_on"]["macros"]
    ]
    for _ in timeless:  # as deep as it may be
        read |= {node["unique_id"] for node in timeless if set(node["depends_on"]["nodes"]) <= read}
    assert {name.split(".")[2] for name in read if name.startswith("model.")} == POLICY_MODELS


def test_dbt_unit_tests_hold_and_described_columns_are_there(
    manifest: dict[str, Any], built: Settings, standing: Standing
) -> None:
    """They need the types of the relations they stand in for: a replay builds these."""
    context = "run", "--as-of", "2026-05-31T12:00:00+07:00"
    standing.told(built, *context)
    schema = {"STANDING_BUILD_SCHEMA": f"{built.build_schema}_replay"}
    marts = [
        f"+{model}" for model in ("seller_tiers", "user_gamification")
    ]  # whose views go with what is built anew
    assert standing(built, "dbt", "run", "--select", *marts, **schema).returncode == 0
    done = standing(built, "dbt", "test", "--select", "test_type:unit", **schema)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "ERROR=0" in done.stdout
    with connect(built) as engine, engine.connect() as connection:
        there = connection.execute(
            text(
                "select table_name, column_name from information_schema.columns"
                " where table_schema = :schema"
            ),
            {"schema": schema["STANDING_BUILD_SCHEMA"]},
        )
        found = {(row.table_name, row.column_name) for row in there}
    tables = {table for table, _ in found}
    described = {(node["name"], name) for node in models(manifest) for name in node["columns"]}
    assert {one for one in described if one[0] in tables} - found == set()
    assert {"stg_orders", "int_user_metrics", "user_trust_scores"} <= tables


def test_no_python_file_is_longer_than_a_room() -> None:
    for folder in ("standing", "flows", "expectations"):
        for file in (PROJECT_ROOT / folder).rglob("*.py"):
            lines = len(file.read_text("utf-8").splitlines())
            assert lines <= 260, f"{file.relative_to(PROJECT_ROOT)} has {lines} lines: is it two things?"


def test_the_files_that_are_begun_first_are_there() -> None:
    assert set(LONGEST) <= {file.name for file in (PROJECT_ROOT / "tests").rglob("test_*.py")}


def test_nothing_committed_names_a_package_index_or_this_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    above = str(Path(PROJECT_ROOT).parent) + "/"
    for name in listed.stdout.splitlines():
        content = (PROJECT_ROOT / name).read_bytes()
        assert above.encode() not in content, name
        assert b"--index-" + b"url" not in content, name


def test_views_of_staging_have_no_with(manifest: dict[str, Any]) -> None:
    views = [n for n in models(manifest) if layer(n) == 1 and n["config"]["materialized"] == "view"]
    assert len(views) > 20
    for node in views:
        assert not re.search(r"^\s*with\b", node["raw_code"], re.M), node["name"]
