"""The triggers that fill the change log: which an application's tables should have, and what is missing.

For each table a function in Standing's schema and triggers that call it: for each statement, with its rows
as transition tables, because that is one insert however many rows change. They are for each row where only
those see every change: on partitioned tables, on tables with children or parents, and where a subscription
applies rows. Each partition has its own trigger for TRUNCATE, which also tells when partitions came or
went; a child has all of its table's.
"""

from dataclasses import dataclass

from standing.contract.application import SOURCES
from standing.contract.sources import Source
from standing.database.catalog import Catalog, Child, FoundTrigger
from standing.database.connect import STANDING_SCHEMA
from standing.incremental.capture_sql import (
    TRUNCATED,
    body,
    function_name,
    truncated_body,
)
from standing.sql import quoted

#: pg_trigger.tgtype
ROW = 1
EVENTS = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}
OLD, NEW = "old table as old_rows", "new table as new_rows"
SIDES = {"insert": NEW, "delete": OLD, "update": f"{OLD} {NEW}"}


def _off(enabled: str) -> str:
    """What is wrong with a trigger that is not `enable always`: changes may not have been logged."""
    return "is not always enabled" if enabled == "O" else "is disabled"


@dataclass(frozen=True)
class Trigger:
    """A trigger that should be there."""

    schema: str
    table: str
    event: str
    function: str
    by_row: bool = False

    @property
    def name(self) -> str:
        return f"standing_log_{self.event}"

    @property
    def where(self) -> str:
        return quoted(self.schema, self.table)

    def problem(self, found: FoundTrigger | None) -> str:
        """What is wrong with what was found in its place, if anything."""
        if found is None:
            return "is missing"
        if found.enabled != "A":
            return _off(found.enabled)
        kind = EVENTS[self.event] + (ROW if self.by_row else 0)
        if self.by_row and found.type == EVENTS[self.event]:
            return "is for each statement, and would have to be for each row"
        same = (found.function, found.type) == (self.function, kind)
        return "" if same and not found.conditional else "is not as it should be"

    def statements(self) -> tuple[str, ...]:
        sides = "" if self.by_row or self.event == "truncate" else f" referencing {SIDES[self.event]}"
        each = "row" if self.by_row else "statement"
        return (
            f"create or replace trigger {self.name} after {self.event} on {self.where}{sides}"
            f" for each {each} execute function {quoted(STANDING_SCHEMA, self.function)}()",
            # Also in a session that loads data with session_replication_role = replica.
            f"alter table {self.where} enable always trigger {self.name}",
        )


@dataclass(frozen=True)
class Capture:
    """What one table should have."""

    table: str
    function: str
    body: str
    triggers: tuple[Trigger, ...]


def wanted(catalog: Catalog) -> tuple[Capture, ...]:
    """For each source table that is there and names a member."""
    return tuple(
        _capture(catalog, source)
        for source in SOURCES
        if catalog.has(source.table)
        and any(catalog.has(source.table, column) for row in source.members for column in row.values())
    )


def _capture(catalog: Catalog, source: Source) -> Capture:
    table, function = source.table, function_name(source.table)
    by_row = table in catalog.row_by_row
    children = [(one.schema, one.name) for one in catalog.children if has_triggers_of(catalog, one, table)]
    partitions = [
        (one.schema, one.name) for one in catalog.partitions if one.table == table and not one.foreign
    ]
    triggers = [
        Trigger(schema, name, event, function, by_row or (source.by_row and event == "update"))
        for schema, name in ((catalog.schema, table), *children)
        for event in SIDES
    ]
    triggers += [
        Trigger(schema, name, "truncate", TRUNCATED)
        for schema, name in ((catalog.schema, table), *children, *partitions)
    ]
    return Capture(table, function, body(catalog, source, by_row), tuple(triggers))


def has_triggers_of(catalog: Catalog, child: Child, table: str) -> bool:
    """Whether a child has the triggers of `table`: it is on this server, and has none of another source."""
    parents = [
        one.table for one in catalog.children if (one.schema, one.name) == (child.schema, child.name)
    ]
    sources = [source.table for source in SOURCES if source.table in (*parents, child.name)]
    is_itself = child.schema == catalog.schema and child.name in sources
    return not child.foreign and child.table == table and not is_itself and sources[:1] == [table]


def functions(capture: Capture) -> tuple[tuple[str, str], ...]:
    """The functions that its triggers call, with their bodies."""
    return ((capture.function, capture.body), (TRUNCATED, truncated_body()))


def problems(catalog: Catalog) -> dict[str, list[str]]:
    """Table → what `standing migrate` would mend, each a phrase; tables without problems left out.

    What it cannot mend is in standing/incremental/unfollowed.py.
    """
    found = {(one.schema, one.table, one.name): one for one in catalog.triggers}
    phrases: dict[str, list[str]] = {}
    for capture in wanted(catalog):
        if not any(found.get((one.schema, one.table, one.name)) for one in capture.triggers):
            phrases[capture.table] = [f"{capture.table} has no trigger of the change log"]
            continue
        wrong = [
            f"trigger {trigger.name} on {trigger.table} {problem}"
            for trigger in capture.triggers
            if (problem := trigger.problem(found.get((trigger.schema, trigger.table, trigger.name))))
        ]
        wrong += [
            f"function {name} is not as it should be"
            for name, text in functions(capture)
            if catalog.functions.get(name) != text
        ]
        wrong += [
            f"trigger {one.name} on partition {one.table} {_off(one.enabled)}"
            for one in catalog.triggers
            if one.cloned and one.root == capture.table and one.enabled != "A"
        ]
        if wrong:
            phrases[capture.table] = wrong
    for one in strays(catalog):
        phrases.setdefault(one.root, []).append(
            f"{one.table} has changed its place; it has trigger {one.name}"
        )
    return phrases


def strays(catalog: Catalog) -> list[FoundTrigger]:
    """Triggers of ours where none should be, such as on a partition that was detached."""
    places = {
        (trigger.schema, trigger.table, trigger.name)
        for capture in wanted(catalog)
        for trigger in capture.triggers
    }
    return [
        one
        for one in catalog.triggers
        if not one.cloned and (one.schema, one.table, one.name) not in places
    ]
