"""Triggers that log whose data changed.

Revision ID: change_log
Revises: backfill
"""

from standing.upgrade import revisions

revision = "change_log"
down_revision = "backfill"

upgrade, downgrade = revisions.of(revision)
