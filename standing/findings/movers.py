"""The members who move most in a set of changed documents, and why."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from standing.contract.targets import NUMBERS, Target
from standing.database.connect import rows
from standing.publish.documents import number, step
from standing.report.content import FactorMove, Mover
from standing.settings import Settings
from standing.sql import quoted

MOVERS = 10
#: How the counts behind a rate are called.
COUNTS = ("numerator", "denominator")
#: What a level or tier asks for, by its code and from the lowest on; read from the build's policy.
ASKED = {
    "trust_score": "select asked.level as code, format('%s asks for %s points', trust_levels.label_en, asked.min_score)"
    " || case when asked.min_completed_orders > 0"
    " then format(' and %s completed orders', asked.min_completed_orders) else '' end as asked"
    " from {schema}.int_trust_levels as asked join {schema}.trust_levels on trust_levels.level = asked.level order by asked.rank",
    "tier_info": "select tier as code, format('%s asks for %s completed orders', label_en, min_orders)"
    " || case when min_rating > 0 then format(' and a mean rating of %s', min_rating) else '' end as asked from {schema}.tier_policy order by tier_level",
}


def movers_of(
    connection: Connection, settings: Settings, target: Target, changed: str, **parameters: Any
) -> tuple[Mover, ...]:
    """Of the query `changed` (member_id, old_document, new_document), largest move first; at most MOVERS.

    Whose number, level or tier stays comes after the others, by the factor or other number that moves most.
    """
    path = "{" + NUMBERS[target.name] + "}"
    old_parts, new_parts = _parts("old_document", target), _parts("new_document", target)
    moved = rows(
        connection,
        f"""
        with moved as (
            select member_id, old_document, new_document,
                {number("old_document", path)} as before, {number("new_document", path)} as after,
                {step("old_document", target)} as step_before, {step("new_document", target)} as step_after
            from ({changed}) as changed
        ), weighed as (
            select moved.*, stays, (
                select max(abs(
                    coalesce((new_part.value ->> 'points')::numeric, 0) - coalesce((old_part.value ->> 'points')::numeric, 0)
                ))
                from jsonb_each(case when stays then {old_parts} else '{{}}' end) as old_part (key, value)
                full join jsonb_each(case when stays then {new_parts} else '{{}}' end) as new_part (key, value) using (key)
            ) as largest
            from moved
            cross join lateral (
                select before is not distinct from after and step_before is not distinct from step_after as stays
            ) as outwardly
        )
        select member_id::text as member_id, before, after, step_before, step_after,
            {old_parts} as old_parts, {new_parts} as new_parts
        from weighed
        order by
            stays,
            abs(after - before) desc nulls last,
            step_before is not distinct from step_after,
            largest desc nulls last,
            member_id
        limit {MOVERS}
        """,
        **parameters,
    )
    asked = _asked(connection, settings, target)
    found = [
        Mover(
            target=target.name,
            factors=_moves(row.pop("old_parts"), row.pop("new_parts")),
            asked=_asked_of(asked, row["step_before"], row["step_after"]),
            **row,
        )
        for row in moved
    ]
    return tuple(
        one for one in found if one.factors or one.before != one.after or one.step_before != one.step_after
    )


def _asked(connection: Connection, settings: Settings, target: Target) -> dict[str, str]:
    if target.name not in ASKED:
        return {}
    found = rows(connection, ASKED[target.name].format(schema=quoted(settings.build_schema)))
    return {row["code"]: row["asked"] for row in found}


def _asked_of(asked: dict[str, str], before: str | None, after: str | None) -> str | None:
    """What the higher of the two steps asks for; nothing where there was none before."""
    if before is None or before == after:
        return None
    steps = [code for code in asked if code in (before, after)]
    return asked[steps[-1]] if steps else None


def _parts(document: str, target: Target) -> str:
    """What explains a document, as {code: {points, labels}}: its factors, what a tier asks for, or its other numbers.

    Somebody else may have written it: what is not as ours would be, is left out.
    """
    if target.name == "trust_score":
        labels = ", ".join(f"'{label}', part.value ->> '{label}'" for label in ("label_en", "label_th"))
        code, points = "part.value ->> 'code'", "part.value -> 'points'"
        parts = f"jsonb_path_query({document}, '$.factors.*[*]') as part (value) where {code} is not null"
    else:
        labels = "'label_en', null, 'label_th', null"
        code, points = "part.key", "part.value"
        numbers = _asked_for(document) if target.name == "tier_info" else _numbers(document, target)
        parts = f"jsonb_each({numbers}) as part (key, value) where true"
    return (
        f"(select coalesce(jsonb_object_agg({code}, jsonb_build_object('points', {points}, {labels})), '{{}}')"
        f" from {parts} and jsonb_typeof({points}) = 'number')"
    )


def _asked_for(document: str) -> str:
    """What a tier asks for: completed orders and a mean rating."""
    num, den = (number(document, f"{{evidence,mean_rating,{part}}}") for part in ("num", "den"))
    return (
        f"jsonb_build_object('completed_orders', {document} #> '{{evidence,completed_orders}}',"
        f" 'mean_rating', round({num} / nullif({den}, 0), 2))"
    )


def _numbers(document: str, target: Target) -> str:
    """The counts behind the number that members are compared by, and the document's other numbers."""
    compared = NUMBERS[target.name]
    counts = ", ".join(
        f"'{compared}_{part}', {document} #> '{{evidence,{compared},{key}}}'"
        for part, key in zip(COUNTS, ("num", "den"), strict=True)
    )
    return f"({_object(document)} - '{compared}') || jsonb_build_object({counts})"


def _object(value: str) -> str:
    return f"case when jsonb_typeof({value}) = 'object' then {value} else '{{}}' end"


def _moves(before: dict[str, Any], after: dict[str, Any]) -> tuple[FactorMove, ...]:
    nothing = Decimal(0)
    moves = []
    for code in dict.fromkeys([*after, *before]):
        old, new = (
            Decimal(str(side[code]["points"])) if code in side else None for side in (before, after)
        )
        if old != new:
            part = {**before, **after}[code]
            english, thai = part.get("label_en") or code, part.get("label_th") or code
            moves.append(FactorMove(code, english, thai, old, new))
    return tuple(
        sorted(
            moves,
            key=lambda one: (
                one.code.endswith(COUNTS),
                abs((one.after or nothing) - (one.before or nothing)),
            ),
            reverse=True,
        )
    )
