"""Prefect only: each flow is one short file over the core in `standing`.

Prefect's state stays in the project's folder and nothing is reported home; both can be set otherwise.
"""

import logging
import os
import sys

from standing.errors import StandingError
from standing.log import NAME
from standing.services.prefect import environment, folder
from standing.settings import current


def _quiet_and_local() -> None:
    """Defaults that Prefect reads when it is first imported."""
    folder(current()).mkdir(parents=True, exist_ok=True)  # Prefect does not make its parents
    for name, value in environment(current()).items():
        os.environ.setdefault(name, value)
    logging.getLogger(NAME).setLevel(logging.INFO)


try:
    _quiet_and_local()
except StandingError as error:
    # `python -m flows` imports the package before its own first line.
    if sys.argv[:1] == ["-m"]:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    raise
