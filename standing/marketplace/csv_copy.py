"""Published CSV files, plain or gzip'd, streamed into typed staging tables.

PostgreSQL's own COPY does the parsing, so that its errors name line and column of the file.
"""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql

from standing.errors import StandingError

CHUNK = 1 << 18
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadFile(StandingError):
    """A file to load is missing or malformed; names file, line and column where they are known."""

    exit_code = 2


@dataclass(frozen=True)
class CsvSource:
    """One expected file: `columns` are those we read, with their PostgreSQL types; others are ignored."""

    name: str
    staging: str
    columns: Mapping[str, str]


def locate(folder: Path, source: CsvSource) -> Path:
    """The file, plain before gzip'd; raises BadFile."""
    for path in (folder / f"{source.name}.csv", folder / f"{source.name}.csv.gz"):
        if path.is_file():
            return path
    raise BadFile(
        f"{folder} has neither {source.name}.csv nor {source.name}.csv.gz",
        "name the folder that holds all files of the dataset",
    )


def fingerprint(paths: list[Path]) -> str:
    """The same for the same files, wherever they are."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:16]


def stage(connection: "psycopg.Connection[tuple[object, ...]]", path: Path, source: CsvSource) -> int:
    """Rows copied into the temporary table `source.staging`, which is made here; raises BadFile."""
    try:
        with _opened(path) as handle:
            header = _header(path, source, handle.readline())
            _create_staging(connection, source, header)
            with connection.cursor() as cursor:
                with cursor.copy(_copy_statement(source, header)) as copy:
                    for chunk in _records(handle):
                        copy.write(chunk)
                return cursor.rowcount
    except psycopg.DataError as error:
        raise BadFile(_explained(path, error), "correct the line, or download the file again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{path} cannot be read: {error}", "download the file again") from None


def _opened(path: Path) -> BinaryIO:
    # gzip's class reads like any binary file
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _header(path: Path, source: CsvSource, line: bytes) -> list[str]:
    try:
        words = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise BadFile(f"{path}, line 1 is not UTF-8", "download the file again") from None
    header = [name.strip() for name in next(csv.reader([words]), [])]
    missing = [name for name in source.columns if name not in header]
    if missing or len(set(header)) < len(header):
        problem = f"has no column {missing[0]!r}" if missing else "names a column twice"
        raise BadFile(f"{path}, line 1 {problem}; it has {', '.join(header)}", "download the file again")
    return header


def _create_staging(
    connection: "psycopg.Connection[tuple[object, ...]]", source: CsvSource, header: list[str]
) -> None:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(source.columns.get(name, "text")))
        for name in header
    ]
    statement = sql.SQL("create temporary table {} ({}) on commit drop")
    connection.execute(statement.format(sql.Identifier(source.staging), sql.SQL(", ").join(columns)))


def _copy_statement(source: CsvSource, header: list[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, header))
    options = "format csv, encoding 'UTF8'"
    return sql.SQL("copy pg_temp.{} ({}) from stdin ({})").format(
        sql.Identifier(source.staging), names, sql.SQL(options)
    )


def _records(handle: BinaryIO) -> Iterator[bytes]:
    """The file's bytes in chunks, with LF at the end of every record (COPY refuses a mixture)."""
    quoted, size = False, 0
    pending: list[bytes] = []
    for line in handle:
        quoted ^= bool(line.count(b'"') & 1)
        ended = line[:-2] + b"\n" if not quoted and line.endswith(b"\r\n") else line
        pending.append(ended)
        size += len(ended)
        if size > CHUNK:
            yield b"".join(pending)
            pending, size = [], 0
    yield b"".join(pending)


def _explained(path: Path, error: psycopg.Error) -> str:
    """The file's own line for `COPY staged_orders, line 3, column price: "x"`: the header was line 1."""
    context = (error.diag.context or "").partition(":")[0]
    words = dict(part.strip().split(" ", 1) for part in context.split(",") if " " in part.strip())
    line = f", line {int(words['line']) + 1}" if words.get("line", "").isdigit() else ""
    column = f", column {words['column']!r}" if "column" in words else ""
    return f"{path}{line}{column}: {error.diag.message_primary}"
