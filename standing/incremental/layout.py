"""The tables of a build that Python makes, and their layout, which is kept with their mark.

Another version's are dropped and made anew: then nothing is derived or prepared, and the build makes the
rest.
"""

import hashlib

from sqlalchemy import Connection, text

from standing.build import application
from standing.build.prepared import PREPARED, PREPARED_COLUMNS
from standing.contract.members import MEMBER_KINDS
from standing.database.connect import relation_exists
from standing.database.owners import MARK, create_table
from standing.incremental import context
from standing.incremental.by_hand import BY_HAND, BY_HAND_COLUMNS
from standing.incremental.materialized import DERIVED, DERIVED_COLUMNS, MODELS, ROW_FACTS
from standing.settings import Settings
from standing.sql import quoted

#: Table → its columns, of those whose rows outlast a build.
TABLES = {
    context.TABLE: context.COLUMNS,
    application.TABLE: application.COLUMNS,
    PREPARED: PREPARED_COLUMNS,
    DERIVED: DERIVED_COLUMNS,
    BY_HAND: BY_HAND_COLUMNS,
    **{model.stale: model.list_columns for model in MODELS.values() if model.stale},
    **{kind.due_table: f"{kind.key} uuid primary key" for kind in MEMBER_KINDS},
    **{f"audited_{model.source}": "key uuid primary key" for model in ROW_FACTS if model.source},
}
LAYOUT = f"layout {hashlib.sha256(repr(sorted(TABLES.items())).encode()).hexdigest()[:16]}"


def make_tables(connection: Connection, settings: Settings) -> bool:
    """Make these tables in the build's schema, unless all of them are there as this version has them.

    Gives whether they are new.
    """
    where = quoted(settings.build_schema, context.TABLE)
    found = connection.scalar(
        text("select obj_description(to_regclass(:name), 'pg_class')"), {"name": where}
    )
    if found == f"{MARK}; {LAYOUT}":
        return False
    for table, columns in TABLES.items():
        name = quoted(settings.build_schema, table)
        if relation_exists(connection, name):
            connection.execute(text(f"drop table {name} cascade"))
        create_table(connection, name, f"({columns})", LAYOUT if table == context.TABLE else "")
    return True
