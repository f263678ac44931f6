"""What the application's schema has and promises, and the relations of a build."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import scalar_row
from sqlalchemy import Connection, text

from standing.contract.application import SOURCES
from standing.contract.fitness import Misfit, misfits
from standing.contract.relations import Relation, Relations
from standing.contract.sources import SourceColumn
from standing.database.catalog import read_relations
from standing.database.owners import Driver, driver
from standing.errors import UnfitDatabase
from standing.sql import quoted

#: table → column → type name
Columns = dict[str, dict[str, str]]
#: A rule that asks for one of these is off where no row has it, as where there is no such column.
ASKED_FOR = (("orders", "total_amount"), ("reviews", "order_id"))


@dataclass(frozen=True)
class Application:
    """The application's schema at one moment.

    `promises` are what constraints promise of single columns: "orders.id is unique", "orders.buyer_id
    refers" to the row that it names, "messages.thread_id is filled". Models check the rest. `empty` are
    columns of `ASKED_FOR`, such as "reviews.order_id", that no row of a table with rows has.
    """

    schema: str
    columns: Columns
    promises: tuple[str, ...] = ()
    relations: Relations = field(default_factory=dict)
    empty: tuple[str, ...] = ()


def read_application(connection: Connection, schema: str) -> Application:
    relations = read_relations(driver(connection), schema)
    columns = {
        name: {column.name: column.type for column in relation.columns.values()}
        for name, relation in relations.items()
    }
    promises = (
        promise
        for source in SOURCES
        if source.table in relations
        for column in source.columns
        for promise in _promises(relations[source.table], column)
    )
    empty = tuple(_empty(driver(connection), schema, relations))
    return Application(schema, columns, tuple(promises), relations, empty)


def _empty(connection: Driver, schema: str, relations: Relations) -> Iterator[str]:
    for table, column in ASKED_FOR:
        relation = relations.get(table)
        if relation is None or not relation.is_reachable or column not in relation.columns:
            continue
        name = quoted(schema, table)
        query = (
            f"select exists (select from {name})"
            f" and not exists (select from {name} where {quoted(column)} is not null)"
        )
        try:
            with connection.transaction(), connection.cursor(row_factory=scalar_row) as cursor:
                if cursor.execute(query.encode()).fetchone():
                    yield f"{table}.{column}"
        except psycopg.Error:
            continue  # who reads it whole says why it cannot be read


def _promises(relation: Relation, declared: SourceColumn) -> Iterator[str]:
    found = relation.columns.get(declared.name)
    # Children of a table need not keep what it promises.
    if found is None or not relation.is_table or relation.has_children:
        return
    path = f"{relation.name}.{found.name}"
    if found.is_unique:
        yield f"{path} is unique"
    if declared.references in found.refers_to:
        yield f"{path} refers"
    if found.required and declared.family == "identity":
        yield f"{path} is filled"


def require_readable(connection: Connection, application: Application) -> None:
    """Raise UnfitDatabase where a source is not read whole, naming it, the cause and what helps."""
    refuse(
        [
            *misfits(application.relations, application.schema),
            *unreadable(driver(connection), application.schema, application.relations),
        ],
        f"schema {application.schema!r} cannot be read whole",
    )


def refuse(wrong: list[Misfit], what: str) -> None:
    """Raise UnfitDatabase with all misfits, if there are any; each problem is said once."""
    if wrong:
        problems = dict.fromkeys(one.problem for one in wrong)
        listed = "; ".join(
            f"{', '.join(one.object for one in wrong if one.problem == problem)} {problem}"
            for problem in problems
        )
        raise UnfitDatabase(f"{what}: {listed}", "; ".join(dict.fromkeys(one.fix for one in wrong)))


def unreadable(connection: Driver, schema: str, relations: Relations) -> Iterator[Misfit]:
    """Views and foreign tables that the server itself does not let us read whole, without reading a row.

    What stands behind them may be out of reach, hidden by row security, not filled yet or on a server that
    does not answer: the catalogue does not say.
    """
    for source in SOURCES:
        relation = relations.get(source.table)
        if relation is None or relation.is_table or not relation.is_reachable:
            continue
        there = [column.name for column in source.columns if column.name in relation.columns]
        if not there or not all(relation.columns[name].is_readable for name in there):
            continue
        query = f"select {', '.join(map(quoted, there))} from {quoted(schema, source.table)} limit 0"
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("set local row_security = off")
                connection.execute(query.encode())
        except psycopg.Error as error:
            said = " ".join(str(error).split("\n")[0].split())
            helps = f"mend {source.table}, or what it reads"
            if isinstance(error, psycopg.errors.ObjectNotInPrerequisiteState):
                helps = f"refresh materialized view {quoted(schema, source.table)}"
            yield Misfit(source.table, f"cannot be read: {said}", helps)


def relations(connection: Connection, schema: str) -> frozenset[str]:
    """The tables and views of a schema; none where there is no such schema."""
    statement = text(
        "select relname from pg_class where relnamespace = to_regnamespace(quote_ident(:schema))"
        " and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    return frozenset(connection.scalars(statement, {"schema": schema}))
