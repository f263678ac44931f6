"""The cells of a policy file, or why it cannot be read, with the line where that can be told."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from standing.text import UnreadableFile, text_of


def cells_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number of its first line and cells of each row, the header's first; raises UnreadableFile."""
    reader = csv.reader(StringIO(text_of(path), newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise UnreadableFile(f"line {before + 1} is no row of a CSV file: {error}") from None
    if before == 0:
        raise UnreadableFile("is empty: it lacks the line with the names of its columns")
