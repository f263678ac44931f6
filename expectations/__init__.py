"""Is the data fit to read, are the documents fit to publish, is what was published right?

The doors are `validate`, in which Great Expectations is imported and nowhere before, and `watch`, which
does without.
"""

import gc

from expectations.verdict import FIRST, SEVERITIES, AuditError, AuditScope, ExpectationResult, Verdict

__all__ = [
    "FIRST",
    "SEVERITIES",
    "AuditError",
    "AuditScope",
    "ExpectationResult",
    "Verdict",
    "preload",
    "validate",
    "watch",
]


def validate(suite: str, scope: AuditScope) -> Verdict:
    """Audit the suite "sources", "candidates" or "published"; only reads.

    Arguments, verdict and errors are picklable, so it can run in a process of its own. A missing table
    or column is an outcome; raises AuditError for an unknown suite or a database it cannot reach.
    """
    from expectations.validation import run  # loads SQLAlchemy, then Great Expectations: seconds

    return run(suite, scope)


def watch(scope: AuditScope) -> Verdict:
    """What the suite "sources" asks of whole tables: freshness, volume, emptiness; as `validate` finds it.

    A query a table, in this process: for a run that has nothing else to look at.
    """
    from expectations.validation import watch  # loads SQLAlchemy

    return watch(scope)


def preload() -> None:
    """Load Great Expectations, telemetry off, ahead of the first `validate` of this process."""
    gc.disable()  # of what an import makes nothing is garbage, and looking costs a seventh of it
    import expectations.engine.gx  # noqa: F401

    gc.freeze()
    gc.enable()
