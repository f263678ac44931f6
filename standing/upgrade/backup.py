"""Backup and restore with pg_dump, pg_restore and psql of the version that fits the server.

An archive written by a newer pg_dump than the server it goes back to may not restore there, so the
server's own version is looked for first.
"""

import os
import subprocess
import uuid
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from standing.database.connect import STANDING_SCHEMA, relation_exists, server_message
from standing.database.conninfo import conninfo
from standing.database.lock_session import own_session_url
from standing.database.programs import (
    environment,
    fail_like,
    find_program,
    run_program,
    server_major,
)
from standing.errors import StandingError
from standing.incremental.signatures import STATE
from standing.settings import Settings
from standing.sql import quoted
from standing.upgrade.session import exclusive_session

#: For a server that does not know the roles of the archive.
NOBODYS = ("--no-owner", "--no-privileges")
#: Tables that are named where a role may not read them.
NAMED = 4


def backup(engine: Engine, file: Path, direct: str | None = None) -> int:
    """Write the whole database to `file` as a compressed archive; gives its size in bytes.

    The file appears when it is whole. Raises StandingError if it exists or cannot be written. PostgreSQL's
    programs set up their sessions for themselves, so they go past a pooler, to `direct`.
    """
    if file.exists():
        raise StandingError(f"{file} exists already", "name another file, or remove it")
    if not file.parent.is_dir():
        raise StandingError(f"there is no folder {file.parent}", f"mkdir -p {file.parent}")
    part = file.with_name(f"{file.name}.part")
    _require_all_readable(engine)
    program = find_program("pg_dump", server_major(engine))
    url = own_session_url(engine, direct)
    part.touch(mode=0o600)  # it holds personal data
    try:
        run_program([program, "--format=custom", f"--file={part}", f"--dbname={conninfo(url)}"], url)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def restore(
    settings: Settings, engine: Engine, file: Path, replace: bool = False, owners: bool = True
) -> None:
    """Read an archive into the database, all of it or, in one transaction, nothing.

    Raises StandingError if the database has tables, unless they are to be replaced: then every schema
    goes first, in the same transaction. Without `owners`, everything belongs to the role that restores
    and nobody else has privileges.
    """
    _require_archive(file)
    occupied = _schemas_with_tables(engine)
    if occupied and not replace:
        raise StandingError(
            f"the database is not empty: schema {', '.join(occupied)} has tables",
            "restore into an empty database, or give --replace",
        )
    own = (settings.application_schema, settings.build_schema, STANDING_SCHEMA, "public")
    schemas = (*occupied, *own)
    before = "".join(_clearing(schemas)) if replace else ""
    direct = settings.database_url_direct
    with exclusive_session(engine, direct=direct):
        _restore(
            own_session_url(engine, direct),
            file,
            server_major(engine),
            before,
            NOBODYS if not owners else (),
        )
        with engine.begin() as connection:  # the whole is as it was, in new files
            if relation_exists(connection, STATE):
                connection.execute(text(f"delete from {STATE}"))


def check(engine: Engine, file: Path, direct: str | None = None) -> dict[str, int]:
    """Restore an archive into a new, empty database and drop it again; gives tables and rows by schema.

    Raises StandingError if it does not restore or the role may not create databases.
    """
    _require_archive(file)
    name = f"standing_check_{uuid.uuid4().hex[:12]}"
    administration = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with administration.connect() as connection:
            connection.execute(text(f"create database {name} template template0"))
    except DBAPIError as error:
        reason = server_message(error)
        fix = "use a role with CREATEDB, or restore by hand into an empty database"
        raise StandingError(f"cannot make a database to restore into: {reason}", fix) from None
    other = create_engine(own_session_url(engine, direct).set(database=name))
    try:
        _restore(other.url, file, server_major(engine))
        return _rows_by_schema(other)
    finally:
        other.dispose()
        with administration.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


def _require_all_readable(engine: Engine) -> None:
    """Raise StandingError where the role may not read a table or sequence: a backup is of everything."""
    statement = """
    select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not (
            has_schema_privilege(n.oid, 'usage')
            and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select')
                else has_table_privilege(c.oid, 'select') end
        )
    order by 1
    """
    with engine.connect() as connection:
        closed = [str(name) for name in connection.scalars(text(statement))]
        role = connection.scalar(text("select current_user"))
    if closed:
        more = f" and {len(closed) - NAMED} more" if len(closed) > NAMED else ""
        raise StandingError(
            f"a backup is of the whole database, and role {role} may not read"
            f" {', '.join(closed[:NAMED])}{more}",
            "run it as the owner (docs/roles.md), or as a superuser",
        )


def _require_archive(file: Path) -> None:
    try:
        with file.open("rb") as handle:
            known = handle.read(5) == b"PGDMP"
    except OSError as error:
        raise StandingError(
            f"{file}: {os.strerror(error.errno or 0)}", "name a file of `standing backup`"
        ) from None
    if not known:
        raise StandingError(f"{file} is no archive of pg_dump", "name a file of `standing backup`")


def _clearing(schemas: tuple[str, ...]) -> list[str]:
    """Statements that empty the database of the schemas; public is there in every new database."""
    statements = [f"drop schema if exists {quoted(schema)} cascade;\n" for schema in dict.fromkeys(schemas)]
    if "public" in schemas:
        statements.append("create schema public authorization pg_database_owner;\n")
        statements.append("grant usage on schema public to public;\n")
        statements.append("comment on schema public is 'standard public schema';\n")
    return statements


def _restore(url: URL, file: Path, major: int, before: str = "", options: tuple[str, ...] = ()) -> None:
    """pg_restore writes SQL into psql, in one transaction that begins with the statements `before`.

    The COMMIT is the last thing pg_restore writes: if it fails midway, psql ends without one.
    """
    reader, writer = find_program("pg_restore", major), find_program("psql", major)
    target = [str(writer), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    target += [f"--command=begin; {before}"] if before else []
    target += ["--output=/dev/null", "--file=-", f"--dbname={conninfo(url)}"]
    source = [str(reader), "--single-transaction", *options, "--file=-", str(file)]
    with subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reading:
        done = subprocess.run(
            target,
            stdin=reading.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**environment(url), "LC_ALL": "C"},
        )
        errors = reading.communicate()[1]
    if done.returncode:
        fail_like("psql", done.stderr)
    if reading.returncode:
        fail_like("pg_restore", errors)


def _schemas_with_tables(engine: Engine) -> list[str]:
    statement = """
    select distinct n.nspname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 1
    """
    with engine.connect() as connection:
        return [str(name) for name in connection.scalars(text(statement))]


def _rows_by_schema(engine: Engine) -> dict[str, int]:
    """Rows of every table, counted, by schema."""
    statement = """
    select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    """
    counted: dict[str, int] = {}
    with engine.connect() as connection:
        for schema, table in [(str(row[0]), str(row[1])) for row in connection.execute(text(statement))]:
            rows = connection.scalar(text(f"select count(*) from {quoted(schema, table)}")) or 0
            counted[schema] = counted.get(schema, 0) + rows
    return counted
