"""Triggers of the change log: made where they are missing, dropped where the setting is off."""

from standing.database.catalog import Catalog, FoundTrigger
from standing.database.connect import STANDING_SCHEMA
from standing.incremental.capture import Capture, Trigger, functions, problems, strays, wanted
from standing.incremental.capture_sql import LOG, create_function
from standing.incremental.change_log import NOT_LOGGED
from standing.settings import Settings
from standing.sql import literal, quoted
from standing.state.schema import STATEMENTS
from standing.upgrade.steps import Item, Step

#: What the log is kept in.
OWN = frozenset({("change_log", "source"), ("log_state", "source")})


def plan_capture(catalog: Catalog, settings: Settings) -> list[Step]:
    """What is missing, a step a table; or, where the setting is off, the way back.

    Whatever was missing, changes may have been missed: each step leaves a row for everybody in the log, in
    the transaction that makes the trigger.
    """
    if not settings.change_log:
        return _drop_all(catalog)
    wrong = problems(catalog)
    steps = [_restore()] if catalog.own and not catalog.own >= OWN else []
    steps += [_drop(one, (_everybody(one.root),)) for one in strays(catalog)]
    steps += [_make(capture, catalog) for capture in wanted(catalog) if capture.table in wrong]
    return steps


def _restore() -> Step:
    """Standing's own tables of the log, which somebody has dropped or an earlier version did not have."""
    return Step("Standing's own tables", (*STATEMENTS, _everybody(NOT_LOGGED)))


def _everybody(table: str) -> str:
    return f"insert into {LOG} (source, affects_counterparties) values ({literal(table)}, true)"


def _make(capture: Capture, catalog: Catalog) -> Step:
    called = functions(capture)
    statements = [
        statement
        for name, text in called
        if catalog.functions.get(name) != text
        for statement in create_function(name, text)
    ]
    statements += [statement for trigger in capture.triggers for statement in trigger.statements()]
    statements += [
        f"alter table {quoted(one.schema, one.table)} enable always trigger {quoted(one.name)}"
        for one in catalog.triggers
        if one.cloned and one.root == capture.table and one.enabled != "A"
    ]
    return Step(
        f"change log of {capture.table}",
        (*statements, _everybody(capture.table)),
        creates=(
            *(Item("function", STANDING_SCHEMA, name, name) for name, _ in called),
            *(_item(trigger) for trigger in capture.triggers),
        ),
        tables=tuple(dict.fromkeys(trigger.where for trigger in capture.triggers)),
    )


def _drop(one: FoundTrigger, also: tuple[str, ...] = ()) -> Step:
    where = quoted(one.schema, one.table)
    return Step(
        f"drop trigger {one.name} of {one.table}",
        (f"drop trigger if exists {quoted(one.name)} on {where}", *also),
        drops=(Item("trigger", one.schema, one.table, one.name),),
        tables=(where,),
    )


def _drop_all(catalog: Catalog) -> list[Step]:
    """Without the log: its triggers, then its functions and rows."""
    steps = [_drop(one) for one in catalog.triggers if not one.cloned]
    names = sorted(name for name in catalog.functions if name.startswith("log_"))
    if names:
        drops = tuple(Item("function", STANDING_SCHEMA, name, name) for name in names)
        functions = [f"drop function if exists {quoted(STANDING_SCHEMA, name)}()" for name in names]
        steps.append(Step("drop the change log", (*functions, f"delete from {LOG}"), drops=drops))
    return steps


def _item(trigger: Trigger) -> Item:
    return Item("trigger", trigger.schema, trigger.table, trigger.name)
