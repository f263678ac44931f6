"""Whether a role may build in a schema: it is there and open to it, or may be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from standing.database.catalog import rows
from standing.sql import quoted, render

#: What is named of another role's relations.
NAMED = 5


@dataclass(frozen=True)
class Lack:
    """A right that a role has not, what it is for, and the statement that gives it."""

    what: str
    purpose: str
    statement: str
    needed_by: str = "run"

    def __str__(self) -> str:
        return f"{self.what} ({self.purpose})"


def lacks_build(
    connection: psycopg.Connection[Any], schema: str, role: str, purpose: str, needed_by: str = "run"
) -> Lack | None:
    """What keeps the role from building in the schema; None if nothing does."""
    found = rows(connection, render("database/build_rights.sql.j2"), schema=schema, role=role)[0]
    if not found["is_there"]:
        if found["may_make"]:
            return None
        made = f"create schema {quoted(schema)} authorization {quoted(role)}"
        return Lack(f"schema {schema}, which is not there yet", purpose, made, needed_by)
    if found["is_open"] and not found["others"]:
        return None
    more = len(found["others"]) - NAMED
    named = ", ".join(found["others"][:NAMED]) + (f" and {more} more" if more > 0 else "")
    what = f"schema {schema}" + (f", in which another role owns {named}" if named else "")
    opened = f"grant usage, create on schema {quoted(schema)} to {quoted(role)}"
    given = (f"alter table {quoted(schema, name)} owner to {quoted(role)}" for name in found["others"])
    return Lack(what, purpose, few([*([] if found["is_open"] else [opened]), *given], role), needed_by)


def few(statements: Sequence[str], role: str) -> str:
    """The first of many statements, and which command prints all: a build has a hundred relations."""
    more = len(statements) - NAMED - 1
    rest = f" /* and {more} more: `standing roles --runner {role} --sql` prints all */" if more > 0 else ""
    return "; ".join(statements[: NAMED + 1]) + rest
