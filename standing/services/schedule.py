"""What a Prefect server says of the next runs, asked over HTTP with a short time limit."""

import base64
import json
import os
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standing.services.prefect import api_url, deployments
from standing.settings import Settings

#: The tag of Standing's deployments and of their runs.
TAG = "standing"
#: Each of two questions; a server that is busy is not waited for.
SECONDS = 2.0
#: Runs that are planned and not begun; some may be late.
PLANNED = 50


@dataclass(frozen=True)
class Served:
    """`pages` is where reports and metrics are served from this home, empty where they are not.

    `next_runs` is flow → when it is planned next, None where no server answers.
    """

    pages: str
    next_runs: dict[str, datetime] | None


def look(settings: Settings) -> Served:
    serving = deployments(settings)
    pages = str(serving.noted().get("pages", "")) if serving.running() else ""
    api = api_url(settings)
    try:
        return Served(pages, _next_runs(api) if api else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # no server, or no answer of one
        return Served(pages, None)


def _next_runs(api: str) -> dict[str, datetime]:
    tags = {"tags": {"all_": [TAG]}}
    flows = {
        one["id"]: str(one["entrypoint"]).rpartition(".")[2]
        for one in _ask(f"{api}/deployments/filter", {"deployments": tags})
    }
    planned = {"flow_runs": {**tags, "state": {"type": {"any_": ["SCHEDULED"]}}}}
    asked = {**planned, "sort": "EXPECTED_START_TIME_ASC", "limit": PLANNED}
    found: dict[str, datetime] = {}
    for run in _ask(f"{api}/flow_runs/filter", asked):
        moment = datetime.fromisoformat(run["expected_start_time"])
        if run["deployment_id"] in flows and moment >= datetime.now(UTC):
            found.setdefault(flows[run["deployment_id"]], moment)
    return found


def _ask(url: str, question: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/json", **_credentials()}
    request = urllib.request.Request(url, json.dumps(question).encode(), headers)  # noqa: S310 - as set
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        return json.load(response)


def _credentials() -> dict[str, str]:
    """What Prefect's own client would send to a server of somebody's own."""
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if pair := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}
