"""What a plan is made from: what is asked for, and what is read from the catalogue, once.

That is the application, its triggers, and the relations of the build.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from standing.contract.targets import AnyTarget
from standing.database.catalog import read_followed
from standing.database.owners import driver
from standing.database.schemas import Application, read_application, relations
from standing.incremental import by_hand, signatures
from standing.incremental.capture import problems, wanted
from standing.incremental.capture_sql import as_key
from standing.incremental.context import is_lost
from standing.incremental.unfollowed import unfollowed
from standing.settings import Settings
from standing.sql import quoted


@dataclass(frozen=True)
class BuildRequest:
    """What a run is to build: which targets, as of when, and whether everybody whoever is due."""

    run_id: int
    as_of: datetime
    targets: tuple[AnyTarget, ...]
    full: bool = False


@dataclass(frozen=True)
class Completeness:
    """Whether every change is logged; true or false by itself.

    `problems` say what is not until `standing migrate` mends it, `unfollowed` what never is, a phrase each;
    `follows` are the tables of which nothing is missing.
    """

    problems: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    unfollowed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not (self.problems or self.unfollowed)

    @property
    def reason(self) -> str:
        """One line; empty where the log is complete."""
        phrases = (*self.problems, *self.unfollowed)
        others = f" and {len(phrases) - 1} more" if len(phrases) > 1 else ""
        return f"{phrases[0]}{others}" if phrases else ""


@dataclass(frozen=True)
class Observed:
    """The application, whether every change is logged, and the tables and views of the build.

    `signatures` say what the tables are now, and `rebuilt` which are not what they were, a phrase each.
    `is_lost` says that a crash of the server has emptied these. What somebody has had dbt make since the
    last run is in `by_hand`, and counts as not built.
    """

    application: Application
    log: Completeness
    built: frozenset[str]
    signatures: Mapping[str, str]
    rebuilt: tuple[str, ...]
    is_lost: bool = False
    by_hand: frozenset[str] = frozenset()

    def select(self, column: str, table: str, by: str, keys: str) -> str | None:
        """`column` of the rows of the application's `table` whose `by` is among `keys`, a query.

        None where the application lacks one of the two columns.
        """
        if {column, by} - set(self.application.columns.get(table, {})):
            return None
        key, result = self._key(table, by), self._key(table, column)
        return (
            f"select {result} from {quoted(self.application.schema, table)} as t"
            f" join (select distinct k.key from ({keys}) as k (key) where k.key is not null) as wanted"
            f" on {key} = wanted.key"
        )

    def _key(self, table: str, column: str) -> str:
        type_ = self.application.columns[table][column]
        return as_key(f"t.{quoted(column)}", type_, f"{table}.{column}")


def observe(connection: Connection, settings: Settings) -> Observed:
    application = read_application(connection, settings.application_schema)
    found = signatures.read(driver(connection), application.schema) if settings.change_log else {}
    there = relations(connection, settings.build_schema)
    made_by_hand = by_hand.read(connection, settings, there)
    built = there - made_by_hand
    return Observed(
        application,
        completeness(connection, settings, application),
        built,
        found,
        signatures.changed(connection, found),
        is_lost(connection, settings, built),
        made_by_hand,
    )


def completeness(connection: Connection, settings: Settings, application: Application) -> Completeness:
    """Whether every trigger that should be there now is there and enabled; else a run has to be full."""
    if not settings.change_log:
        return Completeness(("there is no change log (STANDING_CHANGE_LOG is off)",))
    catalog = read_followed(driver(connection), application.schema, application.relations)
    wrong, never = problems(catalog), unfollowed(catalog)
    return Completeness(
        tuple(problem for phrases in wrong.values() for problem in phrases),
        tuple(capture.table for capture in wanted(catalog) if capture.table not in {**wrong, **never}),
        tuple(phrase for phrases in never.values() for phrase in phrases),
    )
