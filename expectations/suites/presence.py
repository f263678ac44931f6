"""Does every member have one document to publish, and was not too much set aside?"""

from collections.abc import Sequence

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites.shapes import REBUILD
from expectations.targets import among, mart_columns
from expectations.verdict import AuditScope
from standing.contract.targets import Target
from standing.sql import grouped, quoted

#: A registration may have been waiting for its commit when the build read the members; the next run
#: scores it. Minutes before as_of after which a member without a document is a lost one.
SETTLED_MINUTES = 15


def set_aside_scan(build: str) -> Scan:
    """A row for each source and reason for which rows were set aside, with the policy's limit."""
    listed = f"source || ': ' || {grouped('set_aside')} || ' ' || reason"
    found = f"select source, reason, row_key from {quoted(build, 'stg_quarantine')}"
    limit = f"' (limit ' || coalesce({grouped('row_limit')}, 'none') || ')'"
    rules = (
        Rule(
            "set_aside_rows_stay_within_their_limits",
            "critical",
            "set_aside > coalesce(row_limit, 0)",  # a reason that policy does not know has no limit
            "So many bad rows are no accident: scores built without them would be wrong for many members.",
            "find the cause in the application by the keys in the report;"
            " raise seeds/quarantine_limits.csv if such rows are normal here",
            detail=f"string_agg({listed} || {limit}, '; ' order by source, reason)",
            rows=f"{found} order by 1, 2, 3",
        ),
        Rule(
            "no_row_is_set_aside",
            "warning",
            # People decide what is fraud; it is no fault of the data.
            "reason <> 'self-dealing'",
            "These rows cannot be trusted and count for nobody until they are corrected.",
            "correct them in the application; the report lists keys by reason",
            detail=f"string_agg({listed}, '; ' order by source, reason)",
            rows=f"{found} where reason <> 'self-dealing' order by 1, 2, 3",
        ),
    )
    columns = ("source", "reason", "set_aside", "row_limit")
    return Scan(
        quoted(build, "stg_quarantine_counts"),
        "source || ': ' || reason",
        rules,
        needs=tuple(f"build:stg_quarantine_counts.{column}" for column in columns),
    )


def relations_scan(targets: Sequence[Target], catalog: Catalog) -> Scan:
    columns = ["build:run_context.as_of"]
    for target in targets:
        columns += [*mart_columns(target), f"build:{target.members.known}.{target.key}"]
        columns += [f"build:{target.ladder.seed}.{target.ladder.code}"] if target.ladder else []
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


def members_scan(target: Target, scope: AuditScope) -> Scan:
    build = scope.build_schema
    key, context = target.key, quoted(build, "run_context")
    source = (
        f"(select {key}, created_at from {among(target, quoted(build, target.members.known), key, scope)}"
        " as m)"
        " as members"
        f" full join (select {key}, count(*) as copies"
        f" from {among(target, quoted(build, target.mart), key, scope)} as m group by {key})"
        f" as made on made.{key} = members.{key}"
    )
    settled = f"(select as_of from {context}) - interval '{SETTLED_MINUTES} minutes'"
    everybody = Rule(
        f"{target.name}_is_made_for_every_member",
        "critical",
        f"made.{key} is null and coalesce(members.created_at, '-infinity') <= {settled}",
        "These members would keep an old document, or none, while others move.",
        REBUILD,
    )
    rules = (
        # Whoever has no row of another table yet is due once it comes.
        *(() if target.held_in else (everybody,)),
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
    needs = (*mart_columns(target), f"build:{target.members.known}.{key}", "build:run_context.as_of")
    shown = f"coalesce(members.{key}, made.{key})::text"
    return Scan(source, shown, rules, needs=needs, of_due=scope.due_only)
