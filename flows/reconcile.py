"""Reconcile: a full recompute beside the published documents, daily at STANDING_RECONCILE_AT; drift must be 0."""

from collections import Counter

from prefect import State, flow
from prefect.artifacts import create_table_artifact
from prefect.states import Failed

from flows.artifacts import Progress, publish_artifacts
from flows.stages import Stages, as_state, at_its_time, plainly, reach_database
from standing.metrics import write_metrics
from standing.settings import current
from standing.targets import TARGETS

ROWS_SHOWN = 100


@flow(name="reconcile", flow_run_name=at_its_time("reconcile"))
@plainly
def reconcile(mend: bool = False) -> State[None]:
    """An incremental run, then everybody anew in a schema apart, compared; `mend` makes the differing due."""
    from standing import reconcile as core

    settings = current()
    reach_database()
    with Progress("reconciliation", steps=12) as progress:
        found = core.reconcile(settings, mend=mend, perform=Stages(progress))
    publish_artifacts(found.run)
    state = as_state(found.run)
    if found.run.status != "published":
        write_metrics(settings)
        return state
    counts = Counter(one.target for one in found.drift)
    write_metrics(settings, drift={target.name: counts[target.name] for target in TARGETS})
    if not found.drift:
        return state
    rows = [{"target": one.target, "member": str(one.member_id), "cause": one.cause} for one in found.drift]
    create_table_artifact(
        key="standing-drift", table=rows[:ROWS_SHOWN], description="documents that drifted"
    )
    return Failed(
        message=f"{len(found.drift):,} documents differ from a full recompute"
        f" ({', '.join(f'{name}: {number}' for name, number in counts.items())})\n"
        "  fix: standing reconcile --mend, and read docs/operations.md on drift"
    )
