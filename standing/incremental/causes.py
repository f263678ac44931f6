"""What differs from what the published documents were made by: why everybody is due, cell by cell.

The fingerprint says which parts differ (standing/build/fingerprint.py); here is how. What the documents
were made by is kept: policy by `standing.policies`, settings and columns in the summaries of runs.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from standing.build import cells, project
from standing.build.fingerprint import SETTINGS, Fingerprint, edited, sources_read, take
from standing.contract.targets import SELECTIONS, TARGETS, AnyTarget
from standing.database.connect import rows
from standing.database.schemas import Application, read_application
from standing.report.causes import Cause
from standing.settings import Settings
from standing.sql import render
from standing.state.runs import HAS_PUBLISHED

#: Decides what the gate says of a run, though no document is made of it.
LIMITS = "gate_limits"
#: Parts of a fingerprint that stand for many → what is said where no single one is known.
UNNAMED = {
    "macros": Cause("macro", "of others"),
    "code": Cause("code", "Standing's own code"),
    "settings": Cause("setting", "a setting of the models"),
    "sources": Cause("column", "columns or constraints of the application"),
}
#: What made the runs happen that were undone, and whose members were let go on after the last publication.
RESUMED = f"""
    select distinct cause.cause
    from standing.runs as undone
    cross join lateral jsonb_array_elements(undone.summary -> 'causes') as cause (cause)
    where
        undone.status = 'undone'
        and (undone.summary ->> 'resumed_at')::timestamptz
        > (select coalesce(max(started_at), '-infinity') from standing.runs where {HAS_PUBLISHED})
"""


def made_by(application: Application, settings: Settings, *, everybody: bool) -> dict[str, Any]:
    """What a run notes for later ones to compare with; columns only where it builds everybody."""
    columns = {"columns": sources_read(application)} if everybody else {}
    return {"settings": _settings(settings), **columns}


def find_causes(
    connection: Connection,
    settings: Settings,
    application: Application,
    fingerprint: Fingerprint,
    targets: Iterable[AnyTarget],
) -> tuple[Cause, ...]:
    """What is not as it was when these targets were last published, by kind; each thing once.

    Nothing of a target that was never published: all of it is new.
    """
    names = [target.name for target in targets]
    publishing = {name: [one for one, some in SELECTIONS.items() if name in some] for name in names}
    known = rows(
        connection,
        render("incremental/causes.sql.j2"),
        targets=names,
        selections=json.dumps(publishing),
    )
    now = cells.on_disk(project.root()) if known else {}
    found: dict[Cause, None] = {}
    for row in known:
        parts = edited(row["depends_on"], fingerprint.targets[row["target"]])
        found |= dict.fromkeys(_policy(row["policy"], now, parts | {LIMITS}))
        found |= dict.fromkeys(_texts(parts))
        if "settings" in parts:
            pairs = _pairs(row["settings"], _settings(settings))
            found |= dict.fromkeys(_each("setting", pairs) or [UNNAMED["settings"]])
        if "sources" in parts:
            pairs = _pairs(row["columns"], sources_read(application))
            found |= dict.fromkeys(_each("column", pairs) or [UNNAMED["sources"]])
    # A macro is named by the targets that use it, and makes everybody due of the others, too.
    if any(one.kind == "macro" and one != UNNAMED["macros"] for one in found):
        found.pop(UNNAMED["macros"], None)
    order = ("policy", "model", "macro", "code", "setting", "column")
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.where)))


def find_resumed_causes(connection: Connection) -> tuple[Cause, ...]:
    """What an undone run was made by, where its members have gone on since: it makes them again."""
    return tuple(Cause(**row["cause"]) for row in rows(connection, RESUMED))


def what_differs(connection: Connection, settings: Settings) -> tuple[Cause, ...]:
    """`find_causes` of all documents, as a run would find them now."""
    application = read_application(connection, settings.application_schema)
    return find_causes(connection, settings, application, take(application, settings), TARGETS)


def _policy(before: Mapping[str, Any] | None, now: cells.Tables, parts: set[str]) -> Iterator[Cause]:
    """The cells that differ in the tables among the parts."""
    for name in sorted(parts & now.keys()):
        if before is None or name not in before:
            if name != LIMITS:
                yield Cause("policy", name)
            continue
        seed, current = now[name]
        old = cells.of_rows(seed, before[name])
        for key in dict.fromkeys([*old, *current]):
            if key not in current:
                yield Cause("policy", name, key, before="a row")
            elif key not in old:
                yield Cause("policy", name, key, after="a new row")
            else:
                for column, cell in current[key].items():
                    if old[key].get(column) != cell:
                        yield Cause("policy", name, key, column, old[key].get(column), cell)


def _texts(parts: set[str]) -> Iterator[Cause]:
    """Models and macros by name; hooks are in no model's text."""
    kinds = project.kinds()
    macros = [name for name in parts if kinds.get(name) == "macro"]
    yield from (Cause("model", name) for name in parts if kinds.get(name) == "model")
    yield from (Cause("macro", name) for name in macros)
    if "macros" in parts and not macros:
        yield UNNAMED["macros"]
    if "code" in parts:
        yield UNNAMED["code"]


def _each(kind: Any, pairs: dict[str, tuple[str | None, str | None]]) -> list[Cause]:
    return [Cause(kind, name, before=before, after=after) for name, (before, after) in pairs.items()]


def _pairs(
    before: Mapping[str, str] | None, now: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    if before is None:
        return {}
    names = sorted(before.keys() | now.keys())
    return {one: (before.get(one), now.get(one)) for one in names if before.get(one) != now.get(one)}


def _settings(settings: Settings) -> dict[str, str]:
    """The settings that models read, by the names of their variables; none of them is a secret."""
    fields = type(settings).model_fields
    return {fields[name].alias or name: str(getattr(settings, name)) for name in SETTINGS}
