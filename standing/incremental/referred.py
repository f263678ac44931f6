"""Whose points a referral concerns besides those whom a row names: the referrer, and all whom they brought.

What a person buys earns their referrer a bonus, and the limits of a referrer are of all whom they brought.
"""

from sqlalchemy import Connection, text

from standing.contract.points import POINTS
from standing.incremental.observed import Observed

#: Sources of which the points of referrals are made, besides orders.
SOURCES = "'users', 'referred_users'"


def make_referred_due(connection: Connection, observed: Observed, drained: str, orders: str) -> int:
    """Due for points with the members of the `drained` rows and buyers of `orders`; how many are new."""
    buyers = observed.select("buyer_id", "orders", "id", f"select member_id from {orders}")
    named = f"select user_id from {drained} where source in ({SOURCES})"
    changed = f"{named} union all {buyers}" if buyers else named
    above = observed.select("referrer_id", "referred_users", "referee_id", "select key from changed")
    brought = observed.select("referee_id", "referred_users", "referrer_id", "select key from referrers")
    if above is None or brought is None:
        return 0
    return connection.execute(
        text(
            f"with changed (key) as materialized ({changed}),"
            f" referrers (key) as materialized ({above} union select key from changed),"
            f" brought (key) as ({brought})"
            " insert into standing.due (target, member_id)"
            " select :target, key from (select key from referrers union select key from brought) as due"
            " where key is not null on conflict do nothing"
        ),
        {"target": POINTS.name},
    ).rowcount
