"""The guide's results for the members from before the upgrade.

Revision ID: backfill
Revises: indexes
"""

from standing.upgrade import revisions

revision = "backfill"
down_revision = "indexes"

upgrade, downgrade = revisions.of(revision)
