"""What an application lacks of what Standing reads, and what that costs its members."""

from collections.abc import Mapping
from dataclasses import dataclass

from standing.contract.application import SOURCES
from standing.contract.sources import Loss, Source


@dataclass(frozen=True)
class Gap:
    """Columns of one table that are missing, and what members lose by that."""

    table: str
    columns: tuple[str, ...]
    loss: Loss


def gaps(found: Mapping[str, Mapping[str, str]]) -> tuple[Gap, ...]:
    """The gaps of an application with these tables and columns."""
    return tuple(gap for source in SOURCES for gap in _gaps(source, found.get(source.table, {})))


def _gaps(source: Source, found: Mapping[str, str]) -> list[Gap]:
    missing = [column for column in source.columns if column.name not in found]
    return [
        Gap(source.table, tuple(column.name for column in missing if column.loss == loss), loss)
        for loss in dict.fromkeys(column.loss for column in missing)
        if loss
    ]
