"""What an edit of policy or models touches: what a trial builds, and what it reads where runs keep it."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from standing.build.fingerprint import EVERYWHERE, edited, take
from standing.build.prepared import is_prepared
from standing.build.project import upstream
from standing.build.selection import POLICY_MODELS
from standing.contract.targets import TARGETS, Target
from standing.incremental.observed import observe
from standing.settings import Settings

GATE_LIMITS = "gate_limits"
#: Built whatever is edited: whom the trial compares, and the gate's limits, of which no document is made.
ALWAYS = ("int_due_users", "int_due_sellers", GATE_LIMITS)
#: The last run that built anything.
LAST_BUILD = """
    select run_id, status in ('published', 'undone') as is_published from standing.runs
    where status not in ('waiting', 'skipped', 'replayed') order by run_id desc limit 1
"""


@dataclass(frozen=True)
class Edit:
    """The targets whose documents may change, and the models and seeds to build for them.

    `last_run` is the last that built anything, and `is_published` whether what it left is published.
    `deferred` are the models and seeds to read from its build, as dbt's --defer does. `reaches_facts` says
    whether facts of members are among those to build: then policy is loaded and tested first, and is in
    neither list. `is_nothing` says that all policy and models are as the last run had them.
    """

    last_run: int | None
    is_published: bool
    targets: tuple[Target, ...]
    built: frozenset[str]
    deferred: frozenset[str]
    reaches_facts: bool
    is_nothing: bool


def find_edit(connection: Connection, settings: Settings) -> Edit:
    """Compare the files with what the published documents were made from.

    Everything is built where the last build is not what is published.
    """
    observed = observe(connection, settings)
    fingerprint = take(observed.application, settings)
    published = connection.execute(text("select target, depends_on from standing.target_state"))
    known = {row.target: row.depends_on for row in published}
    last = connection.execute(text(LAST_BUILD)).first()
    is_published = bool(last and last.is_published) and not observed.is_lost
    nodes = {target.name: _nodes(target.mart) for target in TARGETS}
    targets: list[Target] = []
    built: set[str] = set(ALWAYS)
    reaches_facts = False
    for target in TARGETS:
        is_there = target.name in known and {target.mart, *target.facts} <= observed.built
        stays = is_there and is_published
        changed = edited(known[target.name], fingerprint.targets[target.name]) if stays else {target.mart}
        if not changed:
            continue
        below = set().union(*(upstream(model) for model in target.facts))
        from_facts = stays and bool(target.facts) and not changed & (EVERYWHERE | below)
        targets.append(target)
        built |= nodes[target.name] - below if from_facts else nodes[target.name]
        reaches_facts |= not from_facts
    deferred = set().union(*nodes.values()) - built
    if reaches_facts:
        built, deferred = built - _policy(), deferred - _policy()
    return Edit(
        last.run_id if last else None,
        is_published,
        tuple(targets),
        frozenset(built),
        frozenset(deferred & observed.built),
        reaches_facts,
        not targets and is_prepared(connection, settings, TARGETS, fingerprint, observed.built),
    )


def _nodes(mart: str) -> set[str]:
    """The models and seeds that a mart is made from, with itself."""
    return {name for name, part in upstream(mart).items() if "macros" not in part.path.parts}


def _policy() -> set[str]:
    """What loading policy makes of it: the seeds that a document is made from, and the models of seeds."""
    parts = {name: part for target in TARGETS for name, part in upstream(target.mart).items()}
    seeds = {name for name, part in parts.items() if part.path.suffix == ".csv"}
    return {*seeds, *POLICY_MODELS, GATE_LIMITS}
