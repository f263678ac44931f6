"""What the server, the role and this machine allow, as far as it can be foreseen: checks that only read."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from standing.database.catalog import Catalog, rows
from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.sql import quoted, render
from standing.upgrade.blockers import holders
from standing.upgrade.checks.server import Check

#: Connections of a run besides the threads: its lock, its own two, dbt's first and the audits'.
BESIDE_THREADS = 4
#: Bytes that dbt's files, logs and reports take within a few runs.
HOME_BYTES = 200 << 20


def limits(connection: Connection[Any], catalog: Catalog, settings: Settings) -> Iterator[Check]:
    found = rows(connection, render("upgrade/checks/limits.sql.j2"))[0]
    yield from _connections(found, settings.threads + BESIDE_THREADS)
    yield from _tablespace(found)
    yield from _ends(found)
    yield from _event_triggers(connection)
    yield from _hidden_transactions(connection, catalog, found)
    yield from _home(settings.home)


def forbidden(connection: Connection[Any]) -> Iterator[Check]:
    """What forbids all work: an encoding that lacks letters, sessions that only read, no language."""
    found = rows(
        connection,
        """
        select current_setting('server_encoding') as encoding,
            current_setting('default_transaction_read_only') = 'on' as reads,
            exists (
                select from pg_language where lanname = 'plpgsql' and has_language_privilege(oid, 'usage')
            ) as has_plpgsql
        """,
    )[0]
    encoding = found["encoding"]
    if encoding == "UTF8":
        yield Check("encoding", "ok", "UTF8")
    else:
        fix = "move into one of UTF8: create database … template template0 encoding 'UTF8', then restore"
        yield Check("encoding", "no-go", f"the database is in {encoding}: Thai labels need UTF8", fix)
    if found["reads"]:
        fix = "take it back: alter database … (or role …) reset default_transaction_read_only"
        yield Check(
            "writing", "no-go", "default_transaction_read_only is on for this role or database", fix
        )
    if not found["has_plpgsql"]:
        fix = "create extension plpgsql; grant usage on language plpgsql to the role"
        yield Check("plpgsql", "no-go", "the role may not use the language of our triggers", fix)


def require_allowed(connection: Connection[Any]) -> None:
    """Raise UnfitDatabase naming what forbids all work."""
    wrong = [check for check in forbidden(connection) if check.state == "no-go"]
    if wrong:
        raise UnfitDatabase(
            "; ".join(check.message for check in wrong), "; ".join(one.fix for one in wrong)
        )


def _connections(found: dict[str, Any], needed: int) -> Iterator[Check]:
    """Of the server, the database and the role, the one that leaves the fewest."""
    left = {name: found[name] for name in ("server", "database", "role") if found[name] is not None}
    scarcest = min(left, key=lambda name: left[name])
    message = f"a run needs {needed}; the {scarcest}'s limit leaves {max(left[scarcest], 0)}"
    if left[scarcest] >= needed:
        yield Check("connections", "ok", message)
        return
    raised = "max_connections" if scarcest == "server" else f"the {scarcest}'s connection limit"
    fix = f"raise {raised}, end idle connections, or lower STANDING_THREADS"
    yield Check("connections", "no-go", message, fix)


def _tablespace(found: dict[str, Any]) -> Iterator[Check]:
    if name := found["closed_tablespace"]:
        fix = f"grant create on tablespace {quoted(name)} to {quoted(found['role_name'])}"
        yield Check(
            "rights", "no-go", f"role {found['role_name']} may not create in tablespace {name}", fix
        )


def _ends(found: dict[str, Any]) -> Iterator[Check]:
    """The administrator's own limits on statements: we leave them as they are."""
    for name, helps in (
        ("statement_timeout", "a model or an index of a large marketplace takes minutes"),
        ("temp_file_limit", "a full run of a large marketplace sorts gigabytes"),
    ):
        if found[name] not in ("0", "-1"):
            message = f"{name} is {found[name]}: {helps}, and would be ended"
            yield Check("limits", "warning", message, f"alter role {found['role_name']} set {name} = …")


def _event_triggers(connection: Connection[Any]) -> Iterator[Check]:
    triggers = rows(
        connection, "select evtname as name from pg_event_trigger where evtenabled <> 'D' order by 1"
    )
    if triggers:
        names = ", ".join(row["name"] for row in triggers)
        message = f"{names}: fire for what the upgrade and each run create, and may refuse it"
        yield Check("event triggers", "note", message, "see that they let schemas and tables of ours pass")


def _hidden_transactions(
    connection: Connection[Any], catalog: Catalog, found: dict[str, Any]
) -> Iterator[Check]:
    """Who holds a lock on a table that gets columns, where the role may not see since when."""
    if found["sees_all"]:
        return
    tables = [quoted(catalog.schema, table) for table in catalog.tables]
    for holder in holders(connection, tables, readers=False):
        if holder.seconds is None and not holder.autovacuum:
            message = f"{holder} holds a lock on a table; the role may not see since when"
            fix = f"end it if it stays; grant pg_read_all_stats to {found['role_name']} to see more"
            yield Check("transactions", "warning", message, fix)


def _home(home: Path) -> Iterator[Check]:
    """Reports and dbt's files are written on this machine."""
    existing = next(path for path in (home.resolve(), *home.resolve().parents) if os.path.exists(path))
    free = shutil.disk_usage(existing).free
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Check(
            "home", "no-go", f"{home} cannot be written: {existing} is closed to us", "set STANDING_HOME"
        )
    elif free < HOME_BYTES:
        message = f"{free >> 20} MB are free for {home}; a few runs take {HOME_BYTES >> 20} MB"
        yield Check("home", "no-go", message, "make room, or set STANDING_HOME")


def may_make(connection: Connection[Any], schema: str) -> Iterator[Check]:
    """Where event triggers might refuse what the upgrade makes: made once, and taken back at once."""
    trial = quoted("standing_trial"), quoted(schema, "standing_trial")
    statements = render("upgrade/checks/trial.sql.j2", own=trial[0], table=trial[1])
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statements.encode())
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        yield Check(
            "event triggers", "no-go", f"a table of ours is refused: {said}", "have it let ours pass"
        )
