"""What the shell that started us may say to our libraries, and to what we start: little.

An analyst's shell has DBT_TARGET, a company's has proxies, another project's has PREFECT_PROFILE. A run is
the same in all of them: libraries hear what our settings say, and a few variables that operators may set.
"""

import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from io import TextIOWrapper

from standing.errors import SettingError

#: Beginnings of variables that libraries read as their own settings.
OTHERS = ("DBT_", "PREFECT_", "GX_", "GE_", "PSYCOPG_")
#: How a Prefect server of one's own is reached, and how long our own keeps its events and runs.
KNOWN = frozenset(
    (
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_API_SSL_CERT_FILE",
        "PREFECT_API_TLS_INSECURE_SKIP_VERIFY",
        "PREFECT_CLIENT_CUSTOM_HEADERS",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED",
    )
)
#: Python's own variables, and those of them that say only where its files lie and how it writes.
OF_PYTHON = re.compile(r"PYTHON([A-Z0-9]+|_GIL|_JIT)")
HARMLESS = frozenset(
    (
        "PYTHONPATH",
        "PYTHONSAFEPATH",
        "PYTHONNOUSERSITE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPYCACHEPREFIX",
        "PYTHONUNBUFFERED",
        "PYTHONIOENCODING",
        "PYTHONHASHSEED",
        "PYTHONFAULTHANDLER",
    )
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def begin_anew() -> None:
    """Begin this process once more, where its shell has changed Python itself: it has been read by now.

    PYTHONOPTIMIZE takes docstrings from libraries that read them, PYTHONWARNINGS makes errors of warnings.
    The process keeps its number and its signals. The first line of an entry point.
    """
    left = {name: value for name, value in os.environ.items() if not _changes_python(name)}
    if len(left) < len(os.environ) and sys.executable:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], left)


def pin() -> None:
    """Pin the environment of this process and of what it starts. Safe to repeat; before they are imported.

    A flow run that Prefect started keeps what Prefect told it. Raises SettingError for a Python without
    docstrings: libraries make their classes of them.
    """
    if sys.flags.optimize > 1:
        raise SettingError(
            "Python was started with -OO or PYTHONOPTIMIZE=2: it lacks docstrings that libraries need",
            "start it without",
        )
    others = OTHERS if not in_flow_run() else tuple(one for one in OTHERS if one != "PREFECT_")
    named = [name for name in os.environ if name.upper().startswith(others)]
    for name in [name for name in named if name not in KNOWN or not os.environ[name]]:
        del os.environ[name]
    for name in filter(_changes_python, list(os.environ)):
        del os.environ[name]
    os.environ.update(past_proxies(os.environ))
    for name in [name for name, value in os.environ.items() if _no_way(name, value)]:
        del os.environ[name]
    for stream in (sys.stdout, sys.stderr):  # a terminal without our letters gets their numbers
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY, in both spellings that libraries read, with ourselves in it."""
    given = ",".join(environment.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    passed = "*" if "*" in hosts else ",".join(dict.fromkeys((*hosts, *LOOPBACK)))
    return {"NO_PROXY": passed, "no_proxy": passed}


def in_flow_run() -> bool:
    """Whether Prefect started this process for a flow run."""
    return "PREFECT__FLOW_RUN_ID" in os.environ


def _changes_python(name: str) -> bool:
    return OF_PYTHON.fullmatch(name) is not None and name not in HARMLESS


def _no_way(name: str, value: str) -> bool:
    """Whether it is a proxy that Prefect's client cannot use: it would not even begin, for any address."""
    scheme, separator, _ = value.lower().partition("://")
    is_proxy = name.lower() in ("http_proxy", "https_proxy", "all_proxy") and bool(separator)
    speaks_socks = scheme.startswith("socks") and find_spec("socksio") is not None
    return is_proxy and scheme not in ("http", "https") and not speaks_socks
