"""Do the application's own count of ratings and the reviews counted tell the same story of each shop?

Where they do not, part of the reviews may not have been read, whatever the cause.
"""

from collections.abc import Sequence

from expectations.engine.rules import Scan, Whole
from expectations.suites.past import policy
from expectations.targets import mart_columns
from expectations.verdict import AuditScope
from standing.contract.documents.ratings import RATINGS
from standing.contract.targets import Target
from standing.sql import grouped, json_number, quoted


def rating_count_scans(targets: Sequence[Target], scope: AuditScope) -> list[Scan]:
    """One scan of all shops, where all of them are built."""
    if RATINGS not in targets or scope.due_only:
        return []
    build = scope.build_schema
    counted = json_number("(made.document -> 'total_reviews')")
    # The count is of today: the past has another.
    source = f"""(
        select
            shops.id as seller_id, shops.rating_count::numeric as stated, {counted} as counted,
            context.as_of > context.wall_clock - interval '1 day' as is_today
        from {quoted(scope.application_schema, "seller_profiles")} as shops
        join {quoted(build, RATINGS.mart)} as made on made.{RATINGS.key} = shops.id
        cross join {quoted(build, "run_context")} as context
    ) as stories"""
    apart = (
        f"abs(stated - counted) > greatest({policy(build, 'rating_count_min')},"
        f" {policy(build, 'rating_count_gap')} * greatest(stated, counted))"
    )
    rated = "greatest(stated, counted) > 0"
    rule = Whole(
        "rating_counts_agree_with_reviews",
        "warning",
        f"(bool_and(is_today) and count(*) filter (where {apart})"
        f" > {policy(build, 'rating_count_shops')} * count(*) filter (where {rated}))::int",
        f"{grouped(f'count(*) filter (where {apart})')} || ' of ' ||"
        f" {grouped(f'count(*) filter (where {rated})')}"
        f" || ' shops differ: rating_count says ' || {grouped('coalesce(sum(stated), 0)')}"
        f" || ', counted were ' || {grouped('coalesce(sum(counted), 0)')}",
        "The application counts other ratings than were read: part of the reviews may be missing here, or"
        " rating_count is no longer kept.",
        "compare seller_profiles.rating_count with the rows of reviews that Standing's role sees; where the"
        " application no longer keeps it, set rating_count_shops in seeds/policy_numbers.csv to 1",
        rows=f"select seller_id, stated, counted from {source} where {apart}"
        " order by abs(stated - counted) desc, 1",
    )
    needs = (
        *mart_columns(RATINGS),
        "seller_profiles.id",
        "seller_profiles.rating_count",
        "build:run_context.wall_clock",
        "build:policy_numbers.value",
    )
    return [Scan(source, "''", (rule,), needs=needs)]
