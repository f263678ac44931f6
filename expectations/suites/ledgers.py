"""Do points add up? Before a build in the application's ledger, after it in what is to be posted, and after
publishing in what was.

A member whose balance is not what the ledger adds up to is left alone by runs, so the source's rules warn;
the others stop a run: a wrong posting would be spent.
"""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites.lots import built, lot_scans
from expectations.suites.rewards import reward_scans
from expectations.suites.seeds import point_types
from expectations.suites.signs import WELCOMES, signed
from expectations.targets import among_due
from expectations.verdict import AuditScope
from standing.contract.targets import PostingTarget
from standing.sql import literal, literals, quoted

ASK = "look at these members' rows in the ledger; `standing run` posts to them once both agree"
REBUILD = "standing run --full builds them anew"
OPENING = "standing:loyalty_openings.opening"


def ledgers_among(scope: AuditScope) -> tuple[PostingTarget, ...]:
    return tuple(target for target in scope.targets if isinstance(target, PostingTarget))


def source_scans(scope: AuditScope, catalog: Catalog) -> list[Scan]:
    ledgers = ledgers_among(scope)
    return [*(_ledger(one, scope, catalog) for one in ledgers), *reward_scans(ledgers, scope, catalog)]


def candidate_scans(scope: AuditScope) -> list[Scan]:
    ledgers = ledgers_among(scope)
    return [*(_candidates(target, scope) for target in ledgers), *lot_scans(ledgers, scope)]


def published_scans(scope: AuditScope) -> list[Scan]:
    return [_published(target, scope) for target in ledgers_among(scope)]


def _ledger(target: PostingTarget, scope: AuditScope, catalog: Catalog) -> Scan:
    """A row a member with an account: the balance beside the entries, and what these look like."""
    types = point_types()
    accounts, ledger = (quoted(scope.application_schema, name) for name in (target.account, target.ledger))
    openings = "select user_id, opening from standing.loyalty_openings"
    if not catalog.usable(OPENING):
        openings = "select null::uuid as user_id, 0 as opening where false"
    entries = f"""(
        select
            user_id, balance_after, {signed("type", "amount")} as points,
            coalesce(lower(status), 'confirmed') = 'confirmed' as is_confirmed,
            lower(type) != all({literals(types)}) as is_unknown, coalesce(amount, 0) = 0 as is_empty,
            {WELCOMES} as welcomes
        from {among_due(ledger, "user_id", target.table, scope)} as entry
    )"""
    # Over all rows of a member balances before and after cancel, but for one start and one end: that asks
    # for no order, which rows of one moment and late ones do not have.
    source = f"""{among_due(accounts, "user_id", target.table, scope)} as account
        left join ({openings}) as opening on opening.user_id = account.user_id
        left join (
            select
                user_id, sum(points) filter (where is_confirmed) as points,
                sum(welcomes) filter (where is_confirmed) as welcomes,
                count(*) filter (where is_unknown) as unknown,
                count(*) filter (where is_empty) as empty
            from {entries} as entry group by user_id
        ) as summed on summed.user_id = account.user_id
        left join (
            select user_id, sum(abs(net)) as loose from (
                select user_id, value, sum(side) as net from (
                    select user_id, balance_after as value, 1 as side from {entries} as after
                    where is_confirmed
                    union all
                    select user_id, balance_after - points, -1 from {entries} as before where is_confirmed
                ) as sides group by user_id, value
            ) as ends group by user_id
        ) as chain on chain.user_id = account.user_id"""
    ledger_columns = ("user_id", "type", "source", "amount", "status", "balance_after")
    return Scan(
        source,
        "account.user_id::text",
        _ledger_rules(target),
        needs=(
            f"{target.account}.user_id",
            f"{target.account}.{target.balance}",
            *(f"{target.ledger}.{column}" for column in ledger_columns),
        ),
        of_due=scope.due_only,
    )


def _ledger_rules(target: PostingTarget) -> tuple[Rule, ...]:
    name, balance = target.name, f"coalesce(account.{target.balance}, 0)"
    return (
        Rule(
            f"{name}_ledger_adds_up_to_the_balance",
            "warning",
            f"{balance} != coalesce(opening.opening, 0) + coalesce(summed.points, 0)",
            "What these members may spend is not what their ledger adds up to: nothing is posted to them.",
            ASK,
        ),
        Rule(
            f"{name}_ledger_is_one_chain",
            "warning",
            "chain.loose > 2",
            "A balance_after was made of a balance that was read before: pages that show it are wrong.",
            "spend as docs/operations.md says, with the balance that the update returns",
        ),
        Rule(
            f"{name}_ledger_types_are_known",
            "warning",
            "summed.unknown > 0",
            "Entries of a type that seeds/points_types.csv lacks count with the sign that they have.",
            "add the type to seeds/points_types.csv",
        ),
        Rule(
            f"{name}_ledger_entries_have_points",
            "warning",
            "summed.empty > 0",
            "An entry of 0 points, or of none, says nothing.",
            "see what wrote them",
        ),
        Rule(
            f"{name}_ledger_welcomes_once",
            "warning",
            "summed.welcomes > 1",
            "These members were welcomed more than once.",
            "take the later entries back, with their points",
        ),
    )


