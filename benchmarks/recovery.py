"""How well scores recover the latent quality of simulated members, which the scorecard does not know.

Loads a simulated marketplace into an embedded server of its own, builds the documents and prints Spearman's
rank correlation by amount of history, beside plain mean rating and order count; then how many points a
fake order and a fake 5-star review buy. `python benchmarks/recovery.py [users] [orders]`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, text

from standing.build import dbt
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.incremental.plan import open_build
from standing.settings import Settings, load_settings

MEMBERS = """
    select truth.quality::float as quality, scores.overall_score::float as score,
        metrics.completed_orders as orders, reviews.mean::float as mean
    from simulation.simulation_truth as truth
    join standing_build.user_trust_scores as scores on scores.user_id = truth.member_id
    join standing_build.int_user_metrics as metrics on metrics.user_id = truth.member_id
    left join (
        select seller_user_id, avg(rating) as mean
        from standing_build.int_review_facts where is_known group by seller_user_id
    ) as reviews on reviews.seller_user_id = truth.member_id
    where truth.role = '{role}'
"""
SHOPS = """
    select truth.quality::float as quality, ratings.adjusted::float as adjusted,
        nullif(ratings.overall, 0)::float as mean, ratings.total_reviews as reviews,
        coalesce(trade.completed_orders, 0) as orders
    from simulation.simulation_truth as truth
    join standing_build.seller_ratings as ratings on ratings.seller_id = truth.member_id
    left join standing_build.int_seller_orders as trade on trade.seller_id = ratings.seller_id
    where truth.role = 'seller'
"""


def show(title: str, found: pd.DataFrame, measures: list[str], history: str, edges: list[float]) -> None:
    """One line a band of history; all of a band's members are compared with each other."""
    print(f"\n{title} (Spearman with latent quality)")
    bands = pd.cut(found[history], edges, right=False)
    groups = [("all", found), *((str(band), part) for band, part in found.groupby(bands, observed=True))]
    for name, part in groups:
        figures = {
            measure: part["quality"].rank().corr(part[measure].fillna(part[measure].mean()).rank())
            for measure in measures
        }
        shown = "  ".join(f"{measure} {value:+.2f}" for measure, value in figures.items())
        print(f"  {history} {name:<16} {len(part):>6} members  {shown}")


def rebuilt(engine: Engine, settings: Settings) -> None:
    open_build(engine, settings, 1, wall_clock(engine), TARGETS)
    dbt.invoke(settings, engine.url, "seed")
    dbt.invoke(settings, engine.url, "run")


def mean_of(engine: Engine, statement: str) -> float:
    with engine.connect() as connection:
        return float(connection.scalar(text(statement)) or 0)


def fakes(engine: Engine, settings: Settings) -> None:
    """One completed order between strangers, and one 5-star review, for everybody at once."""
    trust = "select avg(overall_score) from standing_build.user_trust_scores"
    adjusted = "select avg(adjusted) from standing_build.seller_ratings"
    before, rating = mean_of(engine, trust), mean_of(engine, adjusted)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into orders (id, buyer_id, seller_id, status, total_amount, created_at,"
                " completed_at)"
                " select gen_random_uuid(), users.id, (select id from seller_profiles order by id limit 1),"
                " 'completed', 1, now() - interval '1 hour', now() - interval '1 hour' from users"
            )
        )
    rebuilt(engine, settings)
    ordered = mean_of(engine, trust)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into reviews (id, seller_id, rating, created_at)"
                " select gen_random_uuid(), id, 5, now() - interval '1 hour' from seller_profiles"
            )
        )
    rebuilt(engine, settings)
    print(f"\na fake order of 1 baht buys its buyer {ordered - before:.2f} points of 100 on average")
    print(
        f"a fake 5-star review buys its shop {mean_of(engine, adjusted) - rating:.3f} of 5 stars adjusted"
    )
    print(f"and all members together {mean_of(engine, trust) - ordered:.3f} points of trust on average")


def main(users: str = "3000", orders: str = "40000") -> None:
    home = Path(tempfile.mkdtemp(prefix="standing-recovery-"))
    home.chmod(0o755)
    settings = load_settings(STANDING_HOME=home)
    command = [sys.executable, "-m", "standing"]
    environment = {"STANDING_HOME": str(home), "PATH": "/usr/bin:/bin"}
    try:
        for arguments in (("load", "simulated", "--users", users, "--orders", orders), ("migrate",)):
            subprocess.run([*command, *arguments], env=environment, check=True, capture_output=True)
        with connect(settings) as engine:
            rebuilt(engine, settings)
            with engine.connect() as connection:
                roles = connection.scalars(
                    text("select distinct role from simulation.simulation_truth")
                ).all()
                for role in sorted(set(roles) - {"seller"}):
                    found = pd.read_sql(text(MEMBERS.format(role=role)), connection)
                    show(
                        f"overall_score, {role}s",
                        found,
                        ["score", "mean", "orders"],
                        "orders",
                        [0, 1, 6, 21, 1e9],
                    )
                shops = pd.read_sql(text(SHOPS), connection)
            show(
                "adjusted rating, shops",
                shops,
                ["adjusted", "mean", "orders"],
                "reviews",
                [0, 1, 10, 50, 1e9],
            )
            fakes(engine, settings)
    finally:
        subprocess.run([*command, "down"], env=environment, check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
