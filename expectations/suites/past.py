"""Does this run look like the ones before it? Rows, and members by level and tier, are compared.

What earlier runs saw is in `standing.runs`; where there is none, there is nothing to compare with, which is
what the rule then gives (null).
"""

from collections.abc import Sequence

from expectations.engine.rules import Scan, Whole
from expectations.suites.seeds import stated_policy
from standing.contract.target import Ladder
from standing.contract.targets import Target
from standing.sql import grouped, quoted, told_apart

#: Shares below this count as this, so that an empty level does not make the shift endless.
SMALLEST_SHARE = "0.0001"


def volume_rules(table: str) -> tuple[Whole, ...]:
    """Rows of a table now and at the last published run, and newly come ones against the weeks before."""
    last = (
        f"(select (summary -> 'volumes' ->> '{table}')::numeric from standing.runs"
        f" where status = 'published' and summary -> 'volumes' ? '{table}' order by run_id desc limit 1)"
    )
    kept = Whole(
        f"{table}_is_not_smaller_than_before",
        "warning",
        f"(count(*) < {last} * (1 - {stated_policy('volume_loss')}))::int",
        f"{grouped('count(*)')} || ' rows, at the last published run ' || {grouped(last)}",
        "Rows that were there are gone; what members did in them no longer counts for them.",
        "see whether the application deletes old rows on purpose, or a copy is incomplete",
        needs=("standing:runs.summary",),
    )
    if table == "seller_profiles":
        return (kept,)
    recent = "count(*) filter (where created_at > now() - interval '7 days' and created_at <= now())"
    weekly = (
        "count(*) filter (where created_at > now() - interval '35 days'"
        " and created_at <= now() - interval '7 days') / 4.0"
    )
    fewest, lowest = (
        f"{stated_policy('volume_min_weekly')}",
        f"({weekly} * {stated_policy('volume_low_share')})",
    )
    steady = Whole(
        f"{table}_come_as_in_the_weeks_before",
        "warning",
        f"({weekly} >= {fewest} and {recent} < {lowest})::int",
        f"{grouped(recent)} || ' in the last 7 days, ' || {grouped(f'round({weekly})')}"
        " || ' a week in the 4 weeks before; '"
        f" || case when {weekly} < {fewest} then 'too few to compare'"
        f" else 'under ' || {told_apart(lowest, [recent], 0)} || ' is too few' end",
        "Far fewer rows than usual came in: part of what members did may not have reached this database.",
        "check the application's feed; ignore it in a quiet week such as Songkran",
        needs=(f"{table}.created_at",),
    )
    return (kept, steady)


def distribution_scans(targets: Sequence[Target], build: str) -> list[Scan]:
    """One scan of one row for each spread: its population stability index against the last published run.

    PSI = Σ (after − before)·ln(after ÷ before) over the shares of each level, as used for credit scores.
    """
    return [_distribution(target, target.ladder, build) for target in targets if target.ladder]


def _distribution(target: Target, ladder: Ladder, build: str) -> Scan:
    name, column = ladder.code, ladder.key
    path = f'$[*] ? (@.name == "{name}").after[*]'
    last = (
        f"select jsonb_path_query_array(summary -> 'distributions', '{path}') as buckets from standing.runs"
        f" where status = 'published' and as_of <= (select as_of from {quoted(build, 'run_context')})"
        f" and jsonb_path_exists(summary -> 'distributions', '{path}') order by run_id desc limit 1"
    )
    share = (
        "greatest(coalesce({0}.members / nullif(sum({0}.members) over (), 0), 0), " + SMALLEST_SHARE + ")"
    )
    source = f"""(
        with before as (
            select bucket ->> 'label' as label, (bucket ->> 'count')::numeric as members
            from ({last}) as run cross join lateral jsonb_array_elements(buckets) as bucket
        ),
        after as (
            select {column}::text as label, count(*)::numeric as members
            from {quoted(build, target.mart)} group by {column}
        ),
        shares as (
            select {share.format("before")} as before, {share.format("after")} as after
            from before full join after on after.label = before.label
        )
        select
            '{name}' as spread, (select coalesce(sum(members), 0) from before) as members,
            coalesce(sum((after - before) * ln(after / before)), 0) as shift
        from shares
    ) as shifts"""
    fewest, limit = f"{policy(build, 'shift_min_members')}", f"{policy(build, 'shift_limit')}"
    rule = Whole(
        f"{target.name}_is_spread_as_before",
        "warning",
        f"(case when max(members) > 0 then max(members) >= {fewest} and max(shift) > {limit} end)::int",
        f"case when max(members) < {fewest} then 'too few members to compare' else 'population stability"
        f" index ' || {told_apart('max(shift)', [limit], 2)} || ', limit ' || {limit} end",
        f"Many members change their {name} at once: rarely by their own doing, mostly by data or policy.",
        "see who moved in the report; if a change of policy was meant to do this, nothing is wrong",
    )
    needs = (
        f"build:{target.mart}.{column}",
        "build:run_context.as_of",
        "build:policy_numbers.value",
        "standing:runs.summary",
    )
    return Scan(source, "spread", (rule,), needs=needs)


def policy(build: str, name: str) -> str:
    """A number of policy, as a query."""
    return f"(select value from {quoted(build, 'policy_numbers')} where name = '{name}')"
