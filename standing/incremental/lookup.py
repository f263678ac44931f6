"""The application's tables as they are, for queries that take keys and give keys.

Staging has them, too, but only once it is built, and for a whole run at a time.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from standing.database.columns import Columns, columns_found
from standing.incremental.capture_sql import as_key
from standing.sql import quoted


@dataclass(frozen=True)
class Tables:
    """A select on columns that the application lacks is None, and left out."""

    schema: str
    found: Columns

    def select(self, column: str, table: str, by: str, keys: str) -> str | None:
        """`column` of the rows of `table` whose `by` is among `keys`, a query of one column."""
        if {column, by} - set(self.found.get(table, {})):
            return None
        key, result = self._key(table, by), self._key(table, column)
        return (
            f"select {result} from {quoted(self.schema, table)} as t"
            f" join (select distinct k.key from ({keys}) as k (key) where k.key is not null) as wanted"
            f" on {key} = wanted.key"
        )

    def _key(self, table: str, column: str) -> str:
        return as_key(f"t.{quoted(column)}", self.found[table][column])


def tables_found(connection: Connection, schema: str) -> Tables:
    return Tables(schema, columns_found(connection, schema))
