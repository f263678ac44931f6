"""Was each reward paid once, within its stock and limits? The application's own tables beside its ledger.

Standing writes none of them, so the rules warn: a copy of a stock or a count would race the application.
"""

from collections.abc import Iterable

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan
from expectations.suites.signs import restoring, signed
from expectations.targets import among_due
from expectations.verdict import AuditScope
from standing.contract.sources import FAMILIES
from standing.contract.targets import PostingTarget
from standing.sql import literals, quoted, render

REWARDS, REDEEMED = "rewards", "redeemed_rewards"
#: The columns that rules read, and what they have to mean.
READ = {
    f"{REWARDS}.id": "identity",
    f"{REWARDS}.stock": "number",
    f"{REWARDS}.stock_unlimited": "flag",
    f"{REWARDS}.total_redemptions": "number",
    f"{REWARDS}.per_user_limit": "number",
    f"{REDEEMED}.id": "identity",
    f"{REDEEMED}.user_id": "identity",
    f"{REDEEMED}.reward_id": "identity",
    f"{REDEEMED}.points_spent": "number",
    f"{REDEEMED}.voucher_code": "text",
    f"{REDEEMED}.used_at": "moment",
    f"{REDEEMED}.valid_until": "moment",
    f"{REDEEMED}.redeemed_at": "moment",
}
LEDGER_COLUMNS = ("id", "user_id", "source_id", "type", "source", "amount", "status")
CONTRACT = "redeem in one transaction, as docs/operations.md says"


def reward_scans(targets: Iterable[PostingTarget], scope: AuditScope, catalog: Catalog) -> list[Scan]:
    """Stock and count of each reward, each redemption, and each entry of the ledger that says it was one.

    A run of the due looks at its members' redemptions, and leaves counts of rewards to full runs.
    """
    ledger = next(iter(targets), None)
    if ledger is None:
        return []
    return [
        _rewards(scope, catalog),
        _redemptions(ledger, scope, catalog),
        _entries(ledger, scope, catalog),
    ]


def _needed(catalog: Catalog, *tables: str) -> tuple[str, ...]:
    """The columns, with what is wrong with them where their types are others than the rules can read."""
    paths = [(path, family) for path, family in READ.items() if path.split(".")[0] in tables]
    return tuple(
        path if catalog.types.get(path) in FAMILIES[family] else f"{path} ({family})"
        for path, family in paths
    )


def _rewards(scope: AuditScope, catalog: Catalog) -> Scan:
    app = scope.application_schema
    rewards = quoted(app, REWARDS)
    rules = [
        Rule(
            "rewards_stock_is_not_negative",
            "warning",
            "reward.stock < 0 and not coalesce(reward.stock_unlimited::text in ('true', '1'), false)",
            "More of these rewards were given out than there were.",
            f"take from the stock where it suffices, and {CONTRACT}",
        )
    ]
    source, tables = f"{rewards} as reward", [REWARDS]
    if not scope.due_only:
        source += (
            f" left join (select reward_id, count(*) as rows from {quoted(app, REDEEMED)} group by 1)"
            " as redeemed on redeemed.reward_id::text = reward.id::text"
        )
        rules.append(
            Rule(
                "rewards_count_their_redemptions",
                "warning",
                "coalesce(reward.total_redemptions, 0) <> coalesce(redeemed.rows, 0)",
                "These rewards' total_redemptions is not the number of their redemptions.",
                f"count the rows of {REDEEMED} anew, and {CONTRACT}",
            )
        )
        tables.append(REDEEMED)
    return Scan(source, "reward.id::text", tuple(rules), needs=_needed(catalog, *tables))


def _scan(
    part: str, rules: tuple[Rule, ...], ledger: PostingTarget, scope: AuditScope, catalog: Catalog
) -> Scan:
    entries, redeemed, rewards = (
        quoted(scope.application_schema, name) for name in (ledger.ledger, REDEEMED, REWARDS)
    )
    rows = render(
        "expectations/suites/redemptions.sql.j2",
        part=part,
        signed=signed("type", "amount"),
        restores=literals(restoring()),
        owned=literals(f"{one.source}/{way}" for one in ledger.owned for way in (one.adds, one.takes)),
        ledger=among_due(entries, "user_id", ledger.table, scope),
        redeemed=among_due(redeemed, "user_id", ledger.table, scope),
        all_redeemed=redeemed,
        rewards=rewards,
    )
    needs = (
        *_needed(catalog, REWARDS, REDEEMED),
        *(f"{ledger.ledger}.{column}" for column in LEDGER_COLUMNS),
    )
    return Scan(f"({rows}) as {part}", f"{part}.id::text", rules, needs=needs, of_due=scope.due_only)


def _redemptions(ledger: PostingTarget, scope: AuditScope, catalog: Catalog) -> Scan:
    rules = (
        Rule(
            "redeemed_rewards_were_paid",
            "warning",
            "coalesce(points_spent, 0) > 0 and is_unpaid",
            "These rewards were given out, and no entry of the ledger has taken the points for them.",
            CONTRACT,
        ),
        Rule(
            "redeemed_rewards_cost_what_was_taken",
            "warning",
            "spent <> coalesce(points_spent, 0)",
            "The points that the ledger took for these rewards are not their points_spent.",
            CONTRACT,
        ),
        Rule(
            "redeemed_rewards_keep_to_the_limit",
            "warning",
            "nth > per_user_limit",
            "These members have more of a reward than its per_user_limit lets one have.",
            f"count under the lock of the member's balance, and {CONTRACT}",
        ),
        Rule(
            "vouchers_are_used_in_time",
            "warning",
            "used_at > valid_until",
            "These vouchers were used after their valid_until.",
            "see what lets a voucher be used: it has to ask for valid_until",
        ),
        Rule(
            "voucher_codes_are_unique",
            "warning",
            "is_double",
            "Two redemptions have one voucher code: whoever comes first uses both.",
            f"give one of them another code: a unique index on {REDEEMED}.voucher_code refuses the next",
        ),
    )
    return _scan("redemptions", rules, ledger, scope, catalog)


def _entries(ledger: PostingTarget, scope: AuditScope, catalog: Catalog) -> Scan:
    rules = (
        Rule(
            "redeeming_entries_have_their_reward",
            "warning",
            "has_no_redemption",
            f"Points were taken for a reward, {REDEEMED} has no row of it, and nothing was given back.",
            CONTRACT,
        ),
        Rule(
            "spent_points_come_back_once",
            "warning",
            "is_given_back_again",
            "More points were given back than that spending, or all of the member's, had taken.",
            "see what gives points back: it has to ask what was given back already",
        ),
    )
    return _scan("entries", rules, ledger, scope, catalog)
