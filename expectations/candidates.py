"""Are the built documents fit to publish? Runs after the build, over the marts."""

from expectations.catalog import Catalog
from expectations.documents import SHARES, Document
from expectations.rules import Rule, Scan, Whole, quoted
from expectations.shapes import number, shape_rules, words
from expectations.targets import AuditTarget, audit_targets
from expectations.verdict import AuditScope

#: A registration may have been waiting for its commit when the build read the members; the next run
#: scores it. Minutes before as_of after which a member without a document is a lost one.
SETTLED_MINUTES = 15

REBUILD = "fix the model or its policy and run again; nothing has been written"


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """What must exist, then for each target its members and its documents: two scans each."""
    targets = audit_targets(scope)
    documents = {
        "trust_score": _trust_scores,
        "behavior_score": _behavior_scores,
        "ratings": _ratings,
        "performance": _performance,
        "tier_info": _tiers,
    }
    found = [_relations(targets, catalog)] if targets else []
    for target in targets:
        found.append(_members(target, scope.build_schema))
        found.append(documents[target.name](target, scope.build_schema))
    return found


def _relations(targets: list[AuditTarget], catalog: Catalog) -> Scan:
    columns = ["build:run_context.as_of"]
    policies = {"trust_score": "build:trust_levels.level", "tier_info": "build:tier_policy.tier"}
    for target in targets:
        columns += [*target.mart_columns, f"build:{target.staging}.{target.key}"]
        columns += [policies[target.name]] if target.name in policies else []
    rows = ", ".join(
        f"('{path.removeprefix('build:')}', {path in catalog.types})" for path in dict.fromkeys(columns)
    )
    rule = Rule(
        "candidates_are_built",
        "critical",
        "not is_there",
        "What the build should have made is not there, so there is nothing to publish.",
        "standing run --full",
        detail="string_agg(subject, ', ' order by subject)",
    )
    return Scan(f"(values {rows}) as relations (subject, is_there)", "subject", (rule,))


def _members(target: AuditTarget, build: str) -> Scan:
    key, context = target.key, quoted(build, "run_context")
    source = (
        f"(select {key}, created_at from {quoted(build, target.staging)}) as members"
        f" full join (select {key}, count(*) as copies from {quoted(build, target.mart)} group by {key})"
        f" as made on made.{key} = members.{key}"
    )
    settled = f"(select as_of from {context}) - interval '{SETTLED_MINUTES} minutes'"
    rules = (
        Rule(
            f"{target.name}_is_made_for_every_member",
            "critical",
            f"made.{key} is null and coalesce(members.created_at, '-infinity') <= {settled}",
            "These members would keep an old document, or none, while others move.",
            REBUILD,
        ),
        Rule(
            f"{target.name}_is_made_once",
            "critical",
            "made.copies > 1",
            "Two documents for one member: which one is written would be chance.",
            REBUILD,
        ),
        Rule(
            f"{target.name}_is_made_for_members_only",
            "warning",
            f"members.{key} is null",
            "These documents belong to nobody any more; a few are members deleted during the run.",
            "nothing to do if they were deleted; else run again with --full",
        ),
    )
    needs = (*target.mart_columns, f"build:{target.staging}.{key}", "build:run_context.as_of")
    return Scan(source, f"coalesce(members.{key}, made.{key})::text", rules, needs=needs)


def _scan(target: AuditTarget, build: str, rules: tuple[Rule | Whole, ...], joins: str = "") -> Scan:
    source = f"{quoted(build, target.mart)} as made {target.document.record('made.document')} {joins}"
    shape = shape_rules(target.document, "made.document")
    return Scan(source, f"made.{target.key}::text", (*shape, *rules), needs=target.mart_columns)


def _in_range(document: Document, keys: tuple[str, ...], highest: int) -> Rule:
    tests = [f"{number(f'd.{key}')} not between 0 and {highest}" for key in keys]
    return Rule(
        f"{document.target}_is_from_0_to_{highest}",
        "critical",
        " or ".join(tests),
        f"The application shows these figures on a scale from 0 to {highest}.",
        REBUILD,
    )


def _trust_scores(target: AuditTarget, build: str) -> Scan:
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
    points = number("(factor -> 'points')")
    joins = (
        "cross join lateral ("
        f"select coalesce(sum({points}), 0) as points,"
        f" count(*) filter (where {broken}) as broken"
        f" from jsonb_array_elements({listed.format('positive')} || {listed.format('negative')}) as factor"
        f") as factors left join {quoted(build, 'trust_levels')} as levels"
        f" on levels.level = {words('d.level')}"
    )
    scores = ("overall_score", "identity_score", "transaction_score", "behavior_score", "community_score")
    rules = (
        _in_range(target.document, scores, 100),
        Rule(
            "trust_score_factors_add_up",
            "critical",
            f"50 + factors.points is distinct from {number('d.overall_score')}",
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
            f"levels.min_score > {number('d.overall_score')}",
            "These members would wear a badge that their score does not give them.",
            REBUILD,
            needs=("build:trust_levels.min_score",),
        ),
        Rule(
            "trust_score_agrees_with_its_columns",
            "critical",
            f"made.overall_score is distinct from {number('d.overall_score')}"
            f" or made.level is distinct from {words('d.level')}",
            "The report would count another score or level than the application shows.",
            REBUILD,
            needs=(f"build:{target.mart}.overall_score", f"build:{target.mart}.level"),
        ),
    )
    scan = _scan(target, build, rules, joins)
    return Scan(scan.source, scan.key, scan.rules, needs=(*scan.needs, "build:trust_levels.level"))


def _behavior_scores(target: AuditTarget, build: str) -> Scan:
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
    return _scan(target, build, rules)


def _performance(target: AuditTarget, build: str) -> Scan:
    counts = tuple(
        key for key in target.document.keys if key.startswith(("total_", "last_30", "active_", "sold_"))
    )
    rules = (
        _in_range(target.document, SHARES, 100),
        _not_negative(target.document, (*counts, "avg_processing_time", "response_time_avg"), "warning"),
    )
    return _scan(target, build, rules)


def _not_negative(document: Document, keys: tuple[str, ...], severity: str = "critical") -> Rule:
    return Rule(
        f"{document.target}_counts_are_not_negative",
        severity,
        " or ".join(f"{number(f'd.{key}')} < 0" for key in keys if key in document.keys),
        "A count, an amount or a duration below zero makes no sense on a page.",
        "look for negative amounts in the sources",
    )


def _ratings(target: AuditTarget, build: str) -> Scan:
    means = tuple(
        key for key, kind in target.document.keys.items() if kind == "number" and key != "total_reviews"
    )
    stars = [
        number(f"(d.rating_distribution -> '{star}')")
        for star in target.document.nested["rating_distribution"]
    ]
    rules = (
        _in_range(target.document, means, 5),
        Rule(
            "ratings_distribution_adds_up",
            "critical",
            f"{' + '.join(stars)} is distinct from {number('d.total_reviews')}"
            f" or least({', '.join(stars)}, {number('d.total_reviews')}) < 0",
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
    return _scan(target, build, rules)


def _tiers(target: AuditTarget, build: str) -> Scan:
    policy = quoted(build, "tier_policy")
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
    scan = _scan(target, build, rules, joins)
    return Scan(scan.source, scan.key, scan.rules, needs=(*scan.needs, "build:tier_policy.tier"))
