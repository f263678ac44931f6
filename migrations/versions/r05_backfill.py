"""The guide's results for the members from before the upgrade.

Revision ID: backfill
Revises: indexes
"""

from standing.upgrade import revisions

revision = "backfill"
down_revision = "indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
