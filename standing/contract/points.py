"""points_transactions and loyalty_programs: the points of members, and what runs post to them."""

from standing.contract.members import USERS
from standing.contract.target import OwnedSource, PostingTarget

POINTS = PostingTarget(
    name="points",
    mart="point_accounts",
    postings="point_postings",
    members=USERS,
    selection="points",
    ledger="points_transactions",
    account="loyalty_programs",
    balance="points_balance",
    totals=("points_lifetime", "points_pending", "points_expired"),
    owned=(
        OwnedSource("order", "earn", "reverse", "source_id"),
        OwnedSource("signup", "earn", "reverse"),
        OwnedSource("referral", "earn", "reverse", "source_id"),
        OwnedSource("expiry", "adjust", "expire", "expires_at"),
    ),
    types="points_types",
    lots="point_lots",
)