def _keys(target: PostingTarget) -> str:
    return literals(one.source for one in target.owned if one.by == "expires_at")


def _candidates(target: PostingTarget, scope: AuditScope) -> Scan:
    """A row a member who is built: totals beside the keys that they are the sums of."""
    key = target.key
    totals, worth = (built(mart, target, scope) for mart in (target.mart, target.postings))
    ends = f"source = any({_keys(target)})"
    identity = f"source, source_id, case when {ends} then expires_at end"
    source = f"""{totals} as total
        left join (
            select
                {key}, sum(worth) as worth, sum(posted) as posted,
                sum(worth - posted) filter (where {ends}) as ending,
                count(*) filter (where worth != trunc(worth)) as broken,
                count(*) filter (where worth < 0 and not {ends} or worth > 0 and {ends}) as reversed,
                count(*) - count(distinct ({identity})) as double
            from {worth} as one group by {key}
        ) as keys on keys.{key} = total.{key}"""
    name, after = target.name, "total.opening + total.application_sum + coalesce(keys.worth, 0)"
    rules = (
        Rule(
            f"{name}_are_all_of_a_key_or_the_application_s",
            "critical",
            "total.seen_sum is distinct from total.application_sum + coalesce(keys.posted, 0)",
            "Points of these members' ledgers count twice, or not at all.",
            REBUILD,
        ),
        Rule(
            f"{name}_are_worth_once_a_key",
            "critical",
            "keys.double > 0",
            "A key with two rows would be posted twice.",
            REBUILD,
        ),
        Rule(
            f"{name}_are_whole_and_not_reversed",
            "critical",
            "keys.broken > 0 or keys.reversed > 0",
            "Points are whole numbers; no order is worth less than none, and no end gives points.",
            REBUILD,
        ),
        Rule(
            f"{name}_end_only_where_there_are_some",
            "critical",
            f"total.agrees and keys.ending < 0 and {after} < 0",
            "An expiry would take points that these members have spent already.",
            REBUILD,
        ),
    )
    columns = ("opening", "application_sum", "seen_sum", "agrees", key)
    needs = (
        *(f"build:{target.mart}.{column}" for column in columns),
        *(f"build:{target.postings}.{column}" for column in ("worth", "posted", "source", "expires_at")),
    )
    return Scan(source, f"total.{key}::text", rules, needs=needs, of_due=scope.due_only)


def _published(target: PostingTarget, scope: AuditScope) -> Scan:
    """A row a member: what was to be posted beside what is in the ledger, of those whom the run built.

    Of the others the build has what an earlier run was to post.
    """
    key, name, app = target.key, literal(target.name), scope.application_schema
    totals, worth = (built(mart, target, scope) for mart in (target.mart, target.postings))
    otherwise = " or ".join(f"account.{column} is distinct from total.{column}" for column in target.totals)
    source = f"""{totals} as total
        join {quoted(app, target.table)} as member on member.{target.table_key} = total.{key}
        left join {quoted(app, target.account)} as account on account.user_id = total.{key}
        left join (
            select {key}, sum(worth - posted) as points, count(*) filter (where worth != posted) as rows
            from {worth} as one group by {key}
        ) as wanted on wanted.{key} = total.{key}
        left join (
            select
                written.member_id, sum(entry.amount) as points, count(entry.id) as rows
            from standing.history as written
            join (select run_id from {quoted(scope.build_schema, "run_context")}) as run
                on written.run_id >= run.run_id
            cross join lateral jsonb_array_elements(written.old_document -> 'postings') as posting
            left join {quoted(app, target.ledger)} as entry on entry.id = (posting ->> 'id')::uuid
            where written.target = {name} and not written.old_document ? 'undone_at'
            group by written.member_id
        ) as posted on posted.member_id = total.{key}
        left join {quoted(scope.build_schema, target.members.due_table)} as built
            on built.{key} = total.{key}
        left join (select member_id from standing.due where target = {name}) as due
            on due.member_id = total.{key}
        left join (select member_id from standing.holds where target = {name}) as held
            on held.member_id = total.{key}"""
    counts = "due.member_id is null and held.member_id is null"
    rules = (
        Rule(
            f"{target.name}_are_what_the_run_decided",
            "critical",
            f"{counts} and built.{key} is not null"
            " and (coalesce(wanted.points, 0) != coalesce(posted.points, 0)"
            " or coalesce(wanted.rows, 0) != coalesce(posted.rows, 0))",
            "The ledger does not say what these members' keys are worth.",
            "see who else writes the ledger; standing reconcile names them",
        ),
        Rule(
            f"{target.name}_totals_are_what_the_run_decided",
            "critical",
            f"{counts} and ({otherwise})",
            "These members see other totals than the ones that were checked.",
            f"see who else writes {target.account}; standing run --full writes them anew",
        ),
    )
    columns = (key, *target.totals)
    needs = (
        *(f"build:{target.mart}.{column}" for column in columns),
        f"{target.ledger}.id",
        f"{target.account}.user_id",
        "standing:history.old_document",
        "build:run_context.run_id",
    )
    return Scan(source, f"total.{key}::text", rules, needs=needs, of_due=scope.due_only)
