"""Members who move as the page shows them: by cause, with a few examples, in English and Thai."""

from typing import Any

from standing.report import wording
from standing.report.content import RunReport, Step
from standing.report.moves import MemberChange, by_cause
from standing.text import plural


def grouped(run: RunReport) -> list[dict[str, Any]]:
    """Those whom the report lists, by cause: losses first, then by how many move so."""
    return [_group(alike, run) for alike in by_cause(run.largest_changes)]


def _group(changes: list[MemberChange], run: RunReport) -> dict[str, Any]:
    """Those who move by one cause: how many, and examples."""
    members = plural(changes[0].alike, changes[0].unit.removesuffix("s"))
    cause = changes[0].cause
    name, _, arrow = cause.rpartition(" ")
    parts = (factor for change in changes for factor in change.factors)
    factor = next((one for one in parts if arrow in "↓↑" and one.label_en == name), None)
    is_code = factor is not None and factor.label_en == factor.code
    return {
        "direction": changes[0].direction,
        "who": f"{wording.name(changes[0].target)}, {members}",
        "cause": f"{wording.name(name)} {arrow}" if is_code else cause,
        "thai_cause": f"{factor.label_th} {arrow}"
        if factor and factor.label_th not in ("", factor.label_en)
        else "",
        "examples": [_change(one, run) for one in changes],
    }


def _change(change: MemberChange, run: RunReport) -> dict[str, Any]:
    """A member who moved, with level or tier and the largest factors by their labels, English and Thai."""
    steps = {
        one.code: one for ladder in run.ladders if ladder.target == change.target for one in ladder.steps
    }
    codes = dict.fromkeys((change.step_before, change.step_after)) if change.step_after else ()
    passed = [steps.get(code, Step(code)) if code else Step("", "None yet") for code in codes]
    has_thai = any(one.label_th for one in passed)
    return {
        "member": change,
        "title": wording.name(change.target),
        "steps": " → ".join(one.label_en or wording.name(one.code) for one in passed),
        "thai_steps": " → ".join(one.label_th or "–" for one in passed if has_thai),
        "factors": change.factors[: wording.FACTORS],
    }
