"""The contract is whole, and what is published is what it says."""

import importlib.util
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Connection, create_engine, text
from support.whole import lacking

from standing import PROJECT_ROOT
from standing.contract.document import ABSENT, Document
from standing.contract.json_schema import json_schema
from standing.contract.stored import present
from standing.contract.target import GATE_MEASURES, POSTING_MEASURES, Target
from standing.contract.targets import DOCUMENTS, INTERVALS, SELECTIONS, TARGETS
from standing.findings.movements import measures_of
from standing.gate.verdict import SENTENCES
from standing.settings import Settings

TOY = Path(__file__).parent / "toy"


def by_name(target: Target) -> str:
    return target.name


@pytest.mark.parametrize("target", DOCUMENTS, ids=by_name)
def test_a_document_is_whole(target: Target) -> None:
    missing = lacking(target, PROJECT_ROOT)
    assert not missing, "\n".join(missing)


def test_a_target_is_the_same_in_the_process_that_audits() -> None:
    """Audits ask which targets a run has."""
    assert pickle.loads(pickle.dumps(TARGETS)) == TARGETS  # noqa: S301


def test_every_target_is_published_by_one_selection_that_has_a_schedule_and_by_all() -> None:
    for target in TARGETS:
        assert target.selection in INTERVALS
        assert [name for name, names in SELECTIONS.items() if target.name in names] == [
            "all",
            target.selection,
        ]


def test_what_members_are_counted_by_has_a_name_of_its_own() -> None:
    """Later runs find the distributions of earlier ones by it."""
    names = [measure.name for target in DOCUMENTS for measure in measures_of(target)]
    assert len(names) == len(set(names))


def test_the_gate_has_a_sentence_for_every_measure() -> None:
    assert set(SENTENCES) == {*GATE_MEASURES, *POSTING_MEASURES}


