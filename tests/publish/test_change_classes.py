"""What it means that a document differs, and which values are named as other ones."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from standing.contract.changes import counted
from standing.contract.targets import DOCUMENTS, Target
from standing.findings.replaced_values import explained_otherwise, reworded
from standing.publish.change_classes import change_class

OF = {target.name: target for target in DOCUMENTS}


def factor(code: str = "clean", points: float = 6, **other: Any) -> dict[str, Any]:
    return {
        "code": code,
        "points": points,
        "label_en": "Orders",
        "label_th": "คำสั่งซื้อ",
        "evidence": {"value": 56},
        **other,
    }


def trust(*positive: dict[str, Any], **other: Any) -> dict[str, Any]:
    factors = {"positive": list(positive or (factor(),)), "negative": []}
    return {"overall_score": 56.0, "level": "bronze", "factors": factors, "evidence": {}, **other}


def tier(**other: Any) -> dict[str, Any]:
    following = {"tier": "rising", "orders_needed": 3, "rating_needed": 0}
    return {"current_tier": "starter", "tier_level": 1, "benefits": [], "next_tier": following} | {
        "evidence": {"completed_orders": 7},
        **other,
    }


CASES = [
    ("trust_score", trust(), trust(factor(label_en="Sales")), "wording"),
    ("trust_score", trust(), trust(factor(label_th="ขาย", evidence={"value": 57})), "evidence"),
    ("trust_score", trust(), trust(factor(label_en="Sales", points=7)), "points"),
    ("trust_score", trust(), trust(factor(), factor("email")), "points"),
    ("trust_score", trust(), trust(overall_score=57, level="silver"), "level"),
    ("trust_score", trust(), trust(unheard_of=1, evidence={"a": 1}), "points"),
    ("trust_score", trust(), trust(factor(note="new")), "points"),
    ("trust_score", {"overall_score": 50, "level": "bronze"}, trust(), "first"),
    ("trust_score", [1], trust(), "first"),
    ("tier_info", tier(), tier(next_tier=None), "evidence"),
    ("tier_info", tier(), tier(evidence={"completed_orders": 8}), "evidence"),
    ("tier_info", tier(), tier(benefits=["search_boost"]), "level"),
    ("tier_info", tier(), tier(commission_rate=4.5), "points"),
    ("tier_info", tier(), tier(current_tier="rising", tier_level=2), "level"),
    ("behavior_score", {"evidence": {}}, {"evidence": {}, "risk_level": "high"}, "level"),
    ("ratings", {"evidence": {}}, {"evidence": {}, "rating_trend": "declining"}, "points"),
    (
        "behavior_score",
        {"evidence": {}},
        {"evidence": {}, "last_active": "2026-01-01T00:00:00Z"},
        "evidence",
    ),
]


def test_a_document_has_the_gravest_class_of_what_differs(engine: Engine) -> None:
    with engine.connect() as connection:
        for name, old, new, expected in CASES:
            pair = (f"'{json.dumps(value, ensure_ascii=False)}'::jsonb" for value in (old, new))
            found = connection.exec_driver_sql(f"select {change_class(OF[name], *pair)}").scalar()
            assert found == expected, (name, new)


def test_labels_and_evidence_are_named_old_to_new(engine: Engine) -> None:
    rows = [
        (1, trust(factor(), factor("mail")), trust(factor(), factor("mail", label_en="E-mail"))),
        (2, trust(factor("mail")), trust(factor("mail", label_en="E-mail", points=2))),
        (3, trust(), trust(factor(evidence={"value": 57}))),
        (4, trust(evidence={"clean": {"num": 1}}), trust(evidence={"clean": {"num": 2}}, overall_score=1)),
    ]
    values = ", ".join(
        f"({number}, '{json.dumps(old)}'::jsonb, '{json.dumps(new)}'::jsonb)" for number, old, new in rows
    )
    changed = f"select * from (values {values}) as c (member_id, old_document, new_document)"
    with engine.connect() as connection:
        changed = changed.replace(":", "\\:").replace("\\:\\:", "::")
        words = reworded(connection, OF["trust_score"], changed)
        evidence = explained_otherwise(connection, OF["trust_score"], changed)
    # In whichever documents; evidence only where nothing else says why.
    assert [(one.key, one.documents, one.before, one.after) for one in words] == [
        ("mail.label_en", 2, "Orders", "E-mail")
    ]
    assert [(one.key, one.documents, one.before, one.after) for one in evidence] == [
        ("clean.evidence", 1, '{"value": 56}', '{"value": 57}')
    ]


@pytest.mark.unit
@pytest.mark.parametrize("target", DOCUMENTS, ids=lambda target: target.name)
def test_every_key_says_what_a_change_of_it_means(target: Target) -> None:
    within = {
        part.within.split(".")[1].rstrip("[*]") if part.within != "$" else part.name
        for part in target.document.parts
    }
    assert within == set(target.document.names)
    if target.ladder:
        (part,) = (one for one in target.document.parts if one.name == target.ladder.key)
        assert part.change == "level"
    has_level = any("level" in key or "tier" in key for key in target.document.names)
    assert has_level or all(part.change != "level" for part in target.document.parts)
    evidence = {one.change for one in target.document.parts if one.name == "evidence"}
    assert evidence == ({"evidence"} if "evidence" in target.document.names else set())


@pytest.mark.unit
def test_classes_are_counted_in_the_order_of_their_weight() -> None:
    assert counted({"wording": 1607, "level": 1}) == "1 level or tier, 1,607 wording only"
    assert counted({}) == ""
