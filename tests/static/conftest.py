"""A database for tools that compile the dbt project."""

from collections.abc import Callable, Iterator

import pytest

from standing.embedded import Server
from standing.settings import Settings, load_settings


@pytest.fixture(scope="module")
def built(
    postgres: Server,
    administer: Callable[[str], None],
    upgraded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings that lead dbt to an upgraded database."""
    name = "static"
    administer(f"create database {name} template {upgraded_template}")
    home = tmp_path_factory.mktemp("static")
    yield load_settings(STANDING_HOME=home, DATABASE_URL=postgres.url(name))
    administer(f"drop database {name} with (force)")
