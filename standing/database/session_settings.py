"""Settings of a session that decide how we read what the server says, pinned for every client of ours.

A role or a database may have others. They travel in libpq's `options`, which win over those; a pooler may
drop them in silence, which can be seen.
"""

import re
from collections.abc import Mapping

from sqlalchemy import URL, Connection, Engine, text

#: Forms of values and names, and no end to a session that waits for another of ours.
PINNED: Mapping[str, str] = {
    "timezone": "UTC",
    "datestyle": "ISO,MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
#: What later servers have, too, and since which releases, as server_version_num counts them.
LATER: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "transaction_timeout": ("0", (170000,)),
    # Hardened servers set it to 'view', and read none: most of what dbt makes is a view.
    "restrict_nonsystem_relation_kind": ("", (150008, 160004, 170000)),
}
ENCODING = "UTF8"

#: SQLSTATE → the server's own limit that was reached, and what else may say so.
LIMITS: Mapping[str, tuple[str, str]] = {
    "57014": ("statement_timeout", "; where it is 0, somebody cancelled the statement"),
    "55P03": ("lock_timeout", ""),
    "25P03": ("idle_in_transaction_session_timeout", ""),
    "25P04": ("transaction_timeout", ""),
    "57P05": ("idle_session_timeout", ""),
}
#: SQLSTATE → what helps where the server lacks something.
LACKS: Mapping[str, str] = {
    "53100": "make room on the server's disk, then run the command again",
    "53200": "the server is out of memory: lower work_mem or STANDING_THREADS, then run the command again",
    "53300": "raise max_connections, or the limit of the role or the database, or end idle connections",
    "53400": "raise the server's limit that it names (temp_file_limit, …), then run the command again",
    "42501": "`standing roles` says which rights are for what and which lack; --sql prints the grants",
    "25006": "take back default_transaction_read_only, or connect to the primary: see `standing preflight`",
}


def pinned(release: int) -> dict[str, str]:
    """What is pinned on a server of this release, such as 150008."""
    later = {name: value for name, (value, since) in LATER.items() if _has(release, since)}
    return {**PINNED, **later}


def _has(release: int, since: tuple[int, ...]) -> bool:
    """Whether it is one of these, or a later one of the same version, or of a version after all."""
    return release >= since[-1] or any(one <= release < (one // 10000 + 1) * 10000 for one in since)


def with_settings(url: URL, settings: Mapping[str, str]) -> URL:
    """The URL whose sessions have these settings, too, each once; the last of one name counts."""
    before, ours = (
        str(url.query.get("options") or ""),
        [f"-c {name}={value}" for name, value in settings.items()],
    )
    for one in ours:
        before = re.sub(rf"(^| ){re.escape(one)}(?= |$)", "", before).strip()
    return url.update_query_dict({"options": " ".join(filter(None, (before, *ours)))})


def of_server(engine: Engine) -> dict[str, str]:
    """What is pinned on the server that the engine has reached."""
    version, *release = engine.dialect.server_version_info or (0,)
    return pinned(int(version) * 10000 + int(release[0] if release else 0))


def pin(connection: Connection) -> None:
    """Pin them in a session of our own, whatever lay on the way to it."""
    settings = of_server(connection.engine).items()
    connection.execute(text("; ".join(f"set {name} = '{value}'" for name, value in settings)))


def dropped(engine: Engine) -> str:
    """A setting that did not arrive, with what it is; empty if all did."""
    with engine.connect() as connection:
        wanted = of_server(engine)
        query = "select lower(name) as name, setting from pg_settings where lower(name) = any(:names)"
        found = connection.execute(text(query), {"names": list(wanted)}).all()
    for name, setting in sorted(found):
        if str(setting).replace(" ", "").lower() != wanted[name].lower():
            return f"{name} is {setting}"
    return ""


def with_code(message: str, sqlstate: str | None) -> str:
    """The message with the code of what was reached or lacks, once: servers speak many languages."""
    is_named = sqlstate in LIMITS or sqlstate in LACKS
    return f"{message} ({sqlstate})" if is_named and f"({sqlstate})" not in message else message


#: What a server, or a pooler, that takes no more connections says to one that it refuses: without a code.
TAKEN = re.compile(
    r"too many (connections|clients)|connection slots are reserved|no more connections allowed"
    r"|max(imum)? (number of )?(clients|connections)",
    re.IGNORECASE,
)


def fix_at_connect(message: str, otherwise: str) -> str:
    """What helps against the refusal of a connection, or else what is given."""
    if TAKEN.search(message):
        return LACKS["53300"]
    if "root certificate file" in message or "certificate verify failed" in message:
        return (
            "name the authority's certificate by sslrootcert=… (PGSSLROOTCERT), or put it into"
            " ~/.postgresql/root.crt; sslrootcert=system trusts whom this machine trusts (libpq 16)"
        )
    if "startup parameter" in message:
        return "take it out of the URL, or have the pooler pass it (PgBouncer: ignore_startup_parameters)"
    return fix_of(message, otherwise)


def fix_of(message: str, otherwise: str) -> str:
    """What helps against what a server said, by its code, or else what is given."""
    for code, helps in LACKS.items():
        if f"({code})" in message:
            return helps
    for code, (name, besides) in LIMITS.items():
        if f"({code})" in message:
            return (
                f"raise {name} for the role or the database (`alter role … set {name} = …`);"
                f" standing psql -- -c 'show {name}' says what it is{besides}"
            )
    return otherwise
