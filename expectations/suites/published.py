"""Is what the application reads what the run decided? Runs after publishing, over its columns."""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites.ledgers import published_scans
from expectations.targets import among, among_due, mart_columns
from expectations.verdict import AuditScope
from standing.contract.stored import present
from standing.contract.targets import Target, documents_among
from standing.sql import literals, quoted

REPUBLISH = "standing run --full writes them anew"


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """One scan a target and one for the loyalty programmes, which the upgrade gave to every member."""
    documents = (_target_scan(target, scope, catalog) for target in documents_among(scope.targets))
    return [*documents, *published_scans(scope), _loyalty(scope)]


def _target_scan(target: Target, scope: AuditScope, catalog: Catalog) -> Scan:
    """Documents are compared by their hash, so that a member costs the join few bytes.

    Key order and spellings of a number (1.0, 1.00) do not count, clock keys neither. Whom an undo holds was
    put back on purpose; who is due, such as whom an approval left alone, is for the next run.
    """
    created = f"{target.table}.created_at"
    created_at = "created_at" if catalog.usable(created) else "null::timestamptz"
    has_keys = f"{target.column} ?& {literals(target.document.names)}" if not target.columns else "true"
    written = present(target, "written")
    source = (
        f"(select {target.table_key} as id, {created_at} as created_at, {written} is null as is_null,"
        f" coalesce({has_keys}, false) as has_keys, {_hash(target, written)} as hash,"
        f" due.member_id is not null as is_due"
        f" from {among(target, quoted(scope.application_schema, target.table), target.table_key, scope)}"
        " as written"
        f" left join {_named_in('holds', target, catalog)} as held"
        f" on held.member_id = written.{target.table_key}"
        f" left join {_named_in('due', target, catalog)} as due"
        f" on due.member_id = written.{target.table_key}"
        " where held.member_id is null) as shown"
        f" left join (select {target.key} as id, {_hash(target, 'document')} as hash"
        f" from {among(target, quoted(scope.build_schema, target.mart), target.key, scope)} as built)"
        " as decided"
        " on decided.id = shown.id"
        f" cross join (select as_of from {quoted(scope.build_schema, 'run_context')}) as run"
    )
    columns = (f"{target.table}.{name}" for name in (target.table_key, *target.stored_in))
    needs = (*mart_columns(target), *columns)
    return Scan(
        source,
        "shown.id::text",
        _target_rules(target, created),
        needs=(*needs, "build:run_context.as_of"),
        of_due=scope.due_only,
    )


def _named_in(table: str, target: Target, catalog: Catalog) -> str:
    """The members in that table of Standing's for this target; to be joined (workers run no subquery)."""
    if not catalog.usable(f"standing:{table}.member_id"):
        return "(select null::uuid as member_id where false)"
    return f"(select member_id from standing.{table} where target = '{target.name}')"


def _hash(target: Target, document: str) -> str:
    timeless = f"{document} - {literals(target.clock_fields)}"
    guarded = f"case when jsonb_typeof({document}) = 'object' then {timeless} else {document} end"
    return f"jsonb_hash_extended({guarded}, 0)"


def _target_rules(target: Target, created: str) -> tuple[Rule, ...]:
    member = "coalesce(shown.created_at <= run.as_of, true)"
    where = target.place
    # A shared column that holds no object is the application's choice: a run leaves it as it is.
    is_left = "shown.is_null" if target.owned_keys else "false"
    reached = Rule(
        f"{target.name}_reaches_every_member",
        "warning",
        f"{member} and decided.id is null",
        "These members were not scored: a few registered during the run; the next one scores them.",
        "run again; if they stay, look for them in the quarantine",
    )
    later = Rule(
        f"{target.name}_leaves_later_members_alone",
        "critical",
        "shown.created_at > run.as_of and decided.id is not null",
        "A member who joined after the run's moment was scored with what nobody could know then.",
        "check created_at of these members and the clock of the application's servers",
        needs=(created,),
    )
    return (
        Rule(
            f"{target.name}_is_never_null",
            "warning" if target.owned_keys else "critical",
            f"{member} and shown.is_null",
            f"The application's pages expect a document in {where} and break on null.",
            REPUBLISH,
        ),
        Rule(
            f"{target.name}_published_with_every_key",
            "critical",
            f"{member} and decided.id is not null and not shown.is_due and not shown.is_null"
            " and not shown.has_keys",
            f"Pages that read {where} show nothing where a key is missing.",
            REPUBLISH,
        ),
        Rule(
            f"{target.name}_is_what_the_run_decided",
            "critical",
            f"{member} and decided.id is not null and not shown.is_due and not {is_left}"
            " and shown.hash is distinct from decided.hash",
            "These members see another document than the one that was checked.",
            f"see who else writes {where}; {REPUBLISH}",
        ),
        # Rows of another table do not say when their members joined, and whoever has one since is due.
        *(() if target.held_in else (reached, later)),
    )


def _loyalty(scope: AuditScope) -> Scan:
    source = (
        f"{among_due(quoted(scope.application_schema, 'users'), 'id', 'users', scope)} as users"
        f" left join {quoted(scope.application_schema, 'loyalty_programs')} as programs"
        " on programs.user_id = users.id"
    )
    rule = Rule(
        "every_user_has_a_loyalty_programme",
        "warning",
        "programs.user_id is null",
        "The loyalty page has nothing to show these members, and they cannot earn points.",
        "standing migrate adds the missing programmes",
    )
    needs = ("users.id", "loyalty_programs.user_id")
    return Scan(source, "users.id::text", (rule,), needs=needs, of_due=scope.due_only)
