"""Standing's own tables: runs, history, what the upgrade created.

Revision ID: own_schema
Revises: nothing
"""

from standing.upgrade import revisions

revision = "own_schema"
down_revision = None

upgrade, downgrade = revisions.of(revision)
