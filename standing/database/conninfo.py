"""From DATABASE_URL and the PG* environment to libpq's parameters: one reading for all clients.

libpq itself knows the rules (URL before service file before environment before defaults), so it is asked.
What was reached is written down as an SQLAlchemy URL that names every parameter, and the other forms are
made of that.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import URL

from standing.errors import DatabaseUnreachable, SettingError

DRIVER = "postgresql+psycopg"

#: libpq's parameters → the variable of the environment that stands for each, where there is one.
VARIABLES = {
    option.keyword.decode(): option.envvar.decode() if option.envvar else None
    for option in Conninfo.get_defaults()
}
PLACE = ("host", "port", "dbname", "user", "password")
#: Variables from which libpq takes session settings; they win over `options`, so ours have to be without
#: them.
SESSION_VARIABLES = ("PGTZ", "PGDATESTYLE", "PGGEQO")
#: All variables that lead libpq somewhere or change what it does there.
ENVIRONMENT = frozenset(
    (*filter(None, VARIABLES.values()), *SESSION_VARIABLES, "PGSERVICEFILE", "PGSYSCONFDIR", "PGREALM")
)
#: What neither says which server it is nor how safe the way there is: dbt does without.
MINOR = re.compile(r"keepalives.*|tcp_user_timeout|fallback_application_name")


def resolved(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters with what libpq adds to them from the service file, the environment and its defaults.

    A service that does not exist stays named, for the connection to say so.
    """
    with _service(given.get("service")):
        options = Conninfo.get_defaults()
    parameters: dict[str, str] = {}
    for option in options:
        name, value = option.keyword.decode(), (option.val or b"").decode()
        is_default = option.val == option.compiled and (VARIABLES[name] or "") not in os.environ
        if value and not is_default:
            parameters[name] = value
    return {**parameters, **given}


@contextmanager
def _service(name: str | None) -> Iterator[None]:
    """libpq looks a service up when the environment names it."""
    before = os.environ.get("PGSERVICE")
    if name is not None:
        os.environ["PGSERVICE"] = name
    try:
        yield
    finally:
        if name is not None:
            del os.environ["PGSERVICE"]
            os.environ.update({} if before is None else {"PGSERVICE": before})


def missing_service(given: Mapping[str, str], said: str) -> DatabaseUnreachable | None:
    """What to say where libpq has not found the service that is named: it looked for no server."""
    if "service" not in given or not re.search(r'\bservice (file )?"', said):
        return None
    file = given.get("servicefile") or os.environ.get("PGSERVICEFILE") or "~/.pg_service.conf"
    name = given["service"]
    return DatabaseUnreachable(
        f"service {name!r} is not in {file}: {said}",
        f"write [{name}] and below it host=, port=, dbname= and user= into {file}, or correct service=…"
        " of DATABASE_URL (PGSERVICE); PGSERVICEFILE names another file",
    )


def to_url(given: Mapping[str, str]) -> URL:
    """Parameters as SQLAlchemy's URL; a socket's folder, or several hosts, stand in its query."""
    others = dict(given)
    host, port = others.pop("host", None), others.pop("port", None)
    if host is not None and not re.fullmatch(r"[\w.:-]+", host):
        others, host = {"host": host, **others}, "localhost"
    if port is not None and not port.isdigit():
        others, port = {"port": port, **others}, None
    return URL.create(
        DRIVER,
        username=others.pop("user", None),
        password=others.pop("password", None),
        host=host,
        port=int(port) if port else None,
        database=others.pop("dbname", None),
        query=others,
    )


def parameters(url: URL) -> dict[str, str]:
    """libpq's parameters of an SQLAlchemy URL."""
    named = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    return {
        **{keyword: str(value) for keyword, value in named.items() if value is not None},
        **{keyword: str(value) for keyword, value in url.query.items()},
    }


def conninfo(url: URL) -> str:
    """Parameters for psql, pg_dump and pg_restore, without the password, which travels in PGPASSWORD."""
    return make_conninfo("", **{**parameters(url), "password": None})


def require_passed_on(given: Mapping[str, str]) -> None:
    """Raise SettingError naming a parameter that has no variable: dbt would go another way without it."""
    for keyword in given:
        if VARIABLES[keyword] is None and not MINOR.fullmatch(keyword):
            raise SettingError(
                f"the connection's parameter {keyword} cannot be passed on to dbt",
                "take it out, or have the server reached without it",
            )


def variables(url: URL) -> dict[str, str]:
    """As libpq's variables the parameters that say more than which server, database and role."""
    given = {**parameters(url), **dict.fromkeys(PLACE, "")}
    return {
        variable: value for keyword, value in given.items() if value and (variable := VARIABLES[keyword])
    }


def without_libpq() -> dict[str, str]:
    """This process's environment without what would lead libpq elsewhere."""
    return {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}


def forget_session_variables() -> None:
    """Take from this process, and from what it starts, the variables that would win over our session
    settings.
    """
    for name in SESSION_VARIABLES:
        os.environ.pop(name, None)


def shown(url: URL) -> str:
    """Where it leads, in a form that psql takes, without the password."""
    given = parameters(url)
    host, port = given.get("host", ""), given.get("port", "")
    who = quote(given["user"], safe="") + "@" if "user" in given else ""
    database = quote(given.get("dbname", ""), safe="")
    if host.startswith(("/", "@")):
        return f"postgresql://{who}/{database}?host={quote(host)}" + (f"&port={port}" if port else "")
    place = f"[{host}]" if ":" in host else host
    return f"postgresql://{who}{place}{f':{port}' if port else ''}/{database}"


def place(url: URL) -> str:
    """Host and port for a message."""
    given = parameters(url)
    return f"{given.get('host') or 'the local socket'}:{given.get('port') or 5432}"
