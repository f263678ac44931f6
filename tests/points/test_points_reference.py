"""Accounts, postings and what is left agree with a plain-Python walk, lot by lot, at many moments."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random

import pytest
from reference.ledger_histories import BEGAN, DAY, HOUR, LAST, SECOND, History, known
from reference.ledgers import (
    MARTS,
    accounts,
    build_points,
    left_by_end,
    next_steps,
    postings,
    prepare_points,
    rebuilt,
    tiers,
)
from reference.loading import empty, load
from reference.points import MEANINGS, Account, month_after
from reference.points import accounts as walked
from sqlalchemy import Engine, text

from standing.build.points import terms_now
from standing.database.connect import connect
from standing.settings import Settings

#: Seed, members, runs and moments; as a proof more of them, drawn anew.
DRAWS = [
    pytest.param((20260601, 50, 30, 5), id="same"),
    *(pytest.param((None, 300, 60, 25), id=f"new{number}", marks=pytest.mark.prove) for number in range(4)),
]


@pytest.fixture(scope="module", params=DRAWS)
def history(request: pytest.FixtureRequest) -> tuple[History, list[datetime]]:
    seed, members, runs, moments = request.param
    roll = Random(seed or request.config.getoption("seed") + request.param_index)  # noqa: S311
    made = History(roll, members)
    made.make(runs)
    bought = known(made.world, BEGAN + 200 * DAY).orders
    there = known(made.world, BEGAN).users
    earning = (
        one
        for one in bought
        if one.outcome == "completed" and one.amount >= 100 and one.row["buyer_id"] in there
    )
    ended = max(one.resolved for one in earning if one.resolved)
    drawn = [made.moment(BEGAN) for _ in range(moments - 4)]
    last, middle = made.runs[-1] + 2 * SECOND, month_after(made.runs[len(made.runs) // 2])
    return made, [last, middle, ended, ended + 30 * HOUR, *drawn]


@pytest.fixture(scope="module")
def loaded(
    module_database: Callable[[str], Settings],
    upgraded_template: str,
    history: tuple[History, list[datetime]],
) -> Iterator[tuple[Settings, Engine]]:
    settings = module_database(upgraded_template)
    made, _ = history
    with connect(settings) as engine:
        with engine.begin() as connection:
            empty(connection)
            load(connection, made.world)
            for table in ("loyalty_terms", "loyalty_openings"):
                connection.execute(text(f"truncate standing.{table}"))
            for terms in made.terms.rows:
                row = {**terms_now(settings), **terms}
                connection.execute(
                    text(
                        f"insert into standing.loyalty_terms ({', '.join(row)})"
                        f" values ({', '.join(f':{name}' for name in row)})"
                    ),
                    row,
                )
            for member, opening in made.openings.items():
                connection.execute(
                    text("insert into standing.loyalty_openings values (:member, :opening)"),
                    {"member": member, "opening": opening},
                )
        prepare_points(settings, engine, LAST)
        yield settings, engine


def differences(
    engine: Engine, settings: Settings, wanted: dict[str, Account], as_of: datetime
) -> list[str]:
    found = []
    made, posted = accounts(engine, settings), postings(engine, settings)
    left, held = left_by_end(engine, settings), tiers(engine, settings)
    assert made.keys() == wanted.keys()
    for member, account in wanted.items():
        row = made[member]
        pairs = {
            "postings": (posted.get(member, {}), account.postings()),
            "left by end": (left.get(member, {}), account.left_by_end),
            "tier": (held[member], account.tier(as_of)),
            "lifetime": (row["points_lifetime"], account.lifetime),
            "pending": (row["points_pending"], account.pending),
            "expired": (row["points_expired"], sum(account.expired.values())),
            "balance": (row["points_balance"], account.opening + account.ledger),
        }
        found += [
            f"{member} {name}: {made_of} is not {wanted_of}"
            for name, (made_of, wanted_of) in pairs.items()
            if made_of != wanted_of
        ]
        available = sum(lot.left for lot in account.lots) - account.debt
        after = row["points_balance"] + sum(
            worth - before for worth, before, _ in posted.get(member, {}).values()
        )
        if available != after:
            found.append(f"{member}: {available} are available, and the balance will be {after}")
    return found


def early(
    steps: dict[str, datetime | None],
    before: dict[str, Account],
    after: dict[str, Account],
    moments: tuple[datetime, datetime],
) -> tuple[list[str], int]:
    """Who became another before the step that the models had named, and how many stood until then."""
    earlier, as_of = moments
    stand = [member for member, step in steps.items() if step is None or step > as_of]
    return [
        f"{member} was to stand until {steps[member]}, and between {earlier} and {as_of} did not"
        for member in stand
        if before[member].shown(earlier) != after[member].shown(as_of)
    ], len(stand)


def look(account: Account, as_of: datetime) -> Counter[str]:
    """What an account has that the comparison is to have seen."""
    postings = account.postings().items()
    returned = [(before, worth) for (source, *_), (worth, before, _) in postings if source == "expiry"]
    revisions = [revision for (source, *_), (*_, revision) in postings if source == "order"]
    return Counter(
        {
            "debts": account.debt > 0,
            "ends": bool(account.expired),
            "ends given back": any(before < worth <= 0 for before, worth in returned),
            "reversed orders": any(revision > 1 for revision in revisions),
            "pending": account.pending > 0,
            "silver": account.tier(as_of)[0] == "silver",
        }
    )


def test_points_agree_with_the_walk_and_stand_until_their_next_step(
    loaded: tuple[Settings, Engine], history: tuple[History, list[datetime]]
) -> None:
    settings, engine = loaded
    made, moments = history
    found, seen = [], Counter[str]()
    earlier: tuple[datetime, dict[str, Account], dict[str, datetime | None]] | None = None
    for as_of in sorted(moments):
        wanted = walked(known(made.world, as_of), made.terms, made.openings)
        build_points(settings, engine, as_of, LAST)
        found += [f"{as_of}: {one}" for one in differences(engine, settings, wanted, as_of)]
        if earlier:
            changed, stood = early(earlier[2], earlier[1], wanted, (earlier[0], as_of))
            found += changed
            seen["stood"] += stood
        earlier = as_of, wanted, next_steps(engine, settings)
        for account in wanted.values():
            seen += look(account, as_of)
    due = sorted(wanted)[::3]
    with engine.begin() as connection:
        for mart in MARTS:  # half of the due have lost their rows, and the others' are to be replaced
            lost = f"delete from {settings.build_schema}.{mart} where user_id = any(cast(:lost as uuid[]))"
            connection.execute(text(lost), {"lost": due[::2]})
    build_points(settings, engine, as_of, LAST, due)
    found += [f"of the due: {one}" for one in differences(engine, settings, wanted, as_of)]
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:12])
    needed = {"debts", "ends", "ends given back", "reversed orders", "pending", "silver", "stood"}
    assert needed == set(seen), seen


#: An edit of each number and meaning that points are made by, but for those of referrals.
EDITS = {
    **{
        name: f"update standing.loyalty_terms set {name} = {name} + {more}"
        for name, more in (
            ("points_per_100_baht", 1),
            ("welcome_bonus", 1),
            ("hold_days", 20),
            ("validity_months", 1),
            ("restored_grace_days", 40),
        )
    },
    "points_earlier_days": ("update {}.policy_numbers set value = 100 where name = 'points_earlier_days'"),
    "loyalty_tiers": "update {}.loyalty_tiers set min_points = min_points / 2 where rank = 2",
    **{
        type_: "update {}.points_types set meaning ="
        f" case meaning when 'debit' then 'restore' else 'debit' end where type = '{type_}'"
        for type_ in MEANINGS
    },
}


def test_an_edit_of_each_row_of_policy_changes_points(loaded: tuple[Settings, Engine]) -> None:
    settings, engine = loaded
    same = []
    with engine.connect() as connection, connection.begin() as transaction:
        as_it_is = rebuilt(connection, settings)
        assert rebuilt(connection, settings) == as_it_is
        for name, edit in EDITS.items():
            with connection.begin_nested() as edited:
                done = connection.execute(text(edit.format(settings.build_schema)))
                assert done.rowcount, name
                if rebuilt(connection, settings) == as_it_is:
                    same.append(name)
                edited.rollback()
        transaction.rollback()
    assert same == []
