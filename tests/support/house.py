"""A Prefect server with the deployments served, as `standing up --prefect` starts it, and how to ask it."""

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psutil
from conftest import Standing
from support.accounts import note_server
from support.waiting import until

from standing.settings import Settings

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
        return port


@dataclass
class House:
    """One home: its settings, its ports, and the variables that it was last started with."""

    settings: Settings
    standing: Standing
    variables: dict[str, str]

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.variables['STANDING_PREFECT_PORT']}/api"

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.variables['STANDING_PAGES_PORT']}"

    def up(self, **variables: str) -> str:
        self.variables |= variables
        return self.standing.ok(self.settings, "up", "--prefect", **self.variables)

    def down(self) -> str:
        for name in ("deployments", "prefect-server"):
            with suppress(OSError, psutil.NoSuchProcess):
                note_server("Prefect", self.process(name).pid)
        return self.standing.ok(self.settings, "down", **self.variables)

    def process(self, name: str) -> psutil.Process:
        """The process of a service, `prefect-server` or `deployments`."""
        noted = json.loads((self.settings.home / "prefect" / f"{name}.json").read_text())
        return psutil.Process(noted["pid"])

    def ask(self, path: str, **body: Any) -> Any:
        found = self._answered("POST", path, json=body)
        return found.json() if found.content else None

    def _answered(self, method: str, path: str, **body: Any) -> httpx.Response:
        """As Prefect's own client: a server that is too busy for its database (503) is asked again."""

        def answer() -> httpx.Response | None:
            found = httpx.request(method, f"{self.api}/{path}", timeout=60, **body)
            return None if found.status_code == httpx.codes.SERVICE_UNAVAILABLE else found

        found: httpx.Response = until(answer, f"an answer to {path}")
        found.raise_for_status()
        return found

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._answered("GET", f"deployments/name/{name}").json()
        return found

    def set_paused(self, name: str, paused: bool = True) -> None:
        """Whether a deployment's schedule makes runs."""
        self.ask(f"deployments/{self.deployment(name)['id']}/{'pause' if paused else 'resume'}_deployment")

    def run(self, name: str, **parameters: Any) -> str:
        """Ask for a run of a deployment now; its id."""
        deployment = self.deployment(name)["id"]
        made = self.ask(
            f"deployments/{deployment}/create_flow_run",
            parameters=parameters,
            idempotency_key=str(uuid.uuid4()),
        )
        return str(made["id"])

    def flow_run(self, identity: str) -> dict[str, Any]:
        found: dict[str, Any] = self._answered("GET", f"flow_runs/{identity}").json()
        return found

    def ended(self, identity: str) -> dict[str, Any]:
        """A flow run once it has ended."""

        def end() -> dict[str, Any] | None:
            found = self.flow_run(identity)
            return found if found["state"]["type"] in ENDED else None

        found: dict[str, Any] = until(end, f"the end of flow run {identity}")
        return found

    def scheduled_runs(self, name: str) -> list[dict[str, Any]]:
        """Runs that the scheduler made of a deployment, oldest first."""
        found: list[dict[str, Any]] = self.ask(
            "flow_runs/filter",
            deployments={"id": {"any_": [self.deployment(name)["id"]]}},
            sort="EXPECTED_START_TIME_ASC",
        )
        return [run for run in found if run["auto_scheduled"]]

    def logs(self, identity: str) -> list[str]:
        found = self.ask("logs/filter", logs={"flow_run_id": {"any_": [identity]}}, sort="TIMESTAMP_ASC")
        return [line["message"] for line in found]

    def artifacts(self, identity: str) -> dict[str, Any]:
        found = self.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [identity]}})
        return {one["key"]: one["data"] for one in found}


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook on loopback: its address and the messages that it has got."""
    got: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
