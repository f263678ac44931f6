"""Sources whose changes no trigger of ours can log, whatever `standing migrate` makes.

One such source makes every run a full one; runs, preflight and `standing status` name it. Each cause is a
function in `CAUSES`, from the catalogue to a phrase a source.
"""

from collections.abc import Callable, Iterator

from standing.contract.application import SOURCES
from standing.database.catalog import Catalog

#: pg_class.relkind of what can be read and has no triggers for us.
READ_ONLY = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


def unfollowed(catalog: Catalog) -> dict[str, list[str]]:
    """Table → why its changes cannot be logged, each a phrase; tables that can be followed are left out."""
    phrases: dict[str, list[str]] = {}
    for cause in CAUSES:
        for table, phrase in cause(catalog):
            phrases.setdefault(table, []).append(phrase)
    return phrases


def _read_only(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for source in SOURCES:
        if (kind := catalog.others.get(source.table)) in READ_ONLY:
            yield source.table, f"{source.table} is {READ_ONLY[kind]}, whose changes cannot be logged"


def _partition_elsewhere(catalog: Catalog) -> Iterator[tuple[str, str]]:
    sources = {source.table for source in SOURCES}
    for one in catalog.partitions:
        if one.foreign and one.table in sources:
            yield one.table, f"{one.name} is on another server, where its changes cannot be logged"


CAUSES: tuple[Callable[[Catalog], Iterator[tuple[str, str]]], ...] = (_read_only, _partition_elsewhere)
