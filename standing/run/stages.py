"""A run's stages, in their order, and what each does.

Audits work in a process of their own: each is begun as soon as there is something to audit, and its stage
comes after what goes on beside it. Where nobody is due, a run is the plan and a look at the sources.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from standing.audit import audit_failed
from standing.build import dbt, selection
from standing.build.keys import check_keys
from standing.build.points import note_terms
from standing.build.prepared import preparing
from standing.contract.targets import PostingTarget
from standing.errors import BuildFailed
from standing.findings.movements import Effects
from standing.gate import change_sets
from standing.gate.held import among, with_dependents
from standing.gate.verdict import GateVerdict, measure
from standing.incremental.acknowledge import Published
from standing.incremental.observed import BuildRequest
from standing.incremental.plan import Plan, make_plan, open_build
from standing.log import log_progress
from standing.publish.publish import confirm_changes, find_changes, publish_changes
from standing.run.effects import count_effects
from standing.run.run import Audited, Built, Changes, Run, Stage, Written
from standing.run.stop import stopped_by
from standing.state import policies


def find_due(run: Run) -> Plan:
    """Who is to be built: everybody, or whom something happened to or whose time has come."""
    if run.is_replay:
        return open_build(run.engine, run.settings, run.run_id, run.as_of, run.targets)
    if any(isinstance(target, PostingTarget) for target in run.targets):
        with run.engine.begin() as connection:  # what is earned from now on is by what holds now
            note_terms(connection, run.settings, run.as_of)
    return make_plan(
        run.engine, run.settings, BuildRequest(run.run_id, run.as_of, run.targets, run.request.full)
    )


def build(run: Run) -> Built:
    """dbt's seeds, models and data tests of the selection.

    The seeds with their tests come first, so that a wrong policy is refused before anything is built on it;
    they and the staging views are left out where they are as they should be.
    """
    plan = run.required_plan
    dbt.check_policy()  # the audit reads policy, too
    check_keys(run.targets)
    _begin(run, "sources")
    with _audit_explains(run, "sources"):
        nodes = _build_prepared(run) if plan.is_prepared else _build_with_policy(run, plan)
    if not run.is_replay:
        with run.engine.begin() as connection:
            policies.note(connection, run.run_id, run.settings.build_schema, selection.POLICY_TABLES)
    _begin(run, "candidates")
    return Built(tuple(nodes))


def _build_prepared(run: Run) -> list[dbt.NodeResult]:
    on_progress = log_progress(run.run_id, "build", "models and tests")
    arguments = _arguments(run, is_prepared=True)
    return dbt.invoke(run.settings, run.engine.url, *arguments, progress=on_progress)


def _build_with_policy(run: Run, plan: Plan) -> list[dbt.NodeResult]:
    url, on_progress = run.engine.url, log_progress(run.run_id, "build", "seeds, models and tests")
    with preparing(run.engine, run.settings, run.targets, plan.fingerprint):
        whole = dbt.count(run.settings, url, *selection.whole(run.targets))
        nodes = dbt.load_policy(run.settings, url, on_progress, whole)
        after = dbt.going_on(len(nodes), on_progress)
        return nodes + dbt.invoke(run.settings, url, *_arguments(run, is_prepared=False), progress=after)


def _arguments(run: Run, is_prepared: bool) -> list[str]:
    # dbt's artifacts, target/manifest.json and run_results.json, are of the last full build.
    how = "--full-refresh" if run.builds_everybody else "--no-write-json"
    return ["build", *selection.without_policy(run.targets, is_prepared), *dbt.AS_BUILT, how]


def audit_sources(run: Run) -> Audited:
    """The audit of what was read; where nobody is due, of each table as a whole: it may be late or lost."""
    return Audited(run.auditor.watch()) if run.is_idle else _audited(run, "sources")


def diff(run: Run) -> Changes:
    """Which documents differ from what is published, and how much that is, for the gate."""
    with _audit_explains(run, "candidates"):
        found = find_changes(run.engine, run.settings, run.targets, run.as_of)
        if run.is_replay:
            return Changes(tuple(found))
        return Changes(tuple(found), measure(run.engine, run.settings, run.targets))


def audit_candidates(run: Run) -> Audited:
    return _audited(run, "candidates")


def gate(run: Run) -> GateVerdict:
    """Check what would change against the limits of policy.

    What is beyond them awaits a decision, with what is made from it; the other documents go on.
    """
    verdict = run.measured
    if not verdict.stopped:
        return verdict
    held = with_dependents({one.target for one in verdict.over("stopped")})
    run.held = among(run.targets, held)
    depends_on = run.required_plan.fingerprint.targets
    change_sets.keep(run.engine, run.settings, run.held, run.run_id, depends_on)
    if not run.free:
        run.parts.append(verdict)
        raise stopped_by(run, verdict)
    return verdict


def publish(run: Run) -> Written:
    """Write what changed, of the targets that the gate lets pass."""
    written = Written(publish_changes(run.engine, run.settings, run.free, run.lock, run.run_id))
    run.parts.append(written)  # it is written also where confirming fails
    plan = run.required_plan
    published = Published(run.run_id, plan.everybody, plan.fingerprint.targets)
    confirm_changes(run.engine, run.settings, run.free, run.lock, published)
    return written


def audit_published(run: Run) -> Audited:
    """The audit of what was written; whom the run moved is counted beside it, for the report."""
    run.auditor = run.auditor.of(run.free)
    _begin(run, "published")
    with run.engine.connect() as connection:
        effects = count_effects(connection, run)
    return _audited(run, "published", effects)


def _begin(run: Run, suite: str) -> None:
    run.begun[suite] = run.auditor.start(suite, due_only=_due_only(run))


def _due_only(run: Run) -> bool:
    return not run.builds_everybody


def _audited(run: Run, suite: str, effects: Effects | None = None) -> Audited:
    """Wait for an audit that was begun. Raises AuditFailed where it forbids to go on."""
    audited = Audited(run.auditor.verdict(suite, _due_only(run), run.begun.pop(suite, None)), effects)
    verdict = audited.verdict
    if not verdict.passed:
        run.parts.append(audited)
        raise audit_failed(verdict)
    return audited


@contextmanager
def _audit_explains(run: Run, suite: str) -> Iterator[None]:
    """Where what goes on beside an audit fails, the audit's own failure comes first: it names the cause."""
    try:
        yield
    except (BuildFailed, DBAPIError):
        if suite in run.begun:
            run.parts.append(_audited(run, suite))
        raise


AUDIT_PUBLISHED = Stage("audit published", audit_published, writes=True)

#: As every run takes them.
STAGES = (
    Stage("find the due", find_due, always=True),
    Stage("build", build),
    Stage("audit sources", audit_sources, always=True),
    Stage("diff", diff),
    Stage("audit candidates", audit_candidates),
    Stage("gate", gate, writes=True),
    Stage("publish", publish, writes=True),
    AUDIT_PUBLISHED,
)
