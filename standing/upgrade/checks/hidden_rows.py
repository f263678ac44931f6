"""The check of `standing preflight` on columns by which an application hides rows that Standing counts.

They are known by the parts of their names, in any order that is met: what became of the row, and beside it
whose row it is, by whom and when.
"""

import re
from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS
from standing.contract.application import SOURCES
from standing.contract.tables import TABLES
from standing.database.catalog import Catalog, rows
from standing.sql import literal, quoted
from standing.upgrade.checks.server import Check

#: What became of a row that is there and not shown.
GONE = (
    "deleted|removed|hidden|archived|trashed|discarded|disabled|deactivated|unpublished|banned|suspended"
    "|blocked|blacklisted|retired|invisible|inactive|unlisted|purged|voided|erased|anonymi[sz]ed"
    "|pseudonymi[sz]ed|redacted|censored|forgotten|wiped|flagged|spam|spammy|fake|test|sandbox|dummy|demo|draft"
    "|quarantined|retracted|recalled|unsent|unapproved|disapproved|merged|duplicate|superseded|obsolete"
)
#: Of an order, a dispute, a visit or a payout these say only how it ended.
ENDED = "closed|terminated|withdrawn|rejected|denied|declined|refused|revoked|expelled"
#: Where they say more, and where somebody approves.
OFFERED = ("users", "seller_profiles", "products", "reviews", "messages")
NOUNS = (
    "deletion|removal|ban|suspension|archival|erasure|closure|anonymi[sz]ation|deactivation|termination"
    "|redaction"
)
WHOSE = (
    "account|user|member|profile|shop|store|seller|buyer|product|listing|item|order|review|message|content"
    "|data|row|record|sender|recipient|receiver|author|owner|admin|moderator|system|staff"
)
#: What else stands beside it.
BESIDE = (
    rf"{WHOSE}|is|was|has|been|as|marked|soft|hard|shadow|auto|self|gdpr|pdpa|ccpa|at|on|by|for|date|time"
    "|timestamp|ts|utc|flag|mode"
)
NOUN = re.compile(rf"({BESIDE})*({NOUNS})(requested|scheduled|at|on|date|time|timestamp|flag)+")
SHOWING = re.compile(
    rf"({WHOSE}|is|was|has|been)*(active|enabled|visible|published|listed|shown|displayed)(flag)?"
)
APPROVED = re.compile(rf"({WHOSE}|is|was|has|been)*(approved|accepted)(flag)?")
#: Columns of which some words hide the row.
WORDED = re.compile(
    rf"({BESIDE}|moderation|approval|publish(ing)?|publication|visibility|privacy|current)*"
    "(status|state|visibility|moderation|approval)"
)
WORDS = "private|none|nobody|off|internal|onlyme"
#: Of a visibility, what shows the row; all else hides it from somebody.
OPEN = (
    "[1-9][0-9]*|true|t|yes|y|on|public|visible|everyone|everybody|anyone|any|all|published|shown|open"
    "|listed|active|enabled|approved|live|online|normal|default|standard|full|global|world"
)
#: Columns of the upgrade's own: what they say is known.
GUIDES = {(one.table, column.name) for one in ADDITIONS for column in one.columns} | {
    (table.name, column.name) for table in TABLES for column in table.columns
}


def hidden_rows(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Columns by which the application may delete or hide rows that Standing goes on counting."""
    found = False
    for source in SOURCES:
        read = {column.name for column in source.columns}
        for table, name in catalog.columns:
            if table != source.table or name in read or (table, name) in GUIDES:
                continue
            if not (hides := hiding(table, name)):
                continue
            statement = f"select count(*) filter (where {hides}) as n from {quoted(catalog.schema, table)}"
            number = rows(connection, statement)[0]["n"]
            if not number and WORDED.fullmatch(plain(name)):
                continue  # it may say many other things
            found = True
            message = f"{table}.{name} is not read: {number:,} rows that it hides count like the others"
            fix = "if they are gone for the application, have it delete or move them: what is there counts"
            fix += "" if source.by_row else f"; or let {table} be a view without them"
            yield Check("deleted rows", "warning" if number else "note", message, fix)
    if not found:
        yield Check("deleted rows", "ok", "no column looks like a mark of deleted or hidden rows")


def hiding(table: str, name: str) -> str:
    """The condition that a column hides its row, stored as a moment, flag, number or word.

    It is empty for a column whose name says nothing of that.
    """
    text, column = f"lower({quoted(name)}::text)", plain(name)
    is_offered = table in OFFERED
    gone = rf"({BESIDE})*({GONE}{'|' + ENDED if is_offered else ''})({BESIDE})*"
    if re.fullmatch(gone, column) or NOUN.fullmatch(column):
        return f"{text} not in ('', 'false', 'f', '0', 'no', 'n', 'off', 'none', 'infinity', '[]', '{{}}')"
    if WORDED.fullmatch(column):
        word = f"regexp_replace({text}, '[^a-z0-9]', '', 'g')"
        if column.endswith("visibility"):
            return f"{word} <> '' and {word} !~ {literal(f'^({OPEN})$')}"
        return f"{word} ~ {literal(f'^({gone}|{WORDS})$')}"
    shows = SHOWING.fullmatch(column) or (is_offered and APPROVED.fullmatch(column))
    return f"{text} in ('false', 'f', '0', 'no', 'n', 'off')" if shows else ""


def plain(name: str) -> str:
    """The name without its underscores, in small letters."""
    return name.replace("_", "").lower()
