"""Did the upgrade do all of it? The guide's three integrity checks, and stronger ones.

Members from before the upgrade are those who existed when its ledger began.
"""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan, Whole
from expectations.suites.rewards import LEDGER_COLUMNS
from expectations.suites.signs import WELCOMES, signed
from expectations.verdict import AuditScope
from standing.contract.additions import ADDITIONS
from standing.contract.declare import Addition
from standing.sql import grouped, literals, quoted

AGAIN = "standing migrate"
RESTORE = "see who else writes it; `standing rollback` and `standing migrate` make it anew"
STARTED = "(select min(created_at) from standing.upgrade_ledger)"

LEVELS = {"starter": 1, "rising": 2, "established": 3, "power_seller": 4, "top_seller": 5}


def scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """One scan for each table with documents, for the loyalty ledger, and for what was created."""
    documents = [
        _documents(scope, addition) for addition in ADDITIONS if addition.table not in catalog.read_only
    ]
    return [*(scan for scan in documents if scan), _loyalty(scope), _created()]


def _documents(scope: AuditScope, addition: Addition) -> Scan | None:
    rules: list[Rule | Whole] = []
    for column in addition.columns:
        if column.document and column.document.keys:
            path, keys = f"{addition.table}.{column.name}", literals(column.document.keys)
            rules.append(
                Rule(
                    f"{path}_has_every_key",
                    "critical",
                    f"t.{column.name} is null or not t.{column.name} ?& {keys}",
                    f"Pages that read {path} break on null and show nothing where a key is missing.",
                    AGAIN,
                    needs=(path,),
                )
            )
    if addition.table == "seller_profiles":
        rules.append(_tier())
    if not rules:
        return None
    source = f"{quoted(scope.application_schema, addition.table)} as t"
    return Scan(source, "t.id::text", tuple(rules), needs=(f"{addition.table}.id",))


def _tier() -> Rule:
    tiers = ", ".join(f"('{tier}', {level})" for tier, level in LEVELS.items())
    return Rule(
        "every_seller_has_a_tier",
        "critical",
        "t.tier_info is null or not exists (select from (values "
        f"{tiers}) as known (tier, level) where known.tier = t.tier_info ->> 'current_tier'"
        " and known.level::text = t.tier_info ->> 'tier_level')",
        "A seller without a known tier, or with another tier's level, pays a wrong commission.",
        RESTORE,
        needs=("seller_profiles.tier_info",),
    )


def _loyalty(scope: AuditScope) -> Scan:
    """A row a user: the programme beside the sum of its ledger."""
    users, programs, points = (
        quoted(scope.application_schema, name)
        for name in ("users", "loyalty_programs", "points_transactions")
    )
    earned = "lower(type) in ('earn', 'reverse') and created_at <= now()"
    points_of = signed("type", "amount")
    source = f"""{users} as t
        left join {programs} as program on program.user_id = t.id
        left join standing.loyalty_openings as begun on begun.user_id = t.id
        left join (
            select
                user_id, sum({points_of}) as total, sum({points_of}) filter (where {earned}) as earned,
                sum({WELCOMES}) as welcomes
            from {points}
            where coalesce(lower(status), 'confirmed') = 'confirmed'
            group by user_id
        ) as entry on entry.user_id = t.id"""
    columns = ("user_id", "points_balance", "points_lifetime")
    needs = (
        "users.created_at",
        *(f"loyalty_programs.{column}" for column in columns),
        *(f"points_transactions.{column}" for column in LEDGER_COLUMNS),
    )
    return Scan(source, "t.id::text", _loyalty_rules(), needs=needs)


def _loyalty_rules() -> tuple[Rule | Whole, ...]:
    before = f"t.created_at < {STARTED}"
    return (
        Whole(
            "loyalty_programs_were_created",
            "critical",
            f"case when count(program.id) = 0 and count(*) filter (where {before}) > 0 then 1 else 0 end",
            f"{grouped('count(program.id)')} || ' programmes of ' || {grouped('count(*)')} || ' users'",
            "The upgrade gives every member from before it a loyalty programme.",
            AGAIN,
        ),
        Rule(
            "every_member_from_before_has_a_programme",
            "critical",
            f"{before} and program.id is null",
            "The loyalty page has nothing to show these members, and they cannot earn points.",
            AGAIN,
        ),
        Rule(
            "every_ledger_equals_its_balance",
            "critical",
            "program.id is not null and coalesce(program.points_balance, 0)"
            " <> coalesce(begun.opening, 0) + coalesce(entry.total, 0)",
            "What these members may spend is not what their points history adds up to.",
            RESTORE,
        ),
        Rule(
            "lifetime_points_cover_what_was_earned",
            "critical",
            "program.points_lifetime < coalesce(entry.earned, 0) + least(begun.opening, 0)",
            "These members' lifetime points are below what their history says they earned.",
            RESTORE,
        ),
        Rule(
            "nobody_has_two_welcome_bonuses",
            "critical",
            "entry.welcomes > 1",
            "These members were welcomed more than once.",
            "take the later entries back, with their points",
        ),
    )


def _created() -> Scan:
    """A row for each index, constraint, trigger and function of the ledger."""
    source = """(
        select
            l.kind, case when l.kind = 'trigger' then l.table_name || '.' else '' end || l.name as name,
            coalesce(x.indisvalid, k.convalidated, g.tgenabled in ('O', 'A'), f.oid is not null) as sound
        from standing.upgrade_ledger as l
        left join pg_catalog.pg_namespace as n on n.nspname = l.schema_name
        left join pg_catalog.pg_class as c
            on c.relnamespace = n.oid and c.relname = l.name and l.kind = 'index'
        left join pg_catalog.pg_index as x on x.indexrelid = c.oid
        left join pg_catalog.pg_class as u on u.relnamespace = n.oid and u.relname = l.table_name
        left join pg_catalog.pg_constraint as k
            on k.conrelid = u.oid and k.conname = l.name and l.kind = 'constraint'
        left join pg_catalog.pg_trigger as g
            on g.tgrelid = u.oid and g.tgname = l.name and l.kind = 'trigger'
        left join pg_catalog.pg_proc as f
            on f.pronamespace = n.oid and f.proname = l.name and l.kind = 'function'
        where l.kind in ('index', 'constraint', 'function') or l.kind = 'trigger' and u.oid is not null
    ) as created"""
    rules = (
        Rule(
            "indexes_and_keys_are_there_and_valid",
            "critical",
            "created.kind in ('index', 'constraint') and created.sound is not true",
            "An invalid index helps no query and slows every write; a key not validated promises nothing.",
            AGAIN,
        ),
        Rule(
            "triggers_of_the_change_log_are_there_and_enabled",
            "critical",
            "created.kind in ('trigger', 'function') and created.sound is not true",
            "Changes that are not logged make nobody due: until this is mended,"
            " every run has to be a full one.",
            AGAIN,
        ),
    )
    return Scan(source, "created.name", rules)
