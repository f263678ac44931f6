"""Is what was built believable? What no marketplace looks like was misread: a status, unit, key or date.

Each measure has its range in seeds/plausible_ranges.csv, with the number of rows from which on it says
anything. Nothing compares a first publication with one before it, so there a measure out of its range stops
the run, until somebody mends the cause or says in that table that it is so; later it is a warning.
"""

import re
from collections.abc import Sequence

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Scan, Whole
from expectations.suites.measures import FLAGS, MEASURES, REVENUE, Measure
from expectations.suites.past import policy
from expectations.targets import among
from expectations.verdict import AuditScope
from standing.contract.documents.performance import PERFORMANCE
from standing.contract.sources import FAMILIES
from standing.sql import grouped, json_number, quoted, render, told_apart

#: Columns in which applications write an order's currency, in small letters; scores read none of them.
CURRENCIES = tuple(f"orders.{name}" for name in ("currency", "currency_code", "currencycode"))

#: In plausible.sql.j2: the line after which each measure is one select, and how these name measures.
BEFORE_MEASURES = "-- The measures."
NAMED = re.compile(r"'([a-z_]+)'")
#: What every measure needs to be taken at all.
NEEDS = (
    *(f"orders.{column}" for column in ("buyer_id", "seller_id", "status", "created_at")),
    *("users.id", "users.created_at", "seller_profiles.id", "reviews.rating", "reviews.created_at"),
    "build:order_statuses.meaning",
    "build:stg_quarantine_counts.set_aside",
)


def plausible_scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """Revenue against what is published, and a scan of a row a measure.

    Runs of the due leave the latter to full ones, but for a first publication.
    """
    compared = [_scan(scope, _revenue(scope), [_rule(scope, REVENUE, "warning")])]
    scans = compared if PERFORMANCE in scope.targets else []
    if scope.due_only and not scope.is_first:
        return scans
    severity = "critical" if scope.is_first else "warning"
    measures = _measures(scope, catalog)
    rules = [
        _rule(scope, one, "warning" if one.only_warns else severity, _alone(measures, one.name))
        for one in MEASURES
    ]
    return [*scans, _scan(scope, measures, rules, NEEDS)]


def _scan(scope: AuditScope, measures: str, rules: Sequence[Whole], needs: tuple[str, ...] = ()) -> Scan:
    source = _with_ranges(scope, measures)
    return Scan(source, "measure", tuple(rules), needs=(*needs, "build:plausible_ranges.measure"))


def _with_ranges(scope: AuditScope, measures: str) -> str:
    ranges = quoted(scope.build_schema, "plausible_ranges")
    columns = "measure, value, evidence, shown"
    return f"({measures}) as taken ({columns}) join {ranges} as ranges using (measure)"


def _alone(measures: str, name: str) -> str:
    """The statement with the one select that gives a measure: what breaks another does not break it.

    A measure whose columns are missing has no row here, too.
    """
    rows, _, selects = measures.partition(BEFORE_MEASURES)
    for select in selects.split("\nunion all\n"):
        for named in NAMED.findall(select):
            if name == named or (named.startswith("_") and name.endswith(named)):
                return rows + select
    return "select null::text, null::numeric, null::numeric, null::text where false"


def _revenue(scope: AuditScope) -> str:
    """The revenue of the shops that are built as one measure, against what their documents say."""
    now = json_number("built.document -> 'total_revenue'")
    before = json_number(f"written.{quoted(PERFORMANCE.column)} -> 'total_revenue'")
    built = among(PERFORMANCE, quoted(scope.build_schema, PERFORMANCE.mart), PERFORMANCE.key, scope)
    return f"""
        select
            '{REVENUE.name}' as measure,
            sum(now) / sum(before) as value,
            count(*) as evidence,
            {grouped("count(*)")} || ' shops have revenue of ' || sum(now)
            || ', published was ' || sum(before) as shown
        from (
            select {now} as now, {before} as before
            from {built} as built
            join {quoted(scope.application_schema, PERFORMANCE.table)} as written
                on written.{PERFORMANCE.table_key} = built.{PERFORMANCE.key}
        ) as shops
        where now > 0 and before > 0"""


def _rule(scope: AuditScope, measure: Measure, severity: str, alone: str = "") -> Whole:
    here = f"measure = '{measure.name}'"
    reach = "coalesce(lowest::text, 'anything') || ' to ' || coalesce(highest::text, 'anything')"
    value = told_apart("value", ["lowest", "highest"], 2)
    # What is shown may say the number itself.
    number = f"case when strpos(shown, {value}) = 0 then ' (' || {value} || ')' else '' end"
    seen = f"shown || coalesce({number}, '') || '; plausible is ' || {reach}"
    return Whole(
        f"{measure.name}_is_plausible",
        severity,
        f"count(*) filter (where {here} and evidence >= min_rows and (value < lowest or value > highest))",
        f"coalesce(max({seen}) filter (where {here}), 'nothing to measure')",
        measure.meaning,
        f"{measure.action}; if it is so, say so in row {measure.name} of seeds/plausible_ranges.csv",
        measure.needs,
        _with_ranges(scope, alone) if alone else "",
    )


def _measures(scope: AuditScope, catalog: Catalog) -> str:
    currency = next((path for path in catalog.types if path.lower() in CURRENCIES), "")
    build = scope.build_schema
    return render(
        "expectations/suites/plausible.sql.j2",
        grouped=grouped,
        has=catalog.usable,
        relation=lambda name: quoted(scope.application_schema, name),
        built=lambda name: quoted(build, name),
        flags=[flag for flag in FLAGS if catalog.usable(f"users.{flag}")],
        has_payouts=catalog.types.get("payouts.amount") in FAMILIES["number"],
        currency=quoted(currency.partition(".")[2]) if currency else "",
        policy=lambda name: policy(build, name),
    )
