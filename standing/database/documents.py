"""The columns that documents are published to."""

from sqlalchemy import Connection, text

from standing.contract.targets import DOCUMENTS
from standing.sql import quoted


def columns_missing(connection: Connection, schema: str) -> list[str]:
    """Columns of documents that came with a newer version, or are one's own, and are not there yet."""
    tables = {target.table: quoted(schema, target.table) for target in DOCUMENTS}
    found = connection.execute(
        text(
            "select wanted.name, attname from unnest(cast(:names as text[]), cast(:tables as text[]))"
            " as wanted (name, relation)"
            " join pg_attribute on attrelid = to_regclass(wanted.relation) and not attisdropped"
        ),
        {"names": list(tables), "tables": list(tables.values())},
    )
    there: dict[str, set[str]] = {}
    for row in found:
        there.setdefault(row.name, set()).add(row.attname)
    # A table that is missing is for the audit of the sources to name.
    looked_at = [target for target in DOCUMENTS if target.table in there]
    return [
        f"{one.table}.{column}"
        for one in looked_at
        for column in one.stored_in
        if column not in there[one.table]
    ]
