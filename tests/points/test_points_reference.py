"""Accounts, postings and what is left agree with a plain-Python walk, lot by lot, at many moments."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random

import pytest
from reference.ledger_histories import BEGAN, DAY, LAST, SECOND, History, known
from reference.ledgers import accounts, build_points, left_by_end, postings, prepare_points, tiers
from reference.loading import empty, load
from reference.points import Account, month_after
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
    drawn = [made.moment(BEGAN) for _ in range(moments - 3)]
    return made, [made.runs[-1] + 2 * SECOND, month_after(made.runs[len(made.runs) // 2]), ended, *drawn]


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


def test_points_agree_with_the_walk_at_every_moment(
    loaded: tuple[Settings, Engine], history: tuple[History, list[datetime]]
) -> None:
    settings, engine = loaded
    made, moments = history
    found, seen = [], Counter[str]()
    for as_of in moments:
        wanted = walked(known(made.world, as_of), made.terms, made.openings)
        build_points(settings, engine, as_of, LAST)
        found += [f"{as_of}: {one}" for one in differences(engine, settings, wanted, as_of)]
        for account in wanted.values():
            seen["members"] += 1
            seen["debts"] += account.debt > 0
            seen["expired"] += bool(account.expired)
            seen["given back"] += any(
                before < worth <= 0
                for (source, *_), (worth, before, _) in account.postings().items()
                if source == "expiry"
            )
            seen["reversed"] += any(
                revision > 1
                for (source, *_), (*_, revision) in account.postings().items()
                if source == "order"
            )
            seen["pending"] += account.pending > 0
            seen["silver"] += account.tier(as_of)[0] == "silver"
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:12])
    assert all(
        seen[name] for name in ("debts", "expired", "given back", "reversed", "pending", "silver")
    ), seen
