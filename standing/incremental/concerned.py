"""Which targets a change of a source concerns: all, but for the narrow sources."""

from collections.abc import Iterator, Sequence

from standing.contract.application import SOURCES
from standing.contract.targets import TARGETS

#: Sources of which a row concerns one member, by its user_id, for some targets only → those targets.
NARROW = {source.table: source.concerns for source in SOURCES if source.concerns}


def concerned(source: str) -> list[str]:
    """The targets that a narrow source concerns."""
    return [target.name for target in TARGETS if target.name in NARROW[source]]


def by_targets(sources: Sequence[str]) -> Iterator[tuple[list[str] | None, Sequence[str]]]:
    """Of sources of which everything may have changed: those that concern all targets, as None, together,
    else each with its targets.
    """
    if wide := [source for source in sources if source not in NARROW]:
        yield None, wide
    else:
        yield from ((concerned(source), [source]) for source in sources)
