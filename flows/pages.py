"""A small page server beside the deployments: the reports that runs link to, their metrics, our health.

Reports name members by id, so that they are shown on loopback only. With STANDING_PAGES_HOST=0.0.0.0, as
in a container, health and metrics are shown to other machines too.
"""

import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from standing.services.prefect import HOST
from standing.settings import Settings

#: Other names than these come from a page that somebody else wrote.
HOSTS = (HOST, "localhost")


class Pages(SimpleHTTPRequestHandler):
    """/health, /metrics and /reports/."""

    def __init__(
        self, *args: Any, settings: Settings, is_polling: Callable[[], bool], **kwargs: Any
    ) -> None:
        self.settings, self.is_polling = settings, is_polling
        super().__init__(*args, directory=str(settings.home.resolve()), **kwargs)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        is_local = self.headers.get("Host", "").rsplit(":", 1)[0] in HOSTS
        is_shown = path in ("/health", "/metrics") and self.settings.pages_host != HOST
        if not (is_local or is_shown):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif path == "/health":
            status = HTTPStatus.OK if self.is_polling() else HTTPStatus.SERVICE_UNAVAILABLE
            said = {"ready": status.name} | (
                {"home": str(self.settings.home.resolve())} if is_local else {}
            )
            self._send(status, "application/json", json.dumps(said).encode())
        elif path == "/metrics":
            file = self.settings.metrics_path
            metrics = file.read_bytes() if file.is_file() else b"# no run yet\n"
            self._send(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", metrics)
        elif path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", "/reports/")
            self.end_headers()
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        """Nothing of the home but its reports."""
        file = Path(super().translate_path(path))
        reports = self.settings.home.resolve() / "reports"
        return str(file) if file.resolve().is_relative_to(reports) else str(reports / "none")

    def log_message(self, *_: Any) -> None:
        """Quiet: the log is for runs."""

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_pages(settings: Settings, port: int, is_polling: Callable[[], bool]) -> str:
    """Serve in the background for as long as this process lives; the address. Port 0 takes any."""
    handler = partial(Pages, settings=settings, is_polling=is_polling)
    pages = ThreadingHTTPServer((settings.pages_host, port), handler)
    Thread(target=pages.serve_forever, name="pages", daemon=True).start()
    return f"http://{HOST}:{pages.server_address[1]}"
