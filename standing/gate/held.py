"""Which documents a stop concerns: those over their limits, and those that are made from them."""

from collections.abc import Collection, Iterable

from standing.build.project import upstream
from standing.contract.targets import TARGETS, Target


def with_dependents(names: Collection[str]) -> frozenset[str]:
    """The targets of these names, and all whose documents are made from the candidates of one of them.

    A document that reads what is published of another, in the application's column, does not depend on it.
    """
    marts = {target.mart for target in TARGETS if target.name in names}
    return frozenset(
        target.name for target in TARGETS if target.name in names or marts & upstream(target.mart).keys()
    )


def among(targets: Iterable[Target], names: Collection[str]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.name in names)
