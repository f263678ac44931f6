"""What Prefect need not say twice."""

import logging

from prefect.exceptions import CancelledRun, FailedRun

from standing.errors import StandingError

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine")


class ToldByItsState(logging.Filter):
    """Leaves out exceptions that Prefect makes of states or finds in them: they have given their reason.

    A flow that returns a failed or cancelled state is logged once more as "exited with unexpected
    exception", with the traceback of Prefect's own reading of that state. Other exceptions keep theirs.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not isinstance(record.exc_info, tuple):
            return True
        if record.exc_info[0] is None:  # would be printed as "NoneType: None"
            record.exc_info = None
            return True
        return not isinstance(record.exc_info[1], (FailedRun, CancelledRun, StandingError))


def say_it_once() -> None:
    """Safe to repeat."""
    for name in LOGGERS:
        log = logging.getLogger(name)
        if not any(isinstance(known, ToldByItsState) for known in log.filters):
            log.addFilter(ToldByItsState())
