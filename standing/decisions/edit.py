"""What an edit of policy or models touches: what a trial builds, and what it reads where runs keep it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from standing.build.fingerprint import EVERYWHERE, edited, take
from standing.build.prepared import is_prepared
from standing.build.project import nodes, upstream
from standing.build.selection import POLICY_MODELS
from standing.contract.targets import DOCUMENTS, SELECTIONS, Target
from standing.incremental.observed import observe
from standing.settings import Settings

GATE_LIMITS = "gate_limits"
#: Built whatever is edited: whom the trial compares, and the gate's limits, of which no document is made.
ALWAYS = ("int_due_users", "int_due_sellers", GATE_LIMITS)
#: For each target the last run that built it, newest first; the gate may have held it.
LAST_BUILDS = """
    select distinct on (target)
        run_id,
        target,
        status in ('published', 'undone')
        and not coalesce(summary -> 'held' ? target, false) as is_published
    from standing.runs
    cross join lateral jsonb_array_elements_text(
        coalesce(summary -> 'targets', cast(:selections as jsonb) -> selection, '[]')
    ) as t (target)
    where status not in ('waiting', 'skipped', 'replayed')
    order by target, run_id desc
"""


@dataclass(frozen=True)
class Edit:
    """The targets whose documents may change, and the models and seeds to build for them.

    `last_run` is the last that built anything, and `unpublished` are the targets of which what it left is
    not published. `deferred` are the models and seeds to read from its build, as dbt's --defer does.
    `tested` are the models whose unit tests see the edit. `reaches_facts` says whether facts of members are
    among those to build: then policy is loaded and tested first, and is in neither list. `is_nothing` says
    that all policy and models are as the last run had them.
    """

    last_run: int | None
    unpublished: frozenset[str]
    targets: tuple[Target, ...]
    built: frozenset[str]
    deferred: frozenset[str]
    tested: frozenset[str]
    reaches_facts: bool
    is_nothing: bool


def find_edit(connection: Connection, settings: Settings) -> Edit:
    """Compare the files with what the published documents were made from.

    All of a target is built where the last build is not what is published of it.
    """
    observed = observe(connection, settings)
    fingerprint = take(observed.application, settings)
    published = connection.execute(text("select target, depends_on, run_id from standing.target_state"))
    known = {row.target: row for row in published}
    last = connection.execute(text(LAST_BUILDS), {"selections": json.dumps(SELECTIONS)}).all()
    is_changed = observed.is_lost or bool(observed.by_hand)
    unpublished = _names() if is_changed else _unpublished(last, known)
    of_mart = {target.name: _nodes(target.mart) for target in DOCUMENTS}
    targets: list[Target] = []
    built: set[str] = set(ALWAYS)
    touched: set[str] = set()
    reaches_facts = False
    for target in DOCUMENTS:
        is_there = target.name in known and {target.mart, *target.facts} <= observed.built
        now = fingerprint.targets[target.name]
        edits = edited(known[target.name].depends_on, now) if is_there else set()
        touched |= edits
        stays = is_there and target.name not in unpublished
        changed = edits if stays else {target.mart, *edits}
        if not changed:
            continue
        below = set().union(*(upstream(model) for model in target.facts))
        from_facts = stays and bool(target.facts) and not changed & (EVERYWHERE | below)
        targets.append(target)
        built |= of_mart[target.name] - below if from_facts else of_mart[target.name]
        reaches_facts |= not from_facts
    tested = _tested(built, touched)
    deferred = set().union(*of_mart.values()) - built
    if reaches_facts:
        built, deferred = built - _policy(), deferred - _policy()
    return Edit(
        max((one.run_id for one in last), default=None),
        unpublished,
        tuple(targets),
        frozenset(built),
        frozenset(deferred & observed.built),
        tested,
        reaches_facts,
        not targets and is_prepared(connection, settings, DOCUMENTS, fingerprint, observed.built),
    )


def _unpublished(last: Sequence[Row[Any]], known: Mapping[str, Row[Any]]) -> frozenset[str]:
    """The targets whose last build is not what is published.

    A run that failed after it had published has published all the same. Where the last run of all published
    nothing, what it built is under every document.
    """
    done = {
        one.target
        for one in last
        if one.is_published or (one.target in known and known[one.target].run_id == one.run_id)
    }
    newest = max((one.run_id for one in last), default=None)
    if not any(one.target in done for one in last if one.run_id == newest):
        return _names()
    return _names() - done


def _names() -> frozenset[str]:
    return frozenset(target.name for target in DOCUMENTS)


def _tested(built: set[str], touched: set[str]) -> frozenset[str]:
    """Those of the built models that are edited, or made from what is: a seed is no model's arithmetic."""
    parts = {name: upstream(name) for name in built if name in nodes()}
    sql = {
        name
        for found in parts.values()
        for name, part in found.items()
        if name in touched and part.path.suffix == ".sql"
    }
    return frozenset(name for name, found in parts.items() if sql & found.keys())


def _nodes(mart: str) -> set[str]:
    """The models and seeds that a mart is made from, with itself."""
    return {name for name, part in upstream(mart).items() if "macros" not in part.path.parts}


def _policy() -> set[str]:
    """What loading policy makes of it: the seeds that a document is made from, and the models of seeds."""
    parts = {name: part for target in DOCUMENTS for name, part in upstream(target.mart).items()}
    seeds = {name for name, part in parts.items() if part.path.suffix == ".csv"}
    return {*seeds, *POLICY_MODELS, GATE_LIMITS}
