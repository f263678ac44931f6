"""Which documents a stop concerns: those over their limits, and those that are made from them."""

from collections.abc import Collection, Iterable

from standing.build.project import upstream
from standing.contract.targets import TARGETS, AnyTarget


def with_dependents(names: Collection[str]) -> frozenset[str]:
    """The targets of these names, and all whose documents are made from the candidates of one of them.

    A document that reads what is published of another, in the application's column, does not depend on it.
    """
    marts = {mart for target in TARGETS if target.name in names for mart in target.marts}
    return frozenset(
        target.name
        for target in TARGETS
        if target.name in names or any(marts & upstream(mart).keys() for mart in target.marts)
    )


def among(targets: Iterable[AnyTarget], names: Collection[str]) -> tuple[AnyTarget, ...]:
    return tuple(target for target in targets if target.name in names)
