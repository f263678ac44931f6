"""The guide's nine tables with their keys.

Revision ID: tables
Revises: columns
"""

from standing.upgrade import revisions

revision = "tables"
down_revision = "columns"

upgrade, downgrade = revisions.of(revision)
