"""`standing load loyalty`: the application's side of points, on an upgraded simulated marketplace."""

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text
from support.decided import column, do, rows_of, scalar
from support.small_ledger import BROKEN, UNEQUAL

from expectations import AuditScope
from expectations.engine.catalog import read_catalog
from expectations.suites.ledgers import source_scans
from expectations.suites.rewards import READ
from standing.contract.points import POINTS
from standing.errors import NotUpgraded, SettingError
from standing.marketplace.loyalty import play
from standing.settings import Settings

TABLES = sorted({path.split(".")[0] for path in READ} | {"referral_programs", "referred_users", "orders"})


def content(engine: Engine) -> dict[str, object]:
    """A hash of each table's rows, and of the ledger's but for the ids that the upgrade has drawn."""
    query = "select md5(string_agg(t::text, '|' order by t::text)) from {} as t"
    ledger = "(select user_id, type, amount, balance_after, source, source_id, created_at from {}) "
    sources = [*TABLES, ledger.format("points_transactions where source <> 'signup'")]
    return {source: scalar(engine, query.format(source)) for source in sources}


def broken(settings: Settings, engine: Engine) -> list[str]:
    """The rules of the ledger and of rewards that somebody breaks."""
    scope = AuditScope(str(settings.database_url), "standing_build", "public", (POINTS,))
    with engine.connect() as connection:
        return [
            rule.name
            for scan in source_scans(scope, read_catalog(scope))
            for rule in scan.rules
            if connection.execute(text(scan.samples_query(rule))).all()  # type: ignore[arg-type]
        ]


def test_members_spend_return_invite_and_cheat_by_the_contract(
    make_database: MakeDatabase, upgraded_template: str, standing: Standing
) -> None:
    settings, other = make_database(upgraded_template), make_database(upgraded_template)
    engine, again = (create_engine(one.database_url or "") for one in (settings, other))
    assert "redemptions" in standing.told(settings, "load", "loyalty")
    first = play(again, other)
    assert content(engine) == content(again)
    assert {"redeem", "give_back", "use", "enter", "refund", "invite"} <= first.counts.keys()
    assert all(first.counts.values()), first.counts
    # The upgrade was before the first event, and has welcomed everybody who was there.
    assert rows_of(engine, "select valid_from from standing.loyalty_terms") == [(first.since,)]
    welcomed = "select count(*) from points_transactions where source = 'signup' and created_at < "
    assert scalar(engine, f"{welcomed} (select valid_from from standing.loyalty_terms)")
    assert column(engine, UNEQUAL) == column(engine, BROKEN) == broken(settings, engine) == []
    referred = (
        "select count(*) filter (where referee_id = referrer_id) > 0,"
        " count(*) filter (where referee_id is null) > 0,"
        " count(*) filter (where referee.created_at < referrer.created_at) > 0,"
        " count(referee_id) > count(distinct referee_id)"
        " from referred_users left join users as referrer on referrer.id = referrer_id"
        " left join users as referee on referee.id = referee_id"
    )
    assert rows_of(engine, referred) == [(True, True, True, True)]

    entries = "select count(*) from points_transactions"
    before = scalar(engine, entries)
    later = play(engine, settings)
    assert later.since == first.until
    assert scalar(engine, entries) > before
    assert rows_of(engine, "select valid_from from standing.loyalty_terms") == [(first.since,)]
    assert column(engine, UNEQUAL) == column(engine, BROKEN) == broken(settings, engine) == []
    engine.dispose()
    again.dispose()


def test_only_a_simulated_and_upgraded_marketplace_has_its_loyalty_played(
    make_database: MakeDatabase, upgraded_template: str
) -> None:
    settings = make_database(upgraded_template)
    engine = create_engine(settings.database_url or "")
    do(engine, "drop table standing.loyalty_terms")
    with pytest.raises(NotUpgraded, match="nobody has points"):
        play(engine, settings)
    do(engine, "update simulation.loads set arguments = 'olist 123'")
    with pytest.raises(SettingError, match="holds no simulated marketplace"):
        play(engine, settings)
    engine.dispose()
