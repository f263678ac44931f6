"""Are the built documents fit to publish? Runs after the build, over the marts."""

from expectations.documents import SHARES, Document
from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan, Whole
from expectations.suites.past import distribution_scans
from expectations.suites.presence import REBUILD, members_scan, relations_scan, set_aside_scan
from expectations.suites.shapes import shape_rules, words
from expectations.targets import AuditTarget, audit_targets
from expectations.verdict import AuditScope
from standing.sql import json_number, quoted


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """What must exist, what was set aside, then for each target its members and its documents: two scans
    each; at last how the members are spread over levels and tiers."""
    targets = audit_targets(scope)
    documents = {
        "trust_score": _trust_scores,
        "behavior_score": _behavior_scores,
        "ratings": _ratings,
        "performance": _performance,
        "tier_info": _tiers,
    }
    found = [relations_scan(targets, catalog), set_aside_scan(scope.build_schema)] if targets else []
    for target in targets:
        found.append(members_scan(target, scope))
        found.append(documents[target.name](target, scope))
    return [*found, *distribution_scans(targets, scope.build_schema)]


def _scan(target: AuditTarget, scope: AuditScope, rules: tuple[Rule | Whole, ...], joins: str = "") -> Scan:
    made = target.among(quoted(scope.build_schema, target.mart), target.key, scope)
    source = f"{made} as made {target.document.record('made.document')} {joins}"
    shape = shape_rules(target.document, "made.document")
    return Scan(source, f"made.{target.key}::text", (*shape, *rules), needs=target.mart_columns)


def _in_range(document: Document, keys: tuple[str, ...], highest: int) -> Rule:
    tests = [f"{json_number(f'd.{key}')} not between 0 and {highest}" for key in keys]
    return Rule(
        f"{document.target}_is_from_0_to_{highest}",
        "critical",
        " or ".join(tests),
        f"The application shows these figures on a scale from 0 to {highest}.",
        REBUILD,
    )


def _trust_scores(target: AuditTarget, scope: AuditScope) -> Scan:
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
        f") as factors left join {quoted(scope.build_schema, 'trust_levels')} as levels"
        f" on levels.level = {words('d.level')}"
    )
    scores = ("overall_score", "identity_score", "transaction_score", "behavior_score", "community_score")
    rules = (
        _in_range(target.document, scores, 100),
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
            "trust_level_is_in_the_policy",
            "critical",
            "levels.level is null",
            "The application has no badge for a level that seeds/trust_levels.csv does not name.",
            REBUILD,
            detail=f"string_agg(distinct left({words('d.level')}, 20), ', ')",
        ),
        Rule(
            "trust_level_is_reached",
            "critical",
            f"levels.min_score > {json_number('d.overall_score')}",
            "These members would wear a badge that their score does not give them.",
            REBUILD,
            needs=("build:trust_levels.min_score",),
        ),
        Rule(
            "trust_score_agrees_with_its_columns",
            "critical",
            f"made.overall_score is distinct from {json_number('d.overall_score')}"
            f" or made.level is distinct from {words('d.level')}",
            "The report would count another score or level than the application shows.",
            REBUILD,
            needs=(f"build:{target.mart}.overall_score", f"build:{target.mart}.level"),
        ),
    )
    scan = _scan(target, scope, rules, joins)
    return Scan(scan.source, scan.key, scan.rules, needs=(*scan.needs, "build:trust_levels.level"))


def _behavior_scores(target: AuditTarget, scope: AuditScope) -> Scan:
    counts = ("active_days_last_30", "report_count", "warning_count", "helpful_reviews_count")
    rules = (
        _in_range(target.document, tuple(target.document.rates), 100),
        _not_negative(
            target.document, (*counts, "response_time_avg", "response_time_median", "avg_session_duration")
        ),
        Rule(
            "behavior_risk_is_known",
            "critical",
            f"{words('d.risk_level')} not in ('low', 'medium', 'high')",
            "The application has no badge for another risk.",
            REBUILD,
        ),
    )
    return _scan(target, scope, rules)


def _performance(target: AuditTarget, scope: AuditScope) -> Scan:
    counts = tuple(
        key for key in target.document.keys if key.startswith(("total_", "last_30", "active_", "sold_"))
    )
    rules = (
        _in_range(target.document, SHARES, 100),
        _not_negative(target.document, (*counts, "avg_processing_time", "response_time_avg"), "warning"),
    )
    return _scan(target, scope, rules)


def _not_negative(document: Document, keys: tuple[str, ...], severity: str = "critical") -> Rule:
    return Rule(
        f"{document.target}_counts_are_not_negative",
        severity,
        " or ".join(f"{json_number(f'd.{key}')} < 0" for key in keys if key in document.keys),
        "A count, an amount or a duration below zero makes no sense on a page.",
        "look for negative amounts in the sources",
    )


def _ratings(target: AuditTarget, scope: AuditScope) -> Scan:
    means = tuple(
        key for key, kind in target.document.keys.items() if kind == "number" and key != "total_reviews"
    )
    stars = [
        json_number(f"(d.rating_distribution -> '{star}')")
        for star in target.document.nested["rating_distribution"]
    ]
    rules = (
        _in_range(target.document, means, 5),
        Rule(
            "ratings_distribution_adds_up",
            "critical",
            f"{' + '.join(stars)} is distinct from {json_number('d.total_reviews')}"
            f" or least({', '.join(stars)}, {json_number('d.total_reviews')}) < 0",
            "The stars a shop's page shows must be as many as the reviews it counts.",
            REBUILD,
        ),
        Rule(
            "ratings_trend_is_known",
            "critical",
            f"{words('d.rating_trend')} not in ('improving', 'declining', 'stable')",
            "The application has no arrow for another trend.",
            REBUILD,
        ),
    )
    return _scan(target, scope, rules)


def _tiers(target: AuditTarget, scope: AuditScope) -> Scan:
    policy = quoted(scope.build_schema, "tier_policy")
    joins = f"left join {policy} as tiers on tiers.tier = {words('d.current_tier')}"
    granted = ("tier_level", "commission_rate", "boost_multiplier", "priority_support", "benefits")
    differs = " or ".join(f"to_jsonb(tiers.{key}) is distinct from d.{key}" for key in granted)
    rules = (
        Rule(
            "tier_is_in_the_policy",
            "critical",
            "tiers.tier is null",
            "The application knows no tier that seeds/tier_policy.csv does not name.",
            REBUILD,
            detail=f"string_agg(distinct left({words('d.current_tier')}, 20), ', ')",
        ),
        Rule(
            "tier_grants_what_the_policy_says",
            "critical",
            f"tiers.tier is not null and ({differs})",
            "These sellers would pay a commission or get a boost that their tier does not give.",
            REBUILD,
            needs=tuple(f"build:tier_policy.{key}" for key in granted),
        ),
        Rule(
            "tier_info_agrees_with_its_columns",
            "critical",
            f"made.current_tier is distinct from {words('d.current_tier')}",
            "The report would count another tier than the application shows.",
            REBUILD,
            needs=(f"build:{target.mart}.current_tier",),
        ),
    )
    scan = _scan(target, scope, rules, joins)
    return Scan(scan.source, scan.key, scan.rules, needs=(*scan.needs, "build:tier_policy.tier"))
