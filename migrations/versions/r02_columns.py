"""The guide's columns on users, seller_profiles, reviews and admin_users.

Revision ID: columns
Revises: own_schema
"""

from standing.upgrade import revisions

revision = "columns"
down_revision = "own_schema"

upgrade, downgrade = revisions.of(revision)
