"""Runs without pictures, and runs without audits: both have tests of their own, and take time."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from expectations import Verdict
from standing.audit import Auditor
from standing.report import charts, distributions

PICTURES = ("flow", "over_time", "sparkline", "trend")


def _nothing(*given: object, **named: object) -> None:
    return None


def _nothing_found(auditor: Auditor, suite: str, *asked: object, **named: object) -> Verdict:
    return Verdict(suite, outcomes=(), seconds=0)


@contextmanager
def unillustrated() -> Iterator[None]:
    """Reports of this process have no pictures in here, as where they cannot be drawn."""
    with (
        patch.multiple(charts, **dict.fromkeys(PICTURES, _nothing)),
        patch.object(distributions, "distribution", _nothing),
    ):
        yield


@contextmanager
def unaudited() -> Iterator[None]:
    """Within this block runs of this process audit nothing and draw nothing."""
    with (
        unillustrated(),
        patch("standing.audit._working_process", lambda: None),
        patch.object(Auditor, "start", lambda *asked, **named: None),
        patch.object(Auditor, "verdict", _nothing_found),
        patch.object(Auditor, "watch", lambda auditor: _nothing_found(auditor, "sources")),
        patch.object(Auditor, "end", lambda auditor: None),
    ):
        yield
