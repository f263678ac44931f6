"""The guide's nine tables with their keys.

Revision ID: tables
Revises: columns
"""

from standing.upgrade import revisions

revision = "tables"
down_revision = "columns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
