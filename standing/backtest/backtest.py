"""A backtest from what is there to its figures; everything is read in one snapshot."""

from dataclasses import asdict, replace
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Engine, text

from standing.backtest import groups
from standing.backtest.bunching import Shops, bunching
from standing.backtest.card import TABLES, read_card
from standing.backtest.comparison import Comparison
from standing.backtest.figures import Backtest, Bunching, Counts
from standing.backtest.flaps import Period, flaps
from standing.backtest.moments import History, OriginRange, origins
from standing.backtest.observations import Observations, observe
from standing.backtest.policy import Policy, read_policy
from standing.backtest.scores import Score, scores
from standing.backtest.wording import cannot_tell, remember
from standing.database.connect import connect
from standing.database.schemas import relations
from standing.errors import StandingError
from standing.settings import Settings
from standing.sql import render
from standing.state.backtests import keep
from standing.state.upgraded import require_upgraded
from standing.text import plain

#: What is read of a build.
READ = {
    *TABLES,
    *("run_context", "derived", "application_columns", "tier_policy", "trust_levels", "int_review_facts"),
    *("stg_orders", "stg_sellers", "stg_returns", "stg_disputes", "stg_order_exclusions"),
}


def keep_backtest(settings: Settings, asked: OriginRange) -> tuple[Backtest, str | None]:
    """Test, and keep what came of it; gives why it is not kept, where this role only reads.

    Raises what `backtest` raises, and NotUpgraded or UnfitDatabase.
    """
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
        found = backtest(engine, settings, asked)
        return found, keep(engine, plain(asdict(found))) if found.scores else None


def backtest(engine: Engine, settings: Settings, asked: OriginRange) -> Backtest:
    """Test the scores on the past that is there, and say what it cannot tell.

    Raises SettingError for moments that cannot be, and StandingError where nothing is built.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("set transaction read only"))
        history = history_of(connection, settings.build_schema)
        moments, said = origins(asked, history)
        begun = Backtest(history.known_until, asked.terms.horizon.days)
        if not moments:
            return replace(begun, cannot_tell=tuple(said))
        policy = read_policy(connection, settings.build_schema)
        card = read_card(connection, settings.build_schema)
        observed = observe(connection, settings.build_schema, moments, asked.terms)
        zone = ZoneInfo(history.zone)
        last = min(history.known_until, history.ends or history.known_until)
        period = Period(moments[0].astimezone(zone).date(), last.astimezone(zone).date())
        begun = replace(begun, flaps=flaps(connection, settings.build_schema, period))
    found = replace(begun, counts=_counts(observed), bunching=_bunching(observed, policy))
    if found.counts.labelled:
        found = _compared(found, observed, policy, scores(observed, policy.numbers, card))
    return replace(found, remember=remember(found), cannot_tell=(*said, *cannot_tell(found)))


def _compared(
    found: Backtest, observed: Observations, policy: Policy, compared: tuple[Score, ...]
) -> Backtest:
    comparison = Comparison(observed, compared)
    return replace(
        found,
        lead=compared[0].name,
        scores=comparison.score_figures(),
        differences=comparison.differences(),
        calibration=comparison.calibration(),
        origins=comparison.at_origins(),
        deciles=groups.grouped(observed, groups.tenths(observed, compared[0])),
        tiers=groups.grouped(observed, groups.by_tier(observed, policy.labels), compared[:2]),
        levels=groups.grouped(observed, groups.by_level(observed, policy.levels), compared[:2]),
        volumes=groups.grouped(observed, groups.by_volume(observed), compared[:2]),
    )


def history_of(connection: Connection, schema: str) -> History:
    """Raises StandingError where no run has built what is read."""
    found = None
    if relations(connection, schema) >= READ:
        found = connection.execute(text(render("backtest/history.sql.j2", schema=schema))).first()
    if found is None:
        raise StandingError("no run has built what a backtest reads", "standing run")
    return History(found.known_until, found.zone, found.begins, found.ends)


def _counts(observed: Observations) -> Counts:
    """Orders, each once for each origin that it follows."""

    def total(column: str) -> int:
        return int(observed[column].sum())

    placed, labelled = total("placed"), total("labelled")
    called_off, excluded = total("called_off"), total("excluded")
    return Counts(
        placed, labelled, total("bad"), placed - labelled - called_off - excluded, called_off, excluded
    )


def _bunching(observed: Observations, policy: Policy) -> tuple[Bunching, ...]:
    """Of shops as they stood at the newest origin."""
    newest = np.flatnonzero(observed.origin == len(observed.moments) - 1)
    orders, reviews, stars = (
        observed[name][newest] for name in ("completed_orders", "counted_reviews", "counted_sum")
    )
    return tuple(bunching(Shops(orders, reviews, stars), policy.tiers))
