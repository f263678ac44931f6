"""Marketplaces drawn by hypothesis, collected so that one load and one build check them all."""

from copy import deepcopy

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as draws_of
from hypothesis import settings as hypothesis

from reference.marketplaces import marketplaces
from reference.orders import World


def rolled(number: int, seed: int) -> list[World]:
    """So many marketplaces, the same ones for the same seed."""
    worlds: list[World] = []

    @draws_of(seed)
    @hypothesis(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(marketplaces())
    def collect(world: World) -> None:
        worlds.append(deepcopy(world))

    collect()
    return worlds
