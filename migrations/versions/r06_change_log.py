"""Triggers that log whose data changed.

Revision ID: change_log
Revises: backfill
"""

from standing.upgrade import revisions

revision = "change_log"
down_revision = "backfill"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
