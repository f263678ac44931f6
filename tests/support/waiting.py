"""Waiting for a state, in place of a time: as long as it takes, for a machine may be busy."""

import time
from collections.abc import Callable
from typing import Any

#: After so long a state does not come any more; no test is to be near it.
PATIENCE = 600.0


def until(true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `true` gives once it gives something; fails naming `what` if it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
