"""A run's stages: what each does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy.exc import DBAPIError

from standing.build import dbt, selection
from standing.build.prepared import is_prepared, preparing
from standing.database.connect import fix_of
from standing.errors import AuditFailed, BuildFailed, GateStopped
from standing.gate import change_sets
from standing.gate.verdict import measure
from standing.incremental.plan import collect_due, open_build
from standing.log import pace
from standing.publish.publish import confirm_changes, find_changes, publish_changes
from standing.run.run import Run, Stage
from standing.text import plural


def _audit(suite: str) -> Callable[[Run], str]:
    def work(run: Run) -> str:
        if suite == "sources" and not run.is_prepared:
            dbt.load(run.settings, run.engine.url)  # the build comes next; the audit is at work meanwhile
        begun = run.begun.pop(suite, None)
        verdict = run.auditor.verdict(suite, not run.due.everybody, begun)
        run.verdicts.append(verdict)
        if not verdict.passed:
            worst = verdict.failures("critical")[0]
            raise AuditFailed(
                f"audit {suite}: {worst.expectation}: {worst.observed}; {worst.meaning}",
                fix_of(worst.observed, worst.action),
            )
        looked = f"{plural(len(verdict.outcomes), 'expectation')}, {plural(len(verdict.failures('warning')), 'warning')}"
        return f"{looked}; begun earlier, at work for {verdict.seconds:.1f} s" if begun else looked

    return work


def _begin(run: Run, suite: str) -> None:
    run.begun[suite] = run.auditor.start(suite, due_only=not run.due.everybody)


@contextmanager
def _said_better_by(run: Run, suite: str) -> Iterator[None]:
    """Where what goes on beside an audit fails, the audit is heard first: it names the fault's cause."""
    try:
        yield
    except (BuildFailed, DBAPIError):
        if suite in run.begun:
            _audit(suite)(run)
        raise


def find_due(run: Run) -> str:
    """Who is to be built: everybody, or whom something happened to or whose time has come."""
    if run.is_replay:
        run.due = open_build(run.engine, run.settings, run.run_id, run.as_of, run.targets)
    else:
        run.due = collect_due(
            run.engine, run.settings, run.run_id, run.as_of, run.targets, full=run.request.full
        )
    run.is_prepared = is_prepared(run.engine, run.settings, run.targets)
    # The audit's library takes longer to load than dbt, or than a few members to build: both at once.
    _begin(run, "sources")
    who = f"{plural(run.due.users, 'member')} and {plural(run.due.sellers, 'shop')}"
    if run.due.everybody:
        who = f"everybody, {who}: {'; '.join(run.due.reasons)}"
    judged = "orders, reviews and threads"
    stale = run.due.stale
    if stale == 0:  # members may have facts of their own to be counted anew
        return who
    return f"{who}; {f'all {judged}' if stale is None else plural(stale, 'order, review or thread', judged)} to judge"


def build(run: Run) -> str:
    """dbt's seeds, models and data tests of the selection.

    The seeds with their tests come first, so that a wrong policy is refused before anything is built on it; they
    and the staging views are left out where they are as they should be.
    """
    if run.due.nobody:
        _begin(run, "candidates")
        return "nobody is due"
    arguments = ["build", *selection.without_policy(run.targets, run.is_prepared), *dbt.AS_BUILT]
    # dbt's artifacts, target/manifest.json and run_results.json, are of the last full build.
    arguments.append("--full-refresh" if run.due.everybody else "--no-write-json")
    prepared = nullcontext() if run.is_prepared else preparing(run.engine, run.settings, run.targets)
    with _said_better_by(run, "sources"), prepared:
        what = "models and tests" if run.is_prepared else "seeds, models and tests"
        tell = pace(run.run_id, "build", what)
        if not run.is_prepared:
            whole = dbt.count(run.settings, run.engine.url, *selection.whole(run.targets))
            run.nodes = dbt.load_policy(run.settings, run.engine.url, tell, whole)
        told = dbt.going_on(len(run.nodes), tell)
        run.nodes += dbt.invoke(run.settings, run.engine.url, *arguments, progress=told)
    _begin(run, "candidates")
    kinds = [node.kind for node in run.nodes]
    return ", ".join(plural(kinds.count(kind), kind) for kind in ("seed", "model", "test") if kind in kinds)


def diff(run: Run) -> str:
    """Which documents differ from what is published."""
    with _said_better_by(run, "candidates"):
        run.changes = find_changes(run.engine, run.settings, run.targets, run.as_of)
    return ", ".join(
        f"{c.target}: {c.changed:,} of {c.candidates:,} changed, {c.due:,} due for review"
        for c in run.changes
    )


def audit_candidates(run: Run) -> str:
    """The audit of what was built; how much would change is measured beside it, for the gate."""
    if not (run.is_replay or run.due.nobody):
        with _said_better_by(run, "candidates"):
            run.measured = measure(run.engine, run.settings, run.targets)
    return _audit("candidates")(run)


def gate(run: Run) -> str:
    """Whether what would change is within the limits of policy; a change set that is not awaits a decision."""
    if run.due.nobody:
        return "nobody is due"
    run.gate = run.measured or measure(run.engine, run.settings, run.targets)
    if run.gate.stopped:
        change_sets.keep(run.engine, run.settings, run.targets, run.run_id)
        reasons = "; ".join(one.sentence for one in run.gate.over("stopped"))
        raise GateStopped(
            f"the gate stopped the run: {reasons}",
            f"standing diff --run {run.run_id} shows who would move; then standing approve {run.run_id},"
            f" or standing reject {run.run_id} and mend the cause",
        )
    return "; ".join(one.sentence for one in run.gate.over("warned")) or "within the limits"


def publish(run: Run) -> str:
    """Write what changed."""
    run.written = publish_changes(run.engine, run.settings, run.targets, run.lock, run.run_id)
    confirm_changes(run.engine, run.settings, run.targets, run.lock, run.run_id, run.due)
    return ", ".join(f"{name}: {number:,} written" for name, number in run.written.items())


def audit_published(run: Run) -> str:
    """The audit of what was written; whom the run moved is counted beside it, for the report."""
    from standing.run.effects import count_effects

    _begin(run, "published")
    with run.engine.connect() as connection:
        run.effects = count_effects(connection, run)
    return _audit("published")(run)


AUDIT_PUBLISHED = Stage("audit published", audit_published, writes=True)


def in_order(run: Run) -> Iterator[Stage]:
    """The stages as a run takes them.

    An audit is heard after what goes on beside it. Where policy and staging are made anew, the build
    waits for the audit of the sources.
    """
    first, building, sources, *others = STAGES
    yield first
    yield from (building, sources) if run.is_prepared else (sources, building)
    yield from others


STAGES = (
    Stage("find the due", find_due),
    Stage("build", build),
    Stage("audit sources", _audit("sources")),
    Stage("diff", diff),
    Stage("audit candidates", audit_candidates),
    Stage("gate", gate, writes=True),
    Stage("publish", publish, writes=True),
    AUDIT_PUBLISHED,
)
