"""The checks of `standing preflight` that count: free space, and rows that a run would set aside."""

import os
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from standing.contract.additions import LOOKUPS
from standing.database.catalog import Catalog, rows
from standing.sql import quoted
from standing.text import told_apart
from standing.upgrade.checks.server import Check

#: Bytes a row grows by when its first values are written with all the defaults of its new columns.
GROWTH = {"users": 2200, "seller_profiles": 1300}
#: Bytes of a member's loyalty programme and bonus with their indexes, and of an index entry of a uuid.
LOYALTY = 650
ENTRY = 40

QUARANTINED: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "orders": {
        "created after the server's clock": ("t.created_at > clock_timestamp()", ("created_at",)),
        "with a negative total": ("t.total_amount < 0", ("total_amount",)),
        "without buyer or seller": ("t.buyer_id is null or t.seller_id is null", ()),
    },
    "reviews": {
        "with a rating outside 1 to 5": ("t.rating not between 1 and 5", ("rating",)),
        "written after the server's clock": ("t.created_at > clock_timestamp()", ("created_at",)),
    },
    "seller_profiles": {
        "with a rating score outside 0 to 5": ("t.rating_score not between 0 and 5", ("rating_score",)),
    },
}


def space(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Free space of the server's disk, where it is this machine's, against an estimate of the need."""
    need = _needed(connection, catalog)
    free = _free(connection)
    if free is None:
        message = f"about {_size(need)} is needed; the server's disk cannot be seen from here"
        yield Check("free space", "warning", message, "see that the server has it")
    elif free < need:
        message = f"about {_size(need)} is needed, {_size(free, need)} is free"
        yield Check("free space", "no-go", message, "make room on the server's disk")
    else:
        yield Check("free space", "ok", f"about {_size(need)} is needed, {_size(free, need)} is free")


def _needed(connection: Connection[Any], catalog: Catalog) -> int:
    """Table growth, indexes, and once more of the same for WAL, in bytes."""
    found = rows(
        connection,
        """
        select c.relname as name, case when c.relkind = 'p' then (
            select coalesce(sum(greatest(p.reltuples, 0)), 0)
            from pg_partition_tree(c.oid) as t join pg_class as p on p.oid = t.relid where t.isleaf
        ) else greatest(c.reltuples, pg_relation_size(c.oid) / 400) end::bigint as rows,
            (select coalesce(sum(pg_relation_size(t.relid)), 0) from pg_partition_tree(c.oid) as t)::bigint
                + pg_relation_size(c.oid) as bytes
        from pg_class as c
        where c.relnamespace = to_regnamespace(%(schema)s)
            and c.relname = any(%(grown)s)
        """,
        schema=quoted(catalog.schema),
        grown=[*GROWTH, *LOOKUPS],
    )
    need = 0
    for row in found:
        name, count = row["name"], row["rows"]
        if name in GROWTH:
            need += row["bytes"] + count * GROWTH[name]
        if name == "users":
            need += count * LOYALTY
        for index in LOOKUPS.get(name, ()):
            if not catalog.leads(name, index.column):
                need += count * ENTRY
    return 2 * need + (64 << 20)


def _free(connection: Connection[Any]) -> int | None:
    """Bytes free where the server keeps its data, or None if that is not this machine or not told."""
    if connection.info.host and not connection.info.host.startswith("/"):
        return None
    try:
        with connection.transaction():
            folder = rows(connection, "select current_setting('data_directory') as name")[0]["name"]
    except psycopg.Error:
        return None
    return shutil.disk_usage(folder).free if folder and Path(folder).exists() else None


def _size(count: int, beside: int | None = None) -> str:
    """A number of bytes; beside another one with the digits that tell them apart."""
    unit, name, digits = (2**30, "GB", 1) if count >= 2**30 else (2**20, "MB", 0)
    others = () if beside is None else (told_apart(Decimal(beside) / unit, (), digits),)
    return f"{told_apart(Decimal(count) / unit, others, digits):f} {name}"


def quarantine(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Rows that a run would set aside; one look at each table."""
    any_rows = False
    for table, reasons in QUARANTINED.items():
        known = {
            reason: condition
            for reason, (condition, needs) in reasons.items()
            if all(catalog.has(table, column) for column in needs)
        }
        if not known or not catalog.has(table):
            continue
        counts = ", ".join(f"count(*) filter (where {condition})" for condition in known.values())
        with connection.cursor() as cursor:
            statement = f"select {counts} from {quoted(catalog.schema, table)} as t"
            row = cursor.execute(statement.encode()).fetchone() or ()
        for reason, count in zip(known, row, strict=True):
            if count:
                any_rows = True
                message = f"{table}: {count:,} {reason}; a run will set them aside"
                yield Check("rows", "warning", message, "correct them, or leave them out of the scores")
    if not any_rows:
        yield Check("rows", "ok", "none that a run would set aside")


def readable_backup(file: Path | None) -> Iterator[Check]:
    """Whether a backup was named and looks like one."""
    if file is None:
        yield Check(
            "backup",
            "warning",
            "none was named",
            "standing backup FILE, then standing preflight --backup FILE",
        )
        return
    try:
        with file.open("rb") as handle:
            archive = handle.read(5) == b"PGDMP"
    except OSError as error:
        yield Check(
            "backup", "no-go", f"{file}: {os.strerror(error.errno or 0)}", "name a file that can be read"
        )
        return
    if archive:
        yield Check("backup", "ok", f"{file}, {_size(file.stat().st_size)}")
    else:
        yield Check("backup", "no-go", f"{file} is no archive of pg_dump", f"standing backup {file}")
