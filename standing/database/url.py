"""DATABASE_URL as people write it, with the parameters of other tools, read into libpq's parameters."""

import logging
import os
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote, unquote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from standing.database.conninfo import VARIABLES
from standing.errors import SettingError
from standing.log import NAME as LOGGER

EXAMPLE = "set it like postgresql://user:password@host:5432/database"
POOL = "STANDING_THREADS says how many connections work at once"
POOLER = "DATABASE_URL_DIRECT leads past a pooler"
#: Parameters of other tools, in lower case → what ours is called.
FOREIGN = {
    "schema": "STANDING_APPLICATION_SCHEMA names the schema of the application's tables",
    "currentschema": "STANDING_APPLICATION_SCHEMA names the schema of the application's tables",
    "search_path": "STANDING_APPLICATION_SCHEMA names the schema of the application's tables",
    "connection_limit": POOL,
    "pool_size": POOL,
    "max_overflow": POOL,
    "pool_timeout": POOL,
    "pool_recycle": POOL,
    "pool_mode": POOLER,
    "pgbouncer": POOLER,
    "prepared_statements": POOLER,
    "preparethreshold": POOLER,
    "prepare_threshold": POOLER,
    "socket_timeout": "the server's statement_timeout limits statements",
    "command_timeout": "the server's statement_timeout limits statements",
    "statement_timeout": "options=-c%20statement_timeout=… sets it for our sessions",
    "charset": "sessions of ours are always in UTF8",
    "serverversion": "the server says itself which version it is",
    "uselibpqcompat": "sslmode is always read as libpq reads it",
}
#: The many names of two things, without hyphens and underscores and in small letters: how statements are
#: prepared, which poolers forbid, and how many connections there are.
KINDS = {
    re.compile(
        r"(prepared)?statementcache\w*|descriptioncache\w*|preparedstatement\w*|preparethreshold"
        r"|(default)?queryexecmode|prefersimpleprotocol|simplequery|binaryparameters|pgbouncer|poolmode"
    ): POOLER,
    re.compile(
        r"(max|min|maximum|minimum)?(pool|connection)s?(size|limit|count|max\w*|min\w*)"
        r"|(db|use)?(connection)?pool(er|ing)?|(conn(ection)?)?(max|min)(age|life\w*|idle\w*|conn\w*)"
        r"|conn(ection)?(health\w*|life\w*|idle\w*)|(max|min)(open|idle)conn\w*|idletimeout"
    ): POOL,
}
#: What other tools call sslmode → libpq's words.
SSL = {"true": "require", "1": "require", "no-verify": "require", "false": "disable", "0": "disable"}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_URL = re.compile(r"(?P<scheme>[A-Za-z]\w*)(?:\+\w+)?://(?P<head>[^?]*)(?:\?(?P<query>.*))?", re.DOTALL)
ESCAPED = "write an @ of the password as %40, a / as %2F and a ? as %3F"


def read(given: str, name: str = "DATABASE_URL") -> dict[str, str]:
    """The parameters that a URL gives, in libpq's words; `name` is the variable it stands in.

    Raises SettingError naming what cannot be read, and no part of a password.
    """
    found = _URL.fullmatch(given.strip())
    if found is None:
        raise SettingError(f"{name} is not a URL", EXAMPLE)
    scheme, head, query = found.group("scheme", "head", "query")
    if scheme not in ("postgres", "postgresql"):
        raise SettingError(f"{name} is for {scheme}, not PostgreSQL", EXAMPLE)
    who, at, place = head.rpartition("@")
    user, colon, password = who.partition(":")
    if "@" in who or "/" in user:
        raise SettingError(f"{name} has more than one @, or one in the wrong place", ESCAPED)
    who = quote(unquote(user), safe="") + colon + quote(unquote(password), safe="")
    try:
        parameters = conninfo_to_dict(f"postgresql://{who}{at}{place}")
    except (ProgrammingError, UnicodeError):
        raise SettingError(f"{name} is not a URL, or its port is no number", ESCAPED) from None
    parameters |= _known(query or "", name)
    if not all(port == "" or port.isdigit() for port in str(parameters.get("port", "")).split(",")):
        raise SettingError(f"{name} is not a URL, or its port is no number", ESCAPED)
    if not {"dbname", "service"} & set(parameters) and not {"PGDATABASE", "PGSERVICE"} & set(os.environ):
        raise SettingError(f"{name} names no database", EXAMPLE)
    return {keyword: str(value) for keyword, value in parameters.items()}


def _known(query: str, name: str) -> Iterator[tuple[str, str]]:
    """The parameters that are libpq's; raises SettingError for one that nobody knows."""
    for key, _, value in (pair.partition("=") for pair in query.split("&")):
        key, value = unquote(key), unquote(value.replace("+", " ") if key == "options" else value)
        if value == "":
            continue
        if key in VARIABLES:
            yield key, value
        elif key.lower() == "ssl":
            mode = SSL.get(value.lower(), value.lower())
            if mode not in SSL_MODES:
                raise SettingError(
                    f"{name}: ssl={value!r} is none of {', '.join(SSL_MODES)}", "set sslmode"
                )
            yield "sslmode", mode
        elif key.lower() == "sslaccept":
            if value.lower() != "accept_invalid_certs":
                raise SettingError(
                    f"{name}: sslaccept is Prisma's; libpq would not check the certificate",
                    "write sslmode=verify-full in its place, and sslrootcert if the authority is your own",
                )
        elif ours := _ours(key.lower()):
            _note_once(f"{name}: parameter {key} is ignored: {ours}")
        else:
            what = f"a parameter {key}" if re.fullmatch(r"\w{1,40}", key) else "something after its ?"
            raise SettingError(
                f"{name} has {what} that libpq does not know",
                f"take it out ({ESCAPED}); https://www.postgresql.org/docs/current/libpq-connect.html"
                " lists what is known",
            )


def _ours(key: str) -> str:
    """What a parameter of another tool is called here; empty where nobody knows it."""
    plain = re.sub(r"[-_]", "", key)
    return FOREIGN.get(key) or next((said for kind, said in KINDS.items() if kind.fullmatch(plain)), "")


@cache
def _note_once(note: str) -> None:
    logging.getLogger(LOGGER).warning(note)
