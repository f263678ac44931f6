"""What `standing migrate` would do to a database, as SQL; reads only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection
from sqlalchemy import Engine

from standing.contract.additions import ADDITIONS
from standing.database.catalog import Catalog, FoundColumn, read_catalog
from standing.database.owners import not_ours
from standing.settings import Settings
from standing.state.schema import SCHEMA, VERSION_TABLE
from standing.upgrade import created, revisions
from standing.upgrade.adopt import others
from standing.upgrade.checks.fitness import require_fit
from standing.upgrade.fill.first_values import plan_first_values
from standing.upgrade.fill.opening import opening
from standing.upgrade.forward import is_current, require_not_newer
from standing.upgrade.plan.tables import wanted_tables
from standing.upgrade.steps import Step

OWN_SCHEMA = (f"create schema if not exists {SCHEMA}", *VERSION_TABLE)


@dataclass(frozen=True)
class Planned:
    """One step in words and its statements; `repeated` ones run once for each batch of keys."""

    name: str
    statements: tuple[str, ...]
    repeated: bool = False
    concurrent: bool = False

    def sql(self) -> str:
        heading = f"-- {self.name}" + (", for each batch of keys :ids" if self.repeated else "")
        body = "".join(f"{statement.strip()};\n" for statement in self.statements)
        return f"{heading}\n{body}" if self.concurrent else f"{heading}\nbegin;\n{body}commit;\n"


def plan(settings: Settings, engine: Engine) -> list[Planned]:
    """The steps that are missing, in order, nothing if the database is upgraded.

    Raises UnfitDatabase as `migrate` would. Works in one read-only transaction.
    """
    done = revisions.present(engine)
    pooled = engine.raw_connection()
    try:
        connection: Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
        connection.execute("set transaction isolation level repeatable read, read only")
        catalog = read_catalog(connection, settings.application_schema)
        require_not_newer(connection)
        require_fit(connection, catalog)
        if found := others(connection, settings):
            raise not_ours(found)
        made = created.entries(connection)
        is_own_missing = done is None or not is_current(connection)
        planned = [Planned("Standing's own schema", OWN_SCHEMA)] if done is None else []
        planned += [_planned(step) for step in _schema_steps(catalog, settings, is_own_missing)]
        if "backfill" not in revisions.up_to(done):
            planned += [
                Planned(walk.name, walk.statements, repeated=True)
                for walk in plan_first_values(catalog, made, settings, 1)
            ]
        planned += [_planned(step) for step in revisions.PLANS["change_log"](_foreseen(catalog), settings)]
        if "points" not in revisions.up_to(done):
            planned.append(_planned(opening(catalog, settings)))
        return planned
    finally:
        pooled.close()


def _schema_steps(catalog: Catalog, settings: Settings, is_own_missing: bool) -> Iterator[Step]:
    for revision, steps in revisions.PLANS.items():
        if revision != "change_log" and (revision != "own_schema" or is_own_missing):
            yield from steps(catalog, settings)


def _foreseen(catalog: Catalog) -> Catalog:
    """The catalogue as it will be when columns and tables are made: the triggers are for these, too."""
    given = [(one.table, one.columns) for one in ADDITIONS if catalog.has(one.table)]
    given += [(table.name, table.columns) for table in wanted_tables(catalog)]
    columns = {
        (table, column.name): FoundColumn(table, column.name, column.type, column.required, None)
        for table, declared in given
        for column in declared
    }
    return replace(
        catalog,
        tables={**{table: "r" for table, _ in given}, **catalog.tables},
        columns={**columns, **catalog.columns},
    )


def _planned(step: Step) -> Planned:
    return Planned(step.name, step.statements, concurrent=step.cleanup is not None)
