"""What fraud buys under the policy in force, and what each defence costs honest members.

Loads and upgrades a simulated marketplace on a server of its own, puts the attacks of benchmarks/rings.py
into it, and builds everybody's documents under other rows of policy each time: with the defences off, with
one of them alone, and as shipped. The home is left as the last of them made it; nothing is published.

    python benchmarks/attacks.py --users 3000 --orders 40000
"""

from collections.abc import Sequence
from pathlib import Path

from homes import marketplace, parser
from rings import ATTACKS, RINGS, insert
from sqlalchemy import Engine, text

from standing.build import dbt
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.incremental.plan import open_build
from standing.settings import Settings, load_settings

#: Policy table, column, and for a single number its row.
Cell = tuple[str, str, str | None]
AMOUNT: Cell = ("policy_numbers", "value", "min_counted_amount")
REVIEWS: Cell = ("policy_numbers", "value", "reviews_need_order")
CAP: Cell = ("policy_numbers", "value", "max_orders_per_partner")
PARTNERS: Cell = ("trust_levels", "min_counterparties", None)
BUYERS: Cell = ("tier_policy", "min_buyers", None)
DEFENCES: dict[str, Cell] = {
    "no order under 20 baht": AMOUNT,
    "partners for levels": PARTNERS,
    "reviews need an order": REVIEWS,
    "buyers for tiers": BUYERS,
}
#: Name → cells that are 0, or another number, instead of what is shipped.
POLICIES: dict[str, dict[Cell, int]] = {
    "all off": dict.fromkeys(DEFENCES.values(), 0),
    **{name: {other: 0 for other in DEFENCES.values() if other != cell} for name, cell in DEFENCES.items()},
    "5 orders a partner": {**dict.fromkeys(DEFENCES.values(), 0), CAP: 5},
    "as shipped": {},
}
#: Everybody whom the simulation calls no fraud: members and shops.
HONEST = """
    select id::text from users
    where id not in (select member_id from simulation.simulation_truth where fraud)
    union all
    select sellers.id::text from seller_profiles as sellers
    where not exists (
        select from simulation.simulation_truth as truth
        where truth.fraud and truth.member_id in (sellers.id, sellers.user_id)
    )
"""
SCORES = """
    select scores.user_id::text, scores.overall_score::float, levels.rank, levels.level
    from {0}.user_trust_scores as scores inner join {0}.trust_levels as levels using (level)
"""
TIERS = """
    select ratings.seller_id::text, ratings.adjusted::float, policy.tier_level, policy.tier
    from {0}.seller_ratings as ratings
    inner join {0}.seller_tiers as tiers using (seller_id)
    inner join {0}.tier_policy as policy on tiers.current_tier = policy.tier
"""
#: Member or shop → points or stars, the rank of the level or tier, and its name.
Standings = dict[str, tuple[float, int, str]]


def main() -> None:
    options = parser(__doc__)
    options.set_defaults(users=3000, orders=40_000, sellers=120)
    with marketplace(options.parse_args()) as home:
        measure(home)


def measure(home: Path) -> None:
    settings = load_settings(STANDING_HOME=home)
    with connect(settings) as engine:
        with engine.begin() as connection:
            honest = connection.scalars(text(HONEST)).all()
            insert(connection, wall_clock(engine))
        outcomes = {name: built(engine, settings, cells) for name, cells in POLICIES.items()}
    show_attacks(outcomes["all off"], outcomes["as shipped"])
    show_costs(outcomes, honest)


def built(engine: Engine, settings: Settings, cells: dict[Cell, int]) -> tuple[Standings, Standings]:
    """Everybody's scores and tiers under the shipped policy, but for these cells."""
    open_build(engine, settings, 1, wall_clock(engine), TARGETS)
    dbt.invoke(settings, engine.url, "seed")
    schema = settings.build_schema
    with engine.begin() as connection:
        for (table, column, row), value in cells.items():
            where = " where name = :row" if row else ""
            statement = f"update {schema}.{table} set {column} = :value{where}"
            connection.execute(text(statement), {"value": value, **({"row": row} if row else {})})
    dbt.invoke(settings, engine.url, "run")
    with engine.connect() as connection:
        scores, tiers = (
            {key: (number, rank, name) for key, number, rank, name in connection.execute(text(asked))}
            for asked in (SCORES.format(schema), TIERS.format(schema))
        )
        return scores, tiers


def show_attacks(before: tuple[Standings, Standings], after: tuple[Standings, Standings]) -> None:
    print(f"{'attack':<54}{'accounts':>9}{'baht':>8}  {'defences off':<20}as shipped")
    for attack in ATTACKS:
        kind = 0 if attack in RINGS else 1
        then, now = (standings[kind][str(attack.subject)] for standings in (before, after))
        was, is_now = (f"{number:.{1 + kind}f} {name}" for number, _, name in (then, now))
        print(f"{attack.name:<54}{attack.accounts:>9}{attack.cost:>8,}  {was:<20}{is_now}")


def show_costs(outcomes: dict[str, tuple[Standings, Standings]], honest: Sequence[str]) -> None:
    """Each policy against none of the defences, for everybody who does nothing wrong."""
    print("\nfor honest members     points  lost a level    rose     stars  lost a tier    rose")
    off = outcomes["all off"]
    for name, outcome in outcomes.items():
        line = f"{name:<23}"
        for then, now in zip(off, outcome, strict=True):
            both = [(then[key], now[key]) for key in honest if key in then]
            mean = sum(after[0] - before[0] for before, after in both) / len(both)
            fell = sum(after[1] < before[1] for before, after in both) / len(both)
            rose = sum(after[1] > before[1] for before, after in both) / len(both)
            line += f"{mean:>+6.2f}{fell:>13.1%}{rose:>9.1%}   "
        print(line)


if __name__ == "__main__":
    main()
