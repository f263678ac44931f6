"""Indexes on tables that have rows, made beside the application's writes.

Revision ID: indexes
Revises: tables
"""

from standing.upgrade import revisions

revision = "indexes"
down_revision = "tables"

upgrade, downgrade = revisions.of(revision)
