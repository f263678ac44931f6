"""Prefect only: each flow is one short file over the core in `standing`.

Prefect's state stays in the project's folder and nothing is reported home; both can be set otherwise.
"""

import logging
import os

from standing.log import NAME
from standing.settings import current


def _quiet_and_local() -> None:
    """Defaults that Prefect reads when it is first imported."""
    home = current().home / "prefect"
    home.mkdir(parents=True, exist_ok=True)  # Prefect does not make its parents
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Without a server Prefect starts one for the run; on a slow machine that takes longer than its 20 s.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "standing",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    logging.getLogger(NAME).setLevel(logging.INFO)


_quiet_and_local()
