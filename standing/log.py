"""Log lines of a run carry its number and stage; never members' data."""

import logging
from collections.abc import MutableMapping
from typing import Any

NAME = "standing"


class _RunLogger(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = self.extra or {}
        return f"run {extra['run_id']}, {extra['stage']}: {msg}", {**kwargs, "extra": dict(extra)}


def logger(run_id: int, stage: str) -> _RunLogger:
    """The logger of one stage of one run."""
    return _RunLogger(logging.getLogger(NAME), {"run_id": run_id, "stage": stage})
