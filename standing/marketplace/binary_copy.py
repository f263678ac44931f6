"""PostgreSQL's binary COPY format, written by NumPy a block of rows at a time.

A field is a column of one block: `payload` holds each row's bytes, padded to the widest; `sizes` the bytes
that count, -1 for null, or None where every row uses the full width.
"""

from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Texts = NDArray[np.bytes_]

#: Instants are microseconds since 1970 in UTC; this one is null, and earlier than every other.
NULL = int(np.iinfo(np.int64).min)
#: 2000-01-01, PostgreSQL's own zero, in microseconds since 1970.
POSTGRES_EPOCH = 946_684_800_000_000
SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"


@dataclass(frozen=True)
class Field:
    payload: Bytes
    sizes: NDArray[np.int32] | None = None


def _big_endian(values: NDArray[np.generic], code: str) -> Bytes:
    width = np.dtype(code).itemsize
    return values.astype(code).view(np.uint8).reshape(len(values), width)


def _with_nulls(payload: Bytes, missing: Booleans | None) -> Field:
    if missing is None or not missing.any():
        return Field(payload)
    return Field(payload, np.where(missing, -1, payload.shape[1]).astype(np.int32))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser: a bijection of 64 bits that looks random."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def identifiers(seed: int, kind: int, index: Integers, missing: Booleans | None = None) -> Field:
    """The uuids of things number `index` of a kind: same seed, kind and number, same uuid, anywhere."""
    halves = []
    for half in (1, 2):
        start = np.array([(seed * 64 + kind) * 2 + half], dtype=np.uint64)
        halves.append(_mixed(index.astype(np.uint64) + _mixed(start * np.uint64(0x9E3779B97F4A7C15))))
    payload = np.hstack([_big_endian(half, ">u8") for half in halves])
    payload[:, 6] = payload[:, 6] & 0x0F | 0x40
    payload[:, 8] = payload[:, 8] & 0x3F | 0x80
    return _with_nulls(payload, missing)


def instants(microseconds: Integers) -> Field:
    """timestamptz, from microseconds since 1970."""
    missing = microseconds == NULL
    return _with_nulls(_big_endian(np.where(missing, 0, microseconds - POSTGRES_EPOCH), ">i8"), missing)


def money(hundredths: Integers, missing: Booleans | None = None) -> Field:
    """numeric with two decimals, from non-negative hundredths below 10^14."""
    whole = hundredths // 100
    digits = [whole // 10**8, whole // 10**4 % 10**4, whole % 10**4, hundredths % 100 * 100]
    words = np.empty((len(hundredths), 8), dtype=">i2")
    words[:, :4] = (4, 2, 0, 2)  # four base-10000 digits, the first worth 10000², positive, scale 2
    words[:, 4:] = np.stack(digits, axis=1)
    return _with_nulls(words.view(np.uint8), missing)


def integers(values: NDArray[np.generic]) -> Field:
    """integer (32 bits)."""
    return Field(_big_endian(values, ">i4"))


def floats(values: NDArray[np.generic]) -> Field:
    """double precision."""
    return Field(_big_endian(values, ">f8"))


def booleans(values: Booleans) -> Field:
    return Field(values.astype(np.uint8).reshape(-1, 1))


def texts(values: Texts, missing: Booleans | None = None) -> Field:
    """text, from UTF-8 bytes."""
    values = np.ascontiguousarray(values)
    sizes = np.char.str_len(values).astype(np.int32)
    if missing is not None:
        sizes[missing] = -1
    return Field(values.view(np.uint8).reshape(len(values), values.itemsize), sizes)


def encode(fields: list[Field]) -> bytes:
    """The rows of one block, without signature and trailer."""
    count = len(fields[0].payload)
    matrix = np.empty((count, 2 + sum(4 + field.payload.shape[1] for field in fields)), dtype=np.uint8)
    keep = np.ones(matrix.shape, dtype=np.bool_)
    matrix[:, :2] = np.array([len(fields)], dtype=">i2").view(np.uint8)
    at = 2
    for field in fields:
        width = field.payload.shape[1]
        sizes = np.full(count, width, dtype=np.int32) if field.sizes is None else field.sizes
        matrix[:, at : at + 4] = _big_endian(sizes, ">i4")
        matrix[:, at + 4 : at + 4 + width] = field.payload
        if field.sizes is not None:
            keep[:, at + 4 : at + 4 + width] = np.arange(width) < sizes[:, None]
        at += 4 + width
    return matrix[keep].tobytes()


class TableWriter:
    """Appends blocks to tables made in the same transaction, and counts the rows of each."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection
        self.counts: dict[str, int] = {}

    def append(self, table: str, columns: dict[str, Field], schema: str | None = None) -> None:
        """One block; `columns` by name, all of the same number of rows."""
        rows = len(next(iter(columns.values())).payload)
        self.counts[table] = self.counts.get(table, 0) + rows
        if rows == 0:
            return
        target = sql.Identifier(schema, table) if schema else sql.Identifier(table)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze)").format(target, names)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(SIGNATURE)
            copy.write(encode(list(columns.values())))
            copy.write(TRAILER)
