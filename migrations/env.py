"""Alembic's entry: one transaction a revision, its version table in Standing's own schema."""

from alembic import context
from sqlalchemy import text

from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import create_schema, driver
from standing.state.schema import VERSION_TABLE
from standing.upgrade.revisions import Attributes

attributes: Attributes = context.config.attributes["standing"]

with attributes.engine.connect() as connection:
    create_schema(driver(connection), STANDING_SCHEMA)
    for statement in VERSION_TABLE:
        connection.execute(text(statement))
    connection.commit()
    context.configure(
        connection=connection,
        version_table="alembic_version",
        version_table_schema=STANDING_SCHEMA,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
