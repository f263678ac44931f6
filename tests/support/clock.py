"""A clock that tests set, in place of the one that goes on."""

import sys
from collections.abc import Callable
from datetime import datetime

import pytest


def set_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """Every module of this process that reads the clock reads `now`; those that import it later do not."""
    for name, module in list(sys.modules.items()):
        is_ours = name.startswith("standing.") and name != "standing.database.clock"
        if is_ours and "wall_clock" in vars(module):
            monkeypatch.setattr(module, "wall_clock", lambda engine: now())
