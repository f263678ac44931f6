"""Are the built documents fit to publish? Runs after the build, over the marts."""

from collections.abc import Callable

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites.gamification import gamification
from expectations.suites.ledgers import candidate_scans
from expectations.suites.past import distribution_scans
from expectations.suites.plausible import plausible_scans
from expectations.suites.presence import members_scan, relations_scan, set_aside_scan
from expectations.suites.rating_counts import rating_count_scans
from expectations.suites.shapes import REBUILD, record, shape_rules, words
from expectations.targets import among, mart_columns
from expectations.verdict import AuditScope
from standing.contract.documents.gamification import GAMIFICATION
from standing.contract.documents.performance import PERFORMANCE
from standing.contract.documents.ratings import RATINGS
from standing.contract.documents.tier_info import TIER_INFO
from standing.contract.documents.trust_score import TRUST_SCORE
from standing.contract.target import Ladder
from standing.contract.targets import Target, documents_among
from standing.sql import json_number, quoted

#: Rules of one document, and what they join to it.
Own = tuple[tuple[Rule, ...], str]


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """What must exist, what was set aside, then for each target its members and its documents: two scans
    each; how the members are spread over levels and tiers; at last what is believable at all."""
    targets = documents_among(scope.targets)
    parts = [relations_scan(targets, catalog), set_aside_scan(scope.build_schema)] if targets else []
    for target in targets:
        parts.append(members_scan(target, scope))
        parts.append(_documents_scan(target, scope))
    parts += rating_count_scans(targets, scope)
    spread = distribution_scans(targets, scope.build_schema)
    return [
        *parts,
        *spread,
        *candidate_scans(scope),
        *(plausible_scans(scope, catalog) if targets else ()),
    ]


def _documents_scan(target: Target, scope: AuditScope) -> Scan:
    build = among(target, quoted(scope.build_schema, target.mart), target.key, scope)
    source = f"{build} as made {record(target.document, 'made.document')}"
    rules = shape_rules(target, "made.document")
    needs: tuple[str, ...] = mart_columns(target)
    if ladder := target.ladder:
        source += (
            f" left join {quoted(scope.build_schema, ladder.seed)} as steps"
            f" on steps.{ladder.code} = {words(f'd.{ladder.key}')}"
        )
        rules = (*rules, *_ladder_rules(target, ladder))
        needs = (*needs, f"build:{ladder.seed}.{ladder.code}")
    if target.name in OWN:
        own, joins = OWN[target.name](scope)
        source, rules = f"{source} {joins}", (*rules, *own)
    return Scan(source, f"made.{target.key}::text", rules, needs=needs, of_due=scope.due_only)


def _ladder_rules(target: Target, ladder: Ladder) -> tuple[Rule, ...]:
    title = ladder.title.lower()
    values = {ladder.key: words(f"d.{ladder.key}"), target.number: json_number(f"d.{target.number}")}
    counted = [key for key in target.mart_columns if key in values]
    return (
        Rule(
            f"{title.replace(' ', '_')}_is_in_the_policy",
            "critical",
            f"steps.{ladder.code} is null",
            f"The application knows no {title} that seeds/{ladder.seed}.csv does not name.",
            REBUILD,
            detail=f"string_agg(distinct left({values[ladder.key]}, 20), ', ')",
        ),
        Rule(
            f"{target.name}_agrees_with_its_columns",
            "critical",
            " or ".join(f"made.{key} is distinct from {values[key]}" for key in counted),
            f"The report would count another number or {title} than the application shows.",
            REBUILD,
            needs=tuple(f"build:{target.mart}.{key}" for key in counted),
        ),
    )


