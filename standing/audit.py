"""The one door from the core to the expectations, which work in a process of their own.

Great Expectations takes seconds to load: the process loads it while this one loads dbt. It ends with the
run's last audit, because it holds as much memory as dbt does; `lasting` keeps it for many runs.
"""

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from sqlalchemy import URL

from expectations import FIRST, SEVERITIES, AuditError, AuditScope, Verdict, preload, validate, watch
from standing.contract.targets import TARGETS, AnyTarget
from standing.database.conninfo import forget_session_variables
from standing.database.session_settings import fix_of
from standing.errors import AuditFailed, StandingError
from standing.interruption import SIGNALS, kept_from
from standing.process_end import begin_cleaner, end_with_parent
from standing.settings import Settings

__all__ = [
    "FIRST",
    "SEVERITIES",
    "SUITES",
    "Auditor",
    "Verdict",
    "audit_failed",
    "auditor",
    "lasting",
    "load_ahead",
    "write_data_docs",
]

#: The audits of a run, in its order.
SUITES = ("sources", "candidates", "published")


@dataclass(frozen=True)
class Auditor:
    """Validates suites of one database in its own process, which begins to load with the first audit."""

    scope: AuditScope

    def of(self, targets: tuple[AnyTarget, ...]) -> Self:
        """The auditor of some targets of the same database."""
        return replace(self, scope=replace(self.scope, targets=targets))

    def start(self, suite: str, due_only: bool = False) -> Future[Verdict]:
        """Begin an audit of all members, or of those whom the run builds, beside this process."""
        return _working_process().submit(validate, suite, replace(self.scope, due_only=due_only))

    def verdict(self, suite: str, due_only: bool = False, begun: Future[Verdict] | None = None) -> Verdict:
        """The verdict of one suite, or of an audit that was begun.

        Raises StandingError if the audit itself could not be made.
        """
        try:
            return (begun or self.start(suite, due_only)).result()
        except BrokenProcessPool:
            _process.cache_clear()
            raise StandingError(
                f"audit {suite}: the process that audits was ended", "standing run"
            ) from None
        except AuditError as error:
            raise _not_made(suite, error) from None

    def watch(self) -> Verdict:
        """What is asked of the sources as wholes, in this process and without Great Expectations.

        Raises StandingError if it could not be looked at.
        """
        try:
            return watch(self.scope)
        except AuditError as error:
            raise _not_made("sources", error) from None

    def end(self) -> None:
        """No more audits are asked for: the process ends, unless it is to last."""
        if not _lasting and _process.cache_info().currsize:
            _process().shutdown(wait=False, cancel_futures=True)
            _process.cache_clear()


def _not_made(suite: str, error: AuditError) -> StandingError:
    return StandingError(f"audit {suite}: {error.message}", fix_of(error.message, error.fix))


#: Those who want the process to last.
_lasting: list[object] = []


@contextmanager
def lasting() -> Iterator[None]:
    """The process that audits stays from run to run in here, and loads once."""
    one = object()
    _lasting.append(one)
    try:
        yield
    finally:
        _lasting.remove(one)


def audit_failed(verdict: Verdict) -> AuditFailed:
    """The error of a run that may not go on: its first critical expectation, and the others' names."""
    worst, *others = verdict.failures("critical")
    also = f" Failed as well: {', '.join(one.expectation for one in others)}." if others else ""
    return AuditFailed(
        f"audit {verdict.suite}: {worst.expectation}: {worst.observed}; {worst.meaning}{also}",
        fix_of(worst.observed, worst.action),
    )


def write_data_docs(settings: Settings, url: URL, folder: Path) -> list[Path]:
    """Audit anew, with Great Expectations' own pages of it under `folder`; the first page of each suite.

    The pages are for those who know that library; unlike the run's report they load scripts from elsewhere.
    """
    opened = auditor(settings, url, TARGETS, data_docs=str(folder))
    for suite in SUITES:
        opened.verdict(suite)
    return [folder / suite / "index.html" for suite in SUITES]


def auditor(settings: Settings, url: URL, targets: tuple[AnyTarget, ...], **asked: Any) -> Auditor:
    """An auditor of the settings' database; `asked` are other fields of the scope."""
    scope = AuditScope(
        url=url.render_as_string(hide_password=False),
        build_schema=settings.build_schema,
        application_schema=settings.application_schema,
        targets=targets,
        source_time_zone=settings.source_time_zone,
        **asked,
    )
    return Auditor(scope)


def load_ahead() -> None:
    """Have the process begin to load, where an auditor is sure to be asked for soon."""
    _working_process()


def _working_process() -> ProcessPoolExecutor:
    """The process; a new one if the last one broke in an audit that nobody waited for."""
    try:
        _process().submit(int)
    except BrokenProcessPool:
        _process.cache_clear()
    return _process()


@cache
def _process() -> ProcessPoolExecutor:
    """The process that audits."""
    forget_session_variables()
    begin_cleaner()  # beginning it later would let the signals through again
    # It ends with this one, which Ctrl-C at a terminal reaches as well.
    with _without_main(), kept_from(*SIGNALS):
        # Spawned and not forked: open connections and threads stay where they are.
        pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent
        )
        pool.submit(preload)
    return pool


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep the audit's process from importing the module that this one was started as."""
    started_as = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = started_as
