"""Prefect only: each flow is one short file over the core in `standing`.

Prefect's state stays in STANDING_HOME and nothing is reported home, whatever the shell says to Prefect.
"""

import sys

from standing.interruption import listen
from standing.surroundings import begin_anew

if sys.argv[:1] == ["-m"]:  # `python -m flows`, whose own first line comes after these
    begin_anew()
    listen()

import logging
import os

from standing.errors import StandingError, closed_home
from standing.log import NAME
from standing.services.prefect import environment, folder
from standing.settings import current
from standing.surroundings import in_flow_run, pin


def _quiet_and_local() -> None:
    """What Prefect reads when it is first imported; a process that Prefect started was told before."""
    pin()
    try:
        folder(current()).mkdir(parents=True, exist_ok=True)  # Prefect does not make its parents
    except OSError as error:
        raise closed_home(error, current().home) or error from None
    told = dict(os.environ) if in_flow_run() else {}
    os.environ.update({**environment(current()), **told})
    logging.getLogger(NAME).setLevel(logging.INFO)


try:
    _quiet_and_local()
except StandingError as error:
    if sys.argv[:1] == ["-m"]:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    raise
