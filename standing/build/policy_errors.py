"""Messages of failed dbt tests for the person who edited a seed: file, line, row, what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.exc import DataError, SQLAlchemyError

from standing.build.policy_tables import Seed, seeds
from standing.database.connect import make_engine, server_message

#: Rows of one failed test that are named.
NAMED = 3


def failing_rows(url: URL, result: Any) -> list[dict[str, Any]]:
    """The first rows that a failed data test found; none where they cannot be read."""
    compiled = getattr(result.node, "compiled_code", None)  # a seed is never compiled
    if not compiled:
        return []
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            query = f"select * from ({compiled}) as found limit {NAMED}"
            found = connection.exec_driver_sql(query.replace("%", "%%")).mappings().all()
    except SQLAlchemyError:
        return []  # the failure itself is said all the same
    finally:
        engine.dispose()
    return [dict(row) for row in found]


def refused_cells(root: Path, url: URL, seed: Seed, types: dict[str, str]) -> list[str]:
    """A sentence for each cell that the server does not take for its column's type; dbt names no row."""
    engine = make_engine(url)
    found: list[str] = []
    try:
        with engine.connect() as connection:
            for number, row in seed.rows(root):
                for column, cell in ((column, row[column]) for column in types if row[column]):
                    try:
                        with connection.begin_nested():
                            connection.execute(
                                text(f"select cast(:cell as {types[column]})"), {"cell": cell}
                            )
                    except DataError as error:
                        said = f"{column} is {cell!r}: {server_message(error)}"
                        found.append(f"{seed.place(number, row)}: {said}")
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()
    return found


def wrong_policy(root: Path, url: URL, failed: list[Any]) -> list[str]:
    """A sentence for each wrong row of the project's policy; none where something else failed, too."""
    tables = {seed.name: seed for seed in seeds(root)}
    found: dict[str, None] = {}
    for result in failed:
        node = result.node
        if node.resource_type == "seed":
            sentences = refused_cells(root, url, tables[node.name], node.config.column_types)
        else:
            rows = failing_rows(url, result) if node.resource_type == "test" else []
            sentences = [sentence for row in rows for sentence in _sentences(root, tables, node, row)]
        if not sentences:
            return []
        found |= dict.fromkeys(sentences)
    return list(found)


def _sentences(root: Path, tables: dict[str, Seed], test: Any, row: dict[str, Any]) -> Iterator[str]:
    """A test of ours says it itself; a generic one has a column and the value in it that is wrong."""
    if "what_is_wrong" in row:
        yield _placed(root, tables[row["seed_name"]], row["row_key"], row["what_is_wrong"])
        return
    seed = tables.get((getattr(test, "attached_node", None) or "").rpartition(".")[2])
    if seed is None:
        return
    value = next(iter(row.values()), None)
    wrong = _wrong(test, value)
    lines = [
        seed.place(number, cells)
        for number, cells in seed.rows(root)
        if cells.get(test.column_name) == ("" if value is None else str(value))
    ]
    yield from (f"{place}: {wrong}" for place in lines or [seed.file])


def _wrong(test: Any, value: Any) -> str:
    kind, given = test.test_metadata.name, test.test_metadata.kwargs
    given = {**given, **given.get("arguments", {})}
    if kind == "accepted_values":
        return f"{test.column_name} is {value!r} and none of {', '.join(map(str, given['values']))}"
    if kind == "relationships":
        other = str(given["to"]).partition("'")[2].partition("'")[0]
        return f"{test.column_name} is {value!r}, which seeds/{other}.csv does not have"
    if kind == "unique":
        return f"{test.column_name} {value!r} is there twice"
    return f"{test.column_name} may not be empty" if kind == "not_null" else f"fails {test.name}"


def _placed(root: Path, seed: Seed, key: str | None, wrong: str) -> str:
    """The row's line is looked up in the file: the table does not know it."""
    for number, cells in seed.rows(root):
        if key is not None and seed.key_of(cells) == key:
            return f"{seed.place(number, cells)}: {wrong}"
    return f"{seed.file} ({key}): {wrong}" if key else f"{seed.file}: {wrong}"
