"""The terms that points are earned by, and the balances that they begin with.

Revision ID: points
Revises: change_log
"""

from standing.upgrade import revisions

revision = "points"
down_revision = "change_log"

upgrade, downgrade = revisions.of(revision)
