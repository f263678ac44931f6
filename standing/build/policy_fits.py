"""Rows that one `standing fit` wrote into several files of seeds/: they hold together, or are refused.

A fit's mark stands in the `why` of each row that it wrote. Rows with another `why` are a person's own.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from standing.build.policy_tables import Seed

#: The tables that a fit writes: the rates are those of the points beside them.
FITTED = ("problem_bins", "problem_rates")


def mark_of(fitted: str) -> str:
    """The mark of a fit that gave this."""
    return f"fit {hashlib.sha256(fitted.encode()).hexdigest()[:8]}"


def half_written(tables: Iterable[Seed], root: Path) -> Iterator[str]:
    """A sentence for each fit of which one table has rows and another has none, by its first row."""
    marks = {seed.name: dict(_marks(seed, root)) for seed in tables if seed.name in FITTED}
    files = " and ".join(f"seeds/{name}.csv" for name in FITTED)
    for mine in marks.values():
        for other, theirs in marks.items():
            yield from (
                f"{place} is of the {mark}, and seeds/{other}.csv has no row of it: {files} were not"
                " written together, or only one was taken back; git checkout takes back both"
                for mark, place in mine.items()
                if mark not in theirs
            )


def _marks(seed: Seed, root: Path) -> Iterator[tuple[str, str]]:
    """Each row's mark and place, the last row first, so that a dict has the first place of each mark."""
    for number, row in reversed(list(seed.rows(root))):
        if found := re.search(r"\bfit [0-9a-f]{8}\b", row["why"]):
            yield found.group(), seed.place(number, row)
