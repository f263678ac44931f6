"""Numbers of seeds/ that make no sense by themselves: out of their range, or no multiple of their step."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from standing.build.policy_tables import Seed

ONE = Decimal(1)


def out_of_range(seed: Seed, root: Path) -> Iterator[str]:
    """A sentence for each number that is, by file, line and key; its cells are known to be numbers."""
    for number, row in seed.rows(root):
        place = seed.place(number, row)
        for column, ends in seed.ranges.items():
            low, high = (_at(end, row) for end in ends)
            if column in seed.shares and row[seed.key[0]].endswith("_share"):
                high = ONE if high is None else min(high, ONE)
            given = _at(column, row)
            if given is not None and not (
                (low is None or low <= given) and (high is None or given <= high)
            ):
                yield f"{place}: {column} is {row[column]} and not {_words(low, high)}"
        for column, by in seed.steps.items():
            step = _at(by, row)
            if step is not None and step <= 0:
                yield f"{place}: {by} is {row[by]} and not above 0"
            elif step is not None and not _is_multiple(Decimal(row[column]), step):
                whole = "a whole number" if step == 1 else f"a multiple of {row[by]}"
                yield f"{place}: {column} is {row[column]} and not {whole}"


def falling(seed: Seed, root: Path) -> Iterator[str]:
    """A sentence for each number that is smaller than the one that it has to reach."""
    if not seed.rise:
        return
    rows = {seed.key_of(row): (seed.place(number, row), row) for number, row in seed.rows(root)}
    if set(seed.rise) <= seed.types.keys():
        pairs = [(place, *((name, row[name]) for name in seed.rise)) for place, row in rows.values()]
    else:
        first, second = ((name, rows[name][1]["value"]) for name in seed.rise if name in rows)
        pairs = [(rows[second[0]][0], first, second)]
    for place, (less, low), (more, high) in pairs:
        if low and high and Decimal(high) < Decimal(low):
            yield f"{place}: {more} is {high}, and {less} is {low}, which is more"


def _at(end: Decimal | str, row: dict[str, str]) -> Decimal | None:
    """The number, or the one in the row's column of that name; None where that is empty."""
    if isinstance(end, Decimal):
        return end
    return Decimal(row[end]) if row[end] else None


def _is_multiple(given: Decimal, step: Decimal) -> bool:
    try:
        return given % step == 0
    except InvalidOperation:  # the one has more digits than can be counted in the other
        return False


def _words(low: Decimal | None, high: Decimal | None) -> str:
    if low is None or high is None:
        return f"{high:f} at most" if low is None and high is not None else f"{low:f} at least"
    return f"from {low:f} to {high:f}"
