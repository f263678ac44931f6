"""Sources whose changes no trigger of ours can log, whatever `standing migrate` makes.

One such source makes every run a full one; runs, preflight and `standing status` name it. Each cause is a
function in `CAUSES`, from the catalogue to a phrase a source.
"""

from collections.abc import Callable, Iterator

from standing.contract.application import SOURCES
from standing.contract.relations import READ_ONLY
from standing.database.catalog import Catalog, Child, Partition
from standing.incremental.capture import has_triggers_of


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


def _part_elsewhere(catalog: Catalog) -> Iterator[tuple[str, str]]:
    sources = {source.table for source in SOURCES}
    parts: tuple[Partition | Child, ...] = (*catalog.partitions, *catalog.children)
    for one in parts:
        if one.foreign and one.table in sources:
            yield one.table, f"{one.name} is on another server, where its changes cannot be logged"


def _part_of_two(catalog: Catalog) -> Iterator[tuple[str, str]]:
    sources = {source.table for source in SOURCES}
    for one in catalog.children:
        if one.table in sources and not one.foreign and not has_triggers_of(catalog, one, one.table):
            yield (
                one.table,
                f"{one.name} belongs to {one.table} and to another source: one of them misses it",
            )


def _virtual_key(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for source in SOURCES:
        for column in source.keys:
            if (source.table, column) in catalog.virtual:
                yield source.table, f"{source.table}.{column} is a virtual column, which no trigger sees"


def _unlogged(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for source in SOURCES:
        if source.table in catalog.unlogged:
            yield source.table, f"{source.table} is unlogged: a crash empties it, which no trigger sees"


CAUSES: tuple[Callable[[Catalog], Iterator[tuple[str, str]]], ...] = (
    _read_only,
    _part_elsewhere,
    _part_of_two,
    _virtual_key,
    _unlogged,
)
