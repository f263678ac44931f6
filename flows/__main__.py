"""`python -m flows FLOW [SELECTION]` runs a flow once; `python -m flows serve` runs all on schedule.

`server` starts a Prefect server, and `automations` makes ours on one whose work pools run the flows.
"""

import os
import signal
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from standing.cli.checkout import require_checkout
from standing.cli.runs import NOT_COMPARED
from standing.contract.targets import SELECTIONS, targets_of
from standing.errors import StandingError
from standing.interruption import SAID, end_workers, exit_code, interruptible, kept_from
from standing.process_end import end_at_once
from standing.settings import current

if TYPE_CHECKING:
    from prefect import State

FLOWS = (
    *("refresh", "refresh_scores", "update_seller_tiers", "expire_points"),
    *("quality_report", "reconcile", "backtest"),
)
USAGE = f"""usage: python -m flows serve|server|automations|{"|".join(FLOWS)} [SELECTION]

serve runs all flows on schedule, server starts a Prefect server, automations makes ours on one; each other
name runs that flow once. refresh and quality_report take a SELECTION: {", ".join(SELECTIONS)}.
approve, reject and backfill are deployments on the Prefect page; here they are `standing approve`, …"""


def main(arguments: list[str]) -> int:
    """Run the named flow; gives the exit code of `standing run`, or of `standing reconcile` (README)."""
    name, *selection = arguments or [""]
    if name in ("-h", "--help"):
        print(USAGE)
        return 0
    try:
        require_checkout()
        if name == "serve" and not selection:
            return _serve()
        if name == "server":
            from flows.server import start

            start(selection)
            return 0
        if name == "automations" and not selection:
            return _automations()
        if name not in FLOWS or len(selection) > (name in ("refresh", "quality_report")):
            print(USAGE, file=sys.stderr)
            return 2
        targets_of(*selection or ["all"])
    except StandingError as error:  # before Prefect starts, which takes a while
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if "PREFECT_API_URL" not in os.environ:
        # Prefect's temporary server is ended in the middle of its work, and would say so by a traceback.
        os.environ.setdefault("PREFECT_LOGGING_ROOT_LEVEL", "CRITICAL")
        _keep_server_from_ctrl_c()
    flow = getattr(import_module(f"flows.{name}"), name)
    with interruptible() as received:
        try:
            ended = flow(*selection, return_state=True)
        except KeyboardInterrupt:
            print(f"error: {SAID}", file=sys.stderr)
            end_workers()
            return exit_code(received)
    print(f"{ended.name}: {ended.message}")
    return _code(name, ended)


def _code(name: str, ended: "State[None]") -> int:
    if ended.is_completed():
        return NOT_COMPARED.get(str(ended.name).lower(), 0) if name == "reconcile" else 0
    error = ended.result(raise_on_failure=False)
    return error.exit_code if isinstance(error, StandingError) else 1


def _keep_server_from_ctrl_c() -> None:
    """Prefect's temporary server ends after the flow, which tells it how it ended.

    Without it the client would ask for minutes where the server is.
    """
    from prefect.server.api.server import SubprocessASGIServer

    start = SubprocessASGIServer._run_uvicorn_command

    def start_out_of_reach(self: SubprocessASGIServer) -> subprocess.Popen[Any]:
        with kept_from(signal.SIGINT):
            return start(self)

    SubprocessASGIServer._run_uvicorn_command = start_out_of_reach  # type: ignore[method-assign]


def _serve() -> int:
    from flows.deployments import require_server, serve_all

    require_server(current())
    serve_all()
    return 0


def _automations() -> int:
    import asyncio

    from flows.alerts import set_up_on_server
    from flows.deployments import require_server

    settings = current()
    require_server(settings)
    for name in asyncio.run(set_up_on_server(settings)):
        print(name)
    return 0


if __name__ == "__main__":
    end_at_once()
    sys.exit(main(sys.argv[1:]))