def _trust_scores(_: AuditScope) -> Own:
    element = "jsonb_typeof(factor -> '{}') is distinct from '{}'"
    broken = " or ".join(
        element.format(key, kind)
        for key, kind in {
            "code": "string",
            "points": "number",
            "label_en": "string",
            "label_th": "string",
        }.items()
    )
    listed = "case when jsonb_typeof(d.factors -> '{0}') = 'array' then d.factors -> '{0}' else '[]' end"
    points = json_number("(factor -> 'points')")
    joins = (
        "cross join lateral ("
        f"select coalesce(sum({points}), 0) as points,"
        f" count(*) filter (where {broken}) as broken"
        f" from jsonb_array_elements({listed.format('positive')} || {listed.format('negative')}) as factor"
        f") as factors"
    )
    rules = (
        Rule(
            "trust_score_factors_add_up",
            "critical",
            f"50 + factors.points is distinct from {json_number('d.overall_score')}",
            "The reasons a member is shown must explain the score exactly: 50 plus the factors' points.",
            REBUILD,
        ),
        Rule(
            "trust_score_factors_are_complete",
            "critical",
            "factors.broken > 0",
            "A factor without code, points or a label in both languages cannot be shown.",
            REBUILD,
        ),
        Rule(
            "trust_level_is_reached",
            "critical",
            f"steps.min_score > {json_number('d.overall_score')}",
            "These members would wear a badge that their score does not give them.",
            REBUILD,
            needs=("build:trust_levels.min_score",),
        ),
    )
    return rules, joins


def _ratings(_: AuditScope) -> Own:
    distribution = RATINGS.document.key("rating_distribution").keys
    stars = [json_number(f"(d.rating_distribution -> '{star.name}')") for star in distribution]
    rule = Rule(
        "ratings_distribution_adds_up",
        "critical",
        f"{' + '.join(stars)} is distinct from {json_number('d.total_reviews')}"
        f" or least({', '.join(stars)}, {json_number('d.total_reviews')}) < 0",
        "The stars a shop's page shows must be as many as the reviews it counts.",
        REBUILD,
    )
    return (rule,), ""


def _tiers(_: AuditScope) -> Own:
    granted = ("tier_level", "commission_rate", "boost_multiplier", "priority_support", "benefits")
    differs = " or ".join(f"to_jsonb(steps.{key}) is distinct from d.{key}" for key in granted)
    rule = Rule(
        "tier_grants_what_the_policy_says",
        "critical",
        f"steps.tier is not null and ({differs})",
        "These sellers would pay a commission or get a boost that their tier does not give.",
        REBUILD,
        needs=tuple(f"build:tier_policy.{key}" for key in granted),
    )
    return (rule,), ""


def _performance(_: AuditScope) -> Own:
    points, base, low, high = (
        json_number(f"({path})")
        for path in (
            "d.evidence #> '{expected_problem_rate,points}'",
            "d.evidence #> '{expected_problem_rate,base}'",
            "d.expected_problem_range -> 'low'",
            "d.expected_problem_range -> 'high'",
        )
    )
    measured = json_number("(measure.value -> 'points')")
    listed = "case when jsonb_typeof({0}) = 'object' then {0} else '{{}}' end".format(
        "(d.evidence -> 'expected_problem_rate')"
    )
    joins = (
        f"cross join lateral (select coalesce(sum({measured}), 0) as points"
        f" from jsonb_each({listed}) as measure"
        " where jsonb_typeof(measure.value) = 'object') as forecast"
    )
    rules = (
        Rule(
            "expected_problem_points_add_up",
            "critical",
            f"{points} is null or {base} + forecast.points is distinct from {points}",
            "The reasons for a forecast must explain it exactly: the base plus the measures' points.",
            REBUILD,
        ),
        Rule(
            "expected_problem_rate_is_in_its_range",
            "critical",
            f"({json_number('d.expected_problem_rate')} between {low} and {high}) is not true",
            "A forecast beside its own range says that one of the two is wrong.",
            "correct the row of seeds/problem_rates.csv; nothing has been written",
        ),
    )
    return rules, joins


#: Target → what holds of its document alone. `steps` is the row of its ladder's policy.
OWN: dict[str, Callable[[AuditScope], Own]] = {
    TRUST_SCORE.name: _trust_scores,
    RATINGS.name: _ratings,
    PERFORMANCE.name: _performance,
    TIER_INFO.name: _tiers,
    GAMIFICATION.name: gamification,
}
