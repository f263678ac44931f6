"""Log lines of a run carry its number and stage; never members' data."""

import json
import logging
import time
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

NAME = "standing"
#: How often long work says how far it is.
PACE_SECONDS = 5
#: What a line for a collector says beside its time, level and message, where the record has it.
FIELDS = ("run_id", "stage", "done", "total", "flow_run_name", "task_run_name")


class _RunLogger(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return f"run {extra['run_id']}, {extra['stage']}: {msg}", {**kwargs, "extra": extra}


def logger(run_id: int, stage: str) -> _RunLogger:
    """The logger of one stage of one run; `extra` with `done` and `total` tells how far it is."""
    return _RunLogger(logging.getLogger(NAME), {"run_id": run_id, "stage": stage})


def log_progress(run_id: int, stage: str, what: str) -> Callable[[int, int], None]:
    """Gives a function that logs, every few seconds, how many of how many (0: not known) are done."""
    log = logger(run_id, stage)
    logged_at = time.monotonic()

    def on_progress(done: int, total: int) -> None:
        nonlocal logged_at
        if time.monotonic() - logged_at >= PACE_SECONDS:
            logged_at = time.monotonic()
            log.info("%d of %s %s", done, total or "the", what, extra={"done": done, "total": total})

    return on_progress


class JsonLines(logging.Formatter):
    """One JSON object a line, for log collectors: time (UTC), level, logger, message, run_id, stage."""

    def __init__(self, *_format: Any) -> None:
        super().__init__()  # logging's configuration gives a format; there is only this one

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
