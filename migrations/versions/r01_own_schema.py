"""Standing's own tables: runs, history, what the upgrade created.

Revision ID: own_schema
Revises: nothing
"""

from standing.upgrade import revisions

revision = "own_schema"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
