"""The guide's columns on users, seller_profiles, reviews and admin_users.

Revision ID: columns
Revises: own_schema
"""

from standing.upgrade import revisions

revision = "columns"
down_revision = "own_schema"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revisions.forward(revision)


def downgrade() -> None:
    revisions.back(revision)
