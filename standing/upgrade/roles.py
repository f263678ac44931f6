"""`standing roles`: SQL for two roles, an owner who upgrades and a runner who owns nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from standing.contract.application import SOURCES
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.errors import SettingError
from standing.settings import Settings
from standing.sql import literal, quoted, render
from standing.state.rights import Right, lacking, rights
from standing.upgrade.checks.roles import owners_lacks


@dataclass(frozen=True)
class Roles:
    """The names of both."""

    owner: str
    runner: str


def choose(connection: Connection[Any], catalog: Catalog, runner: str, owner: str | None) -> Roles:
    """Both roles; an owner that is not named is who owns the application's users.

    Raises SettingError where there is no marketplace, or one role would be both.
    """
    found = rows(
        connection,
        "select pg_get_userbyid(relowner) as owner from pg_class"
        " where relnamespace = to_regnamespace(%(schema)s) and relname = 'users'",
        schema=quoted(catalog.schema),
    )
    if not found:
        fix = "set STANDING_APPLICATION_SCHEMA or DATABASE_URL"
        raise SettingError(f"schema {catalog.schema!r} has no table users", fix)
    roles = Roles(owner or found[0]["owner"], runner)
    if roles.runner in (roles.owner, found[0]["owner"]):
        raise SettingError(f"role {runner!r} owns the application's tables", "name another with --runner")
    return roles


def exists(connection: Connection[Any], role: str) -> bool:
    return bool(rows(connection, "select from pg_roles where rolname = %(role)s", role=role))


def script(connection: Connection[Any], catalog: Catalog, settings: Settings, roles: Roles) -> str:
    """Statements in the order to run them; they may be run again, and are after an upgrade that adds
    tables.
    """
    return "\n".join(
        (
            "-- As a superuser; or the first part and the last as one, and what is between as the owner.",
            *_roles(roles),
            *_owners(connection, catalog, roles),
            *_runners(connection, settings, roles),
            *_builds(connection, settings, roles),
            *_row_security(connection, catalog, roles),
        )
    )


def _roles(roles: Roles) -> Iterator[str]:
    yield "\n-- The roles. They get a password by \\password in psql."
    for role in (roles.owner, roles.runner):
        missing = f"to_regrole({literal(quoted(role))}) is null"
        yield f"do $$ begin if {missing} then create role {quoted(role)} login; end if; end $$;"


def _owners(connection: Connection[Any], catalog: Catalog, roles: Roles) -> Iterator[str]:
    database, owner = quoted(connection.info.dbname), quoted(roles.owner)
    yield f"\n-- {roles.owner}: migrate, rollback, backup and restore."
    yield f"grant connect, create, temporary on database {database} to {owner};"
    if exists(connection, roles.owner):
        for _, statement in owners_lacks(connection, catalog, roles.owner):
            yield f"{statement};"
    else:
        yield f"-- What it has to own this command prints as soon as role {roles.owner} is there."
    yield f"grant {quoted(roles.runner)} to {owner}; -- rollback drops what runs have built"


def _runners(connection: Connection[Any], settings: Settings, roles: Roles) -> Iterator[str]:
    runner = quoted(roles.runner)
    yield f"\n-- {roles.runner}: every other command, and the flows."
    yield f"grant connect on database {quoted(connection.info.dbname)} to {runner};"
    for right, is_held in present(connection, settings, roles.runner):
        # A grant on the change log makes one run full, so what is held is not given once more.
        yield f"{'-- held: ' if is_held else ''}{right.grant(roles.runner)}; -- {right.purpose}"
    if not rows(connection, "select from pg_namespace where nspname = %(own)s", own=STANDING_SCHEMA):
        yield "-- Its rights on Standing's own tables this command prints after `standing migrate`."
        return
    yield "-- What later versions of Standing make there:"
    later = f"alter default privileges for role {quoted(roles.owner)} in schema {quoted(STANDING_SCHEMA)}"
    yield f"{later} grant select, insert, update, delete on tables to {runner};"
    yield f"{later} grant select on sequences to {runner};"


def present(connection: Connection[Any], settings: Settings, runner: str) -> list[tuple[Right, bool]]:
    """The runner's rights, and whether it has them, on what is there alone: a grant on anything else would
    fail.
    """
    lacks = lacking(connection, settings, runner) if exists(connection, runner) else None
    schemas = [settings.application_schema, STANDING_SCHEMA]
    found = rows(connection, render("upgrade/grantable.sql.j2"), schemas=schemas)
    there = {(row["schema"], row["name"], row["column_name"]) for row in found}
    kept = []
    for right in rights(settings, connection.info.dbname):
        if right.kind != "database":
            names = tuple(name for name in right.names if (right.schema, name, "") in there)
            columns = tuple(
                column
                for column in right.columns
                if all((right.schema, name, column) in there for name in names)
            )
            if not names or (right.columns and not columns):
                continue
            right = replace(right, names=names, columns=columns)
        is_held = lacks is not None and not any(right.is_part_of(one) for one in lacks)
        kept.append((right, is_held))
    return kept


def _builds(connection: Connection[Any], settings: Settings, roles: Roles) -> Iterator[str]:
    """The schemas of builds become the runner's, with what another role has built there."""
    runner = quoted(roles.runner)
    yield "\n-- Where dbt builds: these schemas are the runner's, and so it needs no right to make schemas."
    for schema in settings.build_schemas:
        found = rows(connection, render("upgrade/built_by.sql.j2"), schema=schema)
        if not found:
            yield f"create schema if not exists {quoted(schema)} authorization {runner};"
        for one in found:
            if one["owner"] != roles.runner:
                kind = "table" if one["name"] else "schema"
                name = quoted(schema, one["name"]) if one["name"] else quoted(schema)
                yield f"alter {kind} {name} owner to {runner};"


def _row_security(connection: Connection[Any], catalog: Catalog, roles: Roles) -> Iterator[str]:
    found = rows(
        connection,
        "select relname as name from pg_class where relnamespace = to_regnamespace(%(schema)s)"
        " and relname = any(%(sources)s) and relrowsecurity order by 1",
        schema=quoted(catalog.schema),
        sources=[source.table for source in SOURCES],
    )
    if found:
        names = ", ".join(row["name"] for row in found)
        yield f"\n-- Row security is on for {names}: a run reads every row, or refuses to begin."
        yield f"alter role {quoted(roles.runner)} bypassrls;"