@pytest.fixture(scope="module")
def toy() -> Target:
    spec = importlib.util.spec_from_file_location("reliability", TOY / "reliability.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    target: Target = module.RELIABILITY
    return replace(target, selection="scores")  # alone it is run by hand, for its other test


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which the toy document is whole."""
    for folder in ("seeds", "models/marts"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    for name in ("user_reliability.sql", "user_reliability.yml"):
        shutil.copy(TOY / name, tmp_path / "models" / "marts")
    with (tmp_path / "seeds" / "gate_limits.csv").open("a") as limits:
        limits.write("changed_share,reliability,0.9,0.95,a toy\nmean_shift,reliability,5,15,a toy\n")
    return tmp_path


def changed(target: Target, name: str, **given: Any) -> Target:
    """The target with another key of its document."""
    keys = tuple(
        replace(key, **given) if key.name == name else key
        for key in target.document.keys
        if given or key.name != name
    )
    return replace(target, document=Document(target.document.about, keys))


def test_the_toy_is_whole(toy: Target, root: Path) -> None:
    assert lacking(toy, root) == []


ENTRIES: dict[str, Callable[[Target], Target]] = {
    f"its selection, toys, has no schedule: it is none of {', '.join(INTERVALS)}": lambda toy: replace(
        toy, selection="toys"
    ),
    "mood has no meaning": lambda toy: changed(toy, "mood", meaning=""),
    "promises has no source": lambda toy: changed(toy, "promises", sources=()),
    "the default of mood is none of its words": lambda toy: changed(toy, "mood", default="grim"),
    "it has rates and no evidence": lambda toy: changed(toy, "evidence"),
    "kept_rate is counted in steps and has no highest value": lambda toy: changed(
        toy, "kept_rate", highest=None
    ),
    "mood, by which documents are compared, is no number of it": lambda toy: replace(toy, number="mood"),
    "karma is read and is no key of it": lambda toy: replace(toy, lasting=("{karma}",)),
    "int_karma, of which the mart is made, is no model of facts": lambda toy: replace(
        toy, facts=("int_karma",)
    ),
    "models/marts/user_karma.sql is missing": lambda toy: replace(toy, mart="user_karma"),
    "models/marts/user_karma.yml is missing": lambda toy: replace(toy, mart="user_karma"),
    "user_reliability.yml has no column promises": lambda toy: replace(toy, mart_columns=("promises",)),
    "seeds/gate_limits.csv has no row of mean_shift for karma, nor for all": lambda toy: replace(
        toy, name="karma"
    ),
    "no key has a default, so the upgrade cannot make the column": lambda toy: replace(
        toy,
        document=Document(
            toy.document.about, tuple(replace(key, default=ABSENT) for key in toy.document.keys)
        ),
    ),
    "seeds/moods.csv, the ladder's policy, is missing": lambda toy: replace(
        toy, ladder=replace(next(one.ladder for one in DOCUMENTS if one.ladder), seed="moods")
    ),
}


@pytest.mark.parametrize("sentence", ENTRIES)
def test_what_an_incomplete_entry_lacks_is_named(sentence: str, toy: Target, root: Path) -> None:
    assert sentence in lacking(ENTRIES[sentence](toy), root)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("unit_tests:", "other:", "user_reliability.yml has no unit test"),
        (
            "published to users.reliability",
            "published",
            "user_reliability.yml does not describe document as: What is published to users.reliability.",
        ),
        (
            "unique_key: user_id",
            "unique_key: id",
            "user_reliability.yml does not have user_id as unique_key",
        ),
        (
            "type: primary_key",
            "type: unique",
            "user_reliability.yml does not have user_id as primary key",
        ),
        ("One row per member", "Members", "user_reliability.yml does not say what one row is"),
    ],
)
def test_what_an_incomplete_yaml_lacks_is_named(
    old: str, new: str, sentence: str, toy: Target, root: Path
) -> None:
    file = root / "models" / "marts" / "user_reliability.yml"
    described = file.read_text("utf-8")
    assert old in described
    file.write_text(described.replace(old, new, 1), "utf-8")
    assert lacking(toy, root) == [sentence]


@pytest.fixture(scope="module")
def published(module_database: Callable[[str], Settings], published_template: str) -> Iterator[Connection]:
    engine = create_engine(module_database(published_template).database_url or "")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def wrong(documents: list[Any], schema: dict[str, Any]) -> list[str]:
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    return [
        f"{error.json_path}: {error.message}" for one in documents for error in validator.iter_errors(one)
    ]


@pytest.mark.parametrize("target", DOCUMENTS, ids=by_name)
def test_every_published_document_fits_its_json_schema(target: Target, published: Connection) -> None:
    documents = published.scalars(text(f"select {present(target, 't')} from {target.table} as t")).all()
    assert len(documents) >= 10
    assert wrong(list(documents), json_schema(target)) == []
    if not target.columns:
        size = f"max(octet_length({target.column}::text))"
        assert published.scalar(text(f"select {size} from {target.table}")) <= target.longest


@pytest.mark.parametrize("target", [one for one in DOCUMENTS if not one.columns], ids=by_name)
def test_what_the_upgrade_gives_fits_only_the_schema_of_the_upgraded(
    target: Target, published: Connection
) -> None:
    given = published.scalar(text(f"select {target.document.default.expression}"))
    assert wrong([given], json_schema(target, as_upgraded=True)) == []
    missing = [key.name for key in target.document.keys if key.default is ABSENT]
    assert wrong([given], json_schema(target)) == [
        f"$: {name!r} is a required property" for name in missing
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("mood", "grim"), ("kept_rate", 101), ("promises", -1), ("last_updated", "2026-01-01"), ("karma", 1)],
)
def test_a_document_of_another_shape_does_not_fit(name: str, value: object, toy: Target) -> None:
    sound = {
        "kept_rate": 75,
        "promises": 4,
        "mood": "sunny",
        "last_updated": "2026-01-01T00:00:00Z",
        "evidence": {},
    }
    assert wrong([sound], json_schema(toy)) == []
    assert len(wrong([{**sound, name: value}], json_schema(toy))) == 1


def test_the_contract_loads_without_a_library() -> None:
    """The command line, and the process that audits, read it before anything else."""
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; import standing; before = set(sys.modules);"
            " import standing.contract.targets, standing.contract.additions, standing.contract.tables;"
            " loaded = {name.partition('.')[0] for name in sys.modules.keys() - before};"
            " print(*loaded - sys.stdlib_module_names)",
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() in ([], ["standing"])
