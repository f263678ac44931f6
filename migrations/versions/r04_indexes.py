"""Indexes on tables that have rows, made beside the application's writes.

Revision ID: indexes
Revises: tables
"""

from standing.upgrade import revisions

revision = "indexes"
down_revision = "tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
