"""What holds of users.gamification alone: points add up, the level fits, no code has been taken away."""

from expectations.engine.rules import Rule
from expectations.suites.shapes import REBUILD, words
from expectations.verdict import AuditScope
from standing.contract.documents.gamification import GAMIFICATION
from standing.sql import json_number, quoted

_PUBLISHED = f"written.{quoted(GAMIFICATION.column)}"
_NUMBERS = {name: json_number(f"d.{name}") for name in ("experience_points", "points_to_next_level")}


def gamification(scope: AuditScope) -> tuple[tuple[Rule, ...], str]:
    """The rules, and what they join to the documents."""
    points, missing = _NUMBERS["experience_points"], _NUMBERS["points_to_next_level"]
    rules = (
        Rule(
            "gamification_experience_adds_up",
            "critical",
            f"experience.points is distinct from {points} or experience.broken > 0",
            "The reasons that a member is shown must explain their experience exactly.",
            REBUILD,
        ),
        Rule(
            "gamification_level_fits_experience",
            "critical",
            f"span.minimum is null or {points} < span.minimum or {points} >= span.next_minimum"
            f" or {missing} is distinct from coalesce(span.next_minimum - {points}, 0)",
            "These members would wear a level that their experience does not give them.",
            REBUILD,
            needs=("build:gamification_levels.minimum",),
        ),
        Rule(
            "gamification_codes_are_for_ever",
            "critical",
            "taken.codes is not null",
            "Members wear these badges, achievements or milestones, and seeds/awards.csv has them no more.",
            "put the rows back; one that is to be given no more gets a threshold that nobody reaches",
            detail="string_agg(distinct taken.codes, ', ')",
            needs=("build:awards.code", f"users.{GAMIFICATION.column}"),
        ),
    )
    return rules, " ".join((_experience(), _span(scope), _taken(scope)))


def _experience() -> str:
    """The points of all rules, and how many are not their count times what each is worth."""
    listed = "case when jsonb_typeof({0}) = 'object' then {0} else '{{}}' end".format(
        "(d.evidence -> 'experience')"
    )
    number, each, points = (json_number(f"(rule.value -> '{key}')") for key in ("count", "each", "points"))
    return (
        f"cross join lateral (select coalesce(sum({points}), 0) as points,"
        f" count(*) filter (where {number} * {each} is distinct from {points}) as broken"
        f" from jsonb_each({listed}) as rule where jsonb_typeof(rule.value) = 'object') as experience"
    )


def _span(scope: AuditScope) -> str:
    levels = quoted(scope.build_schema, "gamification_levels")
    return (
        "left join (select experience_level, minimum, lead(minimum) over (order by minimum) as next_minimum"
        f" from {levels}) as span on span.experience_level = {words('d.level')}"
    )


def _taken(scope: AuditScope) -> str:
    """The codes that a member's published document has and policy has not.

    Without evidence a document is the application's own, whose codes are its own affair.
    """
    users, awards = quoted(scope.application_schema, "users"), quoted(scope.build_schema, "awards")
    items = " union all ".join(
        f"select {code} as code from jsonb_array_elements(case when jsonb_typeof({_PUBLISHED} -> '{key}')"
        f" = 'array' then {_PUBLISHED} -> '{key}' else '[]' end) as item"
        for key, code in (
            ("badges", "item ->> 'code'"),
            ("achievements", "item ->> 'code'"),
            ("milestones_completed", words("item")),
        )
    )
    return (
        f"left join {users} as written on written.id = made.user_id"
        " left join lateral (select string_agg(worn.code, ', ' order by worn.code) as codes"
        f" from ({items}) as worn left join {awards} as known on known.code = worn.code"
        " where known.code is null and worn.code is not null) as taken"
        f" on case when jsonb_typeof({_PUBLISHED}) = 'object' then {_PUBLISHED} ? 'evidence' else false end"
    )
