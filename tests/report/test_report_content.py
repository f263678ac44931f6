"""The report as data: its JSON keeps to the documented schema, whatever happened in the run."""

import json
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from support.report_example import EMPTY, FAILED, IMAGE, LIVELY, QUIET, RUN, SCRIPT, hostile

from standing.report import causes, content, moves, write_report
from standing.report.audits import AuditOutcome, quality
from standing.report.content import Audit, Ladder, Movement, Step
from standing.report.moves import MemberChange
from standing.report.sankey import flow_of
from standing.settings import load_settings

SCHEMA = json.loads((Path(content.__file__).parent / "schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("run", [LIVELY, QUIET, FAILED, EMPTY, hostile(SCRIPT + IMAGE)])
def test_written_json_keeps_to_the_schema(run, tmp_path):
    Draft202012Validator.check_schema(SCHEMA)
    written = json.loads(write_report(run, tmp_path).json.read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(written)
    assert written["schema_version"] == 1


def test_command_prints_as_json_where_the_files_are_and_what_they_say(tmp_path, standing):
    settings = load_settings(STANDING_HOME=tmp_path, DATABASE_URL="postgresql://nobody@localhost/none")
    first = replace(QUIET, run=replace(QUIET.run, run_id=1))
    for run in (first, replace(LIVELY, run=replace(LIVELY.run, run_id=2))):
        newest = write_report(run, tmp_path / "reports")
    said = json.loads(standing.told(settings, "report", "--json"))
    assert said["report"] == str(newest.html) == standing.told(settings, "report").strip()
    assert said["json"] == str(newest.json)
    assert said["content"] == json.loads(newest.json.read_text("utf-8"))
    asked = json.loads(standing.told(settings, "report", "--run", "1", "--json"))
    assert asked["content"] == json.loads(json.dumps(first.to_json()))


def test_schema_refuses_an_unknown_key_and_a_missing_one():
    valid = EMPTY.to_json()
    assert not Draft202012Validator(SCHEMA).is_valid(valid | {"more": 1})
    assert not Draft202012Validator(SCHEMA).is_valid({key: valid[key] for key in valid if key != "verdict"})


PLAIN = {
    str: "string",
    int: "integer",
    float: "number",
    Decimal: "number",
    bool: "boolean",
    datetime: "date-time",
    NoneType: "null",
}


def of_type(kind: Any) -> set[Any]:
    """What a field of this type can be, as `of_schema` has it."""
    inner, origin = get_args(kind), get_origin(kind)
    if kind in PLAIN:
        return {PLAIN[kind]}
    if is_dataclass(kind):
        return {f"#/$defs/{kind.__name__}"}
    if origin is Literal:
        return set(inner)
    if origin is Mapping:
        return {("object", *of_type(inner[1]))}
    if origin is tuple:
        return {("array", *of_type(inner[0]))}
    return {word for one in inner for word in of_type(one)}


def of_schema(node: dict[str, Any]) -> set[Any]:
    """The words that a property may be: a type, a definition, a value, or a list or mapping of one."""
    if "type" not in node:
        several = [word for one in node.get("anyOf", ()) for word in of_schema(one)]
        return {*several, *node.get("enum", ()), *[node[key] for key in node if key == "$ref"]}
    words = {*(node["type"] if isinstance(node["type"], list) else [node["type"]])}
    inner = {"array": "items", "object": "additionalProperties", "string": "format"}
    return {
        word
        if (more := node.get(inner.get(word, ""))) is None
        else (more if isinstance(more, str) else (word, *of_schema(more)))
        for word in words
    }


def test_schema_has_every_field_of_every_dataclass_with_its_type():
    named = {name: one for module in (content, causes, moves) for name, one in vars(module).items()}
    classes = {name: one for name, one in named.items() if is_dataclass(one)}
    whole = {key: one for key, one in SCHEMA["properties"].items() if key != "schema_version"}
    documented = {
        **{name: one["properties"] for name, one in SCHEMA["$defs"].items()},
        "RunReport": whole,
    }
    for name, one in classes.items():
        typed = {field: of_type(kind) for field, kind in get_type_hints(one).items()}
        assert {field: of_schema(node) for field, node in documented[name].items()} == typed, name
        assert list(documented[name]) == list(typed), name
    assert documented.keys() == classes.keys()


def test_times_are_utc_and_decimals_numbers():
    written = LIVELY.to_json()
    assert written["run"]["as_of"] == "2025-11-21T19:30:00.000Z"
    assert written["largest_changes"][0]["before"] == 81.4


def test_not_a_number_becomes_null():
    written = replace(
        EMPTY, largest_changes=(MemberChange("trust_score", "a", Decimal("NaN"), Decimal("1")),)
    ).to_json()
    assert written["largest_changes"][0]["before"] is None


def test_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="run 123: 2025-11-21T00:00:00 has no time zone"):
        replace(RUN, as_of=datetime(2025, 11, 21))


def test_audit_is_made_from_a_verdicts_json_and_unknown_keys_are_left_out():
    outcome = {
        "expectation": "orders.id is unique",
        "severity": "critical",
        "success": False,
        "meaning": "m",
        "action": "a",
        "observed": "2 twice",
        "unexpected": 2,
        "checked": 9,
        "samples": [17, "b"],
        "later": "x",
    }
    audit = Audit.from_json({"suite": "sources", "outcomes": [outcome], "seconds": 1.5, "passed": False})
    assert (audit.suite, audit.seconds) == ("sources", 1.5)
    assert audit.outcomes[0].samples == ("17", "b")
    assert audit.outcomes[0].unexpected == 2


def test_flow_counts_up_down_new_and_stayed_by_the_ladder():
    ladder = Ladder("t", "Tier", (Step("low"), Step("mid"), Step("top")))
    moves = (
        Movement("t", "low", "top", 3),
        Movement("t", "top", "mid", 2),
        Movement("t", None, "low", 5),
        Movement("t", "mid", "mid", 90),
    )
    flow = flow_of(moves, ladder)
    assert flow.counted == {"up": 3, "down": 2, "new": 5}
    assert flow.stayed == 90
    assert [(post.label, post.members) for post in flow.posts if post.left] == [
        ("Top", 2),
        ("Low", 3),
        ("New", 5),
    ]
    assert [post.label for post in flow.posts if not post.left] == ["Top", "Mid", "Low"]


def test_flow_bands_start_and_end_on_their_posts():
    flow = flow_of(LIVELY.movements[:13], LIVELY.ladders[0])
    for left, end in ((True, 0), (False, -1)):
        posts = [(post.top, post.bottom) for post in flow.posts if post.left is left]
        for band in flow.bands:
            edge = band.outline[end]
            assert any(
                top - 0.01 <= edge["top"] and edge["bottom"] <= bottom + 0.01 for top, bottom in posts
            )


def test_level_that_no_ladder_knows_is_still_drawn():
    flow = flow_of((Movement("t", "old_level", "low", 1),), Ladder("t", "Tier", (Step("low"),)))
    assert {label for _, label in flow.labels} == {"Low", "Old level"}
    assert len(flow.bands) == 1


def test_a_headline_says_what_rows_lack():
    def unmet(expectation, rows, observed="seen"):
        return AuditOutcome(expectation, "warning", False, "m", "a", observed, rows, 900)

    undated, nameless = (
        unmet("reviews_created_at_is_not_null", 3),
        unmet("seller_profiles_id_is_not_null", 1),
    )
    late = unmet("orders_are_fresh", 1, "newest order is 90.9 days old")
    assert quality((undated,)) == "3 reviews have no date. 1 expectation is not met."
    assert quality((late, nameless)) == (
        "Newest order is 90.9 days old. 1 seller profile has no key. 2 expectations are not met."
    )
    assert quality((unmet("reviews_rating_is_from_1_to_5", 2),)) == "1 expectation is not met."
