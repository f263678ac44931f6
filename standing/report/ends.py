"""How a run ended and what became of it, in the words and colours of the pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class End:
    """A word with its sign, the class that colours it, and how several such runs are counted."""

    word: str
    mood: str
    counted: str


#: By name, in the order in which the index counts them.
ENDS = {
    "passed": End("✓ Passed", "passed", "passed"),
    "warned": End("! Passed with warnings", "warned", "passed with warnings"),
    "stopped": End("■ Waits for a decision", "stopped", "waiting for a decision"),
    "failed": End("✕ Failed", "failed", "failed"),
    "crashed": End("✕ Crashed", "failed", "crashed"),
    "interrupted": End("✕ Interrupted", "failed", "interrupted"),
    "approved": End("✓ Stopped, then approved", "decided", "approved"),
    "rejected": End("✕ Stopped, then rejected", "decided", "rejected"),
    "expired": End("– Stopped, and nobody decided", "decided", "expired"),
    "undone": End("↶ Undone", "undone", "undone"),
    "reconciled": End("✓ Reconciled", "passed", "reconciled"),
    "reconciled with warnings": End("! Reconciled, with warnings", "warned", "reconciled with warnings"),
    "differs": End("! Reconciled: documents differ", "warned", "reconciled with differences"),
    "replayed": End("↺ Replayed", "quiet", "replayed"),
    "replayed with warnings": End("! Replayed, with warnings", "warned", "replayed with warnings"),
    "waiting": End("… Waited for a decision", "quiet", "waited for a decision"),
    "skipped": End("– Skipped", "quiet", "skipped"),
    "running": End("… Running", "quiet", "running when this was written"),
    "verified": End("✓ Upgrade verified", "passed", "verified"),
    "unverified": End("✕ Upgrade not whole", "failed", "not verified"),
}

#: What a bar of a colour is, and the sign above it where it has one.
MOODS = {
    "passed": "passed or reconciled",
    "warned": "! with warnings",
    "stopped": "■ waits for a decision",
    "failed": "✕ failed",
    "decided": "stopped, then decided or expired",
    "undone": "undone",
    "quiet": "replayed, waited, skipped or running",
}


def end_of(status: str, verdict: str) -> str:
    """The name of a run's end, by its status in the run registry and by the verdict of its report."""
    if status == "replayed" and verdict == "warned":
        return "replayed with warnings"
    if status in ENDS and status not in ("failed", "stopped"):
        return status
    return verdict if verdict in ENDS else "failed"


@dataclass(frozen=True)
class Became:
    """What became of a run after it had ended: a sentence, and commands that help now, one each.

    `run` is the number of the run that it tells of, and `page` leads to that one's report.
    """

    end: str
    sentence: str = ""
    commands: tuple[str, ...] = ()
    page: str = ""
    run: int | None = None
