"""What a failed unit test of dbt found: the cells that differ, and of documents the keys, not the whole."""

import csv
import json
from collections.abc import Iterator
from typing import Any

#: Differences that are named; dbt's log has all.
NAMED = 5
#: How the first cell of a line in dbt's table marks a row that the model did not give, and one that it gave
#: besides.
MISSING, SURPLUS = "---", "+++"


def what_differs(rendered: str) -> str:
    """One line of dbt's table of actual and expected rows, as it stands in the test's message."""
    table = csv.reader(line for line in rendered.splitlines() if line.strip())
    lines = [[cell.strip() for cell in line] for line in table]
    start = next((number for number, line in enumerate(lines) if line[0] == "@@"), None)
    if start is None:
        return " ".join(rendered.split())
    columns = lines[start][1:]
    found = [said for line in lines[start + 1 :] for said in _of_row(columns, line)]
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return "; ".join(found[:NAMED]) + more


def _of_row(columns: list[str], line: list[str]) -> Iterator[str]:
    tag, *cells = line
    row = dict(zip(columns, cells, strict=False))
    if tag in (MISSING, SURPLUS):
        verb = "is expected and was not given" if tag == MISSING else "was given and is not expected"
        yield f"the row {_short(next(iter(row.items()), ('', '')))} {verb}"
    elif tag.endswith(("→", "->")):
        arrow = tag.lstrip("0123456789: ")
        stays = next((cell for cell in row.items() if arrow not in cell[1]), None)
        where = f" where {_short(stays)}" if stays else ""
        for column, cell in row.items():
            expected, differs, actual = cell.partition(arrow)
            if differs:
                for path, old, new in _apart(column, _read(expected), _read(actual)):
                    yield f"{path}{where} is {new} and not {old}"


def _short(cell: tuple[str, str]) -> str:
    return f"{cell[0]} = {cell[1][:60]}"


def _read(cell: str) -> Any:
    """A document, with its numbers as they are written; another cell as its text."""
    try:
        found = json.loads(cell, parse_float=str, parse_int=str)
    except ValueError:
        return cell
    return found if isinstance(found, dict | list) else cell


def _apart(path: str, expected: Any, actual: Any) -> Iterator[tuple[str, str, str]]:
    """The innermost places where two values differ, as path, expected and actual."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in dict.fromkeys([*expected, *actual]):
            yield from _apart(f"{path}.{key}", expected.get(key, "missing"), actual.get(key, "missing"))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, pair in enumerate(zip(expected, actual, strict=True)):
            yield from _apart(f"{path}[{number}]", *pair)
    elif expected != actual:
        yield path, _told(expected), _told(actual)


def _told(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
