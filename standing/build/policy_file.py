"""A policy file as text and cells, or why it cannot be read, with the line where that can be told."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

#: What Excel and others put before text in other encodings than UTF-8.
MARKS = {b"\xff\xfe\0\0": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
SAVE = 'save it in UTF-8 (in Excel: "CSV UTF-8")'


class UnreadableFile(Exception):
    """A file is no CSV in UTF-8; the message says why and is for the person who edited it."""


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


def text_of(path: Path) -> str:
    """The file's text; raises UnreadableFile."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile("is missing") from None
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            raise UnreadableFile(f"is in {encoding} and not in UTF-8: {SAVE}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = f"line {line} has the byte {data[error.start]:#04x}, which is not UTF-8"
        raise UnreadableFile(f"{wrong}: {SAVE}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableFile(f"line {line} has a zero byte, as UTF-16 has: {SAVE}")
    return text
