"""The Prefect server and the process that serves the deployments, started and stopped as one.

Nothing here imports Prefect: both are programs of their own, asked for their health over HTTP.
"""

import hashlib
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from standing.errors import ServerError, SettingError
from standing.services.process import Say, Service, one_at_a_time, silent
from standing.settings import Settings

HOST = "127.0.0.1"
SERVER_PORT, PAGES_PORT = 4200, 4300
PORTS_TRIED = 50
#: A slow machine makes Prefect's database at the first start.
SERVER_SECONDS, DEPLOYMENTS_SECONDS = 600.0, 300.0


@dataclass(frozen=True)
class Addresses:
    """Where a person looks, and what this call had to start."""

    prefect: str
    pages: str
    started: tuple[str, ...]


def folder(settings: Settings) -> Path:
    return settings.home.resolve() / "prefect"


def server(settings: Settings) -> Service:
    return Service("prefect-server", folder(settings))


def deployments(settings: Settings) -> Service:
    return Service("deployments", folder(settings))


def api_url(settings: Settings) -> str | None:
    """The API of the server that is set, or of our own where it runs."""
    own = server(settings)
    if settings.prefect_api_url is not None:
        return settings.prefect_api_url
    return str(own.noted()["api"]) if own.running() and "api" in own.noted() else None


def environment(settings: Settings) -> dict[str, str]:
    """What Prefect is to be told: its state in our home, nothing reported, our log lines shown."""
    variables = {
        "PREFECT_HOME": str(folder(settings)),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Without a server Prefect starts one for the run; on a slow machine that takes longer than its 20
        # s.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "standing",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # A run whose machine died is marked as crashed once its heart has stopped: flows/alerts.py.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    api = api_url(settings)
    if api is not None:
        variables["PREFECT_API_URL"] = api
    if settings.json_logs:
        variables["PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"] = "json"
        variables["PREFECT_LOGGING_FORMATTERS_JSON_CLASS"] = "standing.log.JsonLines"
    return variables


def up(settings: Settings, say: Say = silent) -> Addresses:
    """Start what does not run yet and wait until all of it answers, saying for what; safe to repeat.

    A serving process whose settings have changed is started anew. Raises SettingError for a port that is
    taken, ServerError for a process that does not come up; then nothing that was started stays.
    """
    with one_at_a_time(folder(settings)):
        try:
            return _up(settings, say)
        except ServerError:
            port = server(settings).noted().get("port")
            if settings.prefect_api_url or settings.prefect_port or port is None or _is_free(port):
                raise
            return _up(settings, say)  # somebody else took the port while ours was starting


def _up(settings: Settings, say: Say) -> Addresses:
    started: list[Service] = []
    try:
        api = settings.prefect_api_url or _start_server(settings, started)
        pages = _start_deployments(settings, api, started)  # they load while the server does
        if settings.prefect_api_url is None:
            say(f"waiting for the Prefect server at {api}; its log: {server(settings).log}")
            server(settings).wait(lambda: _not_ours(settings, api), SERVER_SECONDS, say)
        else:
            say(f"waiting for the deployments to reach the Prefect server at {api}")
        say(f"waiting for the deployments at {pages}; their log: {deployments(settings).log}")
        deployments(settings).wait(lambda: _not_serving(settings, pages), DEPLOYMENTS_SECONDS, say)
    except BaseException:
        for service in reversed(started):
            service.stop()
        raise
    return Addresses(api.removesuffix("/api"), pages, tuple(service.name for service in started))


def down(settings: Settings) -> list[str]:
    """Stop both, the serving process first; the names of those that ran."""
    if not folder(settings).exists():
        return []
    with one_at_a_time(folder(settings)):
        services = (deployments(settings), server(settings))
        return [one.name for one in services if one.stop()]  # the next start takes the same ports


def _start_server(settings: Settings, started: list[Service]) -> str:
    service = server(settings)
    noted = service.noted()
    if service.running():
        return str(noted["api"])
    port = _port(settings.prefect_port, noted.get("port") or SERVER_PORT, "STANDING_PREFECT_PORT")
    api = f"http://{HOST}:{port}/api"
    variables = {**_variables(settings, api), "PREFECT_UI_URL": f"http://{HOST}:{port}"}
    started.append(service)
    service.start(
        _command("server", "--host", HOST, "--port", str(port)), variables, {"port": port, "api": api}
    )
    return api


def _start_deployments(settings: Settings, api: str, started: list[Service]) -> str:
    service = deployments(settings)
    noted = service.noted()
    asked = _fingerprint(settings, api)
    if service.running() and noted.get("settings") == asked:
        return str(noted["pages"])
    service.stop()
    port = _port(settings.pages_port, noted.get("port") or PAGES_PORT, "STANDING_PAGES_PORT")
    pages = f"http://{HOST}:{port}"
    variables = {**_variables(settings, api), "STANDING_PAGES_PORT": str(port)}
    started.append(service)
    service.start(
        _command("serve"), variables, {"port": port, "pages": pages, "api": api, "settings": asked}
    )
    return pages


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flows", *arguments]


def _variables(settings: Settings, api: str) -> dict[str, str]:
    home = str(settings.home.resolve())
    return {**os.environ, **environment(settings), "PREFECT_API_URL": api, "STANDING_HOME": home}


def _fingerprint(settings: Settings, api: str) -> str:
    text = settings.model_dump_json() + api
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _not_ours(settings: Settings, api: str) -> str:
    """Why the server there is not, or not yet, one that keeps its data in our home."""
    return _trouble(f"{api}/admin/settings", str(folder(settings)))


def _not_serving(settings: Settings, pages: str) -> str:
    return _trouble(f"{pages}/health", str(settings.home.resolve()))


def _trouble(url: str, home: str) -> str:
    """What is wrong with the answer at a URL, which should be a JSON object that names our home."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own http address
            answer = json.load(response)
    except urllib.error.URLError as error:
        return f"{url}: {error.reason}"
    except (OSError, ValueError) as error:
        return f"{url}: {error}"
    found = answer.get("home") if isinstance(answer, dict) else None
    return "" if found == home else f"{url} is another program's, or of another home: {found}"


def _port(fixed: int | None, first: int, variable: str) -> int:
    """The port that is set, or the first free one from `first` on."""
    if fixed is not None:
        if not _is_free(fixed):
            raise SettingError(
                f"{variable}={fixed}: another program listens there", f"set {variable} to another port"
            )
        return fixed
    for port in range(first, first + PORTS_TRIED):
        if _is_free(port):
            return port
    raise SettingError(f"no free port from {first} on", f"set {variable} to one")


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True
