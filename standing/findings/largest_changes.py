"""The members who change most in a set of changed documents, and why."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from standing.contract.targets import Target
from standing.database.connect import rows
from standing.findings.requirements import Requirement, as_steps, required, required_before
from standing.publish.documents import is_published, number, step
from standing.report.moves import FactorChange, MemberChange
from standing.settings import Settings
from standing.sql import literal, render
from standing.text import told_apart

#: Members shown of each cause by which they move.
EXAMPLES = 3
#: Those that move most, of a target: of the others no cause is looked for, since it takes both documents.
EXPLAINED = 20_000
#: Decimals of a rate.
RATE_DIGITS = 2
#: The counts behind a rate, in the codes of what differs.
COUNTS = ("numerator", "denominator")
#: And how readers call them, by the unit of the rate.
_CALLED = {
    "stars": ("Stars received, added up", "Ratings received"),
    "%": ("Good orders of the {rate}", "All orders of the {rate}"),
}


@dataclass(frozen=True)
class ChangesWanted:
    """Of which run the changes are (None: of a build that no run has entered), and how many of one cause.

    `most` None asks for every member; `with_others` for those, too, whose number, level and tier stay;
    `with_parts` for the factors or numbers that differ.
    """

    run_id: int | None = None
    most: int | None = None
    with_others: bool = False
    with_parts: bool = True


def largest_changes_of(
    connection: Connection,
    settings: Settings,
    target: Target,
    changed: str,
    asked: ChangesWanted,
    **parameters: Any,
) -> tuple[MemberChange, ...]:
    """Of the query `changed` (member_id, old_document, new_document): losses first, then the largest."""
    requirements = required(connection, settings, target.ladder) if target.ladder else {}
    statement, given = statement_of(connection, settings, target, changed, asked)
    found = rows(connection, statement, **given, **parameters)
    limits = [number for one in requirements.values() for number in one.numbers]
    return tuple(
        MemberChange(
            target=target.name,
            factors=_factor_changes(row.pop("old_parts"), row.pop("new_parts"), limits),
            unit=target.members.unit,
            requirement=_requirement(requirements, row["step_before"], row["step_after"]),
            **row,
        )
        for row in found
    )


def statement_of(
    connection: Connection, settings: Settings, target: Target, changed: str, asked: ChangesWanted
) -> tuple[str, dict[str, str]]:
    """The statement behind `largest_changes_of`, and its own parameter."""
    now = required(connection, settings, target.ladder) if target.ladder else {}
    before = required_before(connection, settings, target, asked.run_id)
    statement = render(
        "findings/largest_changes.sql.j2",
        changed=changed,
        number=partial(number, path="{" + target.number + "}"),
        step=partial(step, target=target),
        parts=partial(_parts, target=target),
        is_published=partial(is_published, target),
        by_requirement=bool(target.reasons),
        with_others=asked.with_others,
        explained=EXPLAINED,
        most=asked.most,
        with_parts=asked.with_parts,
    )
    return statement, {"wanted": as_steps(now, before)}


def _requirement(requirements: dict[str, Requirement], before: str | None, after: str | None) -> str | None:
    """The requirement of the higher of two steps; none where there was no step before."""
    if before is None or before == after:
        return None
    steps = [code for code in requirements if code in (before, after)]
    return requirements[steps[-1]].words if steps else None


def _parts(document: str, target: Target) -> str:
    """What explains a document, as {code: {points, labels}}: factors, reasons, or other numbers.

    Somebody else may have written it: what is not as ours would be, is left out.
    """
    if "factors" in target.document.names:
        labels = ", ".join(f"'{label}', part.value ->> '{label}'" for label in ("label_en", "label_th"))
        code, points = "part.value ->> 'code'", "part.value -> 'points'"
        parts = f"jsonb_path_query({document}, '$.factors.*[*]') as part (value) where {code} is not null"
    else:
        labels = f"'label_en', {_label(target)}, 'label_th', null"
        code, points = "part.key", "part.value"
        numbers = _reasons(document, target) if target.reasons else _numbers(document, target)
        parts = f"jsonb_each({numbers}) as part (key, value) where true"
    return (
        f"(select coalesce(jsonb_object_agg({code}, jsonb_build_object('points', {points}, {labels})),"
        f" '{{}}')"
        f" from {parts} and jsonb_typeof({points}) = 'number')"
    )


def _label(target: Target) -> str:
    """What a number of the document is called, in words: of a key those of its name."""
    rate = target.number.replace("_", " ")
    called = zip(COUNTS, _CALLED.get(target.document.key(target.number).unit, ()), strict=False)
    counts = "".join(
        f" when part.key = {literal(f'{target.number}_{part}')} then {literal(words.format(rate=rate))}"
        for part, words in called
    )
    words = "upper(left(part.key, 1)) || replace(substr(part.key, 2), '_', ' ')"
    return f"case{counts} else {words} end" if counts else words


def _reasons(document: str, target: Target) -> str:
    """Numbers of the evidence; of a rate what its counts come to."""
    return f"jsonb_build_object({', '.join(_reason(document, key) for key in target.reasons)})"


def _reason(document: str, key: str) -> str:
    found = f"{document} #> '{{evidence,{key}}}'"
    num, den = (number(document, f"{{evidence,{key},{part}}}") for part in ("num", "den"))
    rate = f"to_jsonb({num} / nullif({den}, 0))"
    return f"'{key}', case when jsonb_typeof({found}) = 'object' then {rate} else {found} end"


def _numbers(document: str, target: Target) -> str:
    """The counts behind the number that members are compared by, and the document's other numbers."""
    compared = target.number
    counts = ", ".join(
        f"'{compared}_{part}', {document} #> '{{evidence,{compared},{key}}}'"
        for part, key in zip(COUNTS, ("num", "den"), strict=True)
    )
    return f"({_object(document)} - '{compared}') || jsonb_build_object({counts})"


def _object(value: str) -> str:
    return f"case when jsonb_typeof({value}) = 'object' then {value} else '{{}}' end"


def _shown(value: Decimal, limits: list[Decimal]) -> Decimal:
    exponent = value.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -RATE_DIGITS
    return Decimal(f"{told_apart(value, limits, RATE_DIGITS).normalize():f}") if is_long else value


def _factor_changes(
    before: dict[str, Any], after: dict[str, Any], limits: list[Decimal]
) -> tuple[FactorChange, ...]:
    """What differs, the largest first; a rate has the digits that tell it apart from the limits."""
    nothing = Decimal(0)
    changes = []
    for code in dict.fromkeys([*after, *before]):
        old, new = (
            _shown(Decimal(str(side[code]["points"])), limits) if code in side else None
            for side in (before, after)
        )
        if old != new:
            part = {**before, **after}[code]
            english = part.get("label_en") or code
            thai = part.get("label_th") or english
            changes.append(FactorChange(code, english, thai, old, new))
    return tuple(
        sorted(
            changes,
            key=lambda one: (
                one.code.endswith(COUNTS),
                abs((one.after or nothing) - (one.before or nothing)),
            ),
            reverse=True,
        )
    )
