"""Reconcile: compare published documents with a full recompute, daily at STANDING_RECONCILE_AT."""

from prefect import State, flow
from prefect.artifacts import create_table_artifact
from prefect.states import Completed, Failed

from flows.artifacts import Progress, publish_artifacts
from flows.stages import Stages, as_state, at_its_time, reach_database, to_failed_state
from standing.monitor.metrics import write_metrics
from standing.monitor.reconcile import reconcile as core
from standing.settings import current


@flow(name="reconcile", flow_run_name=at_its_time("reconcile"))
@to_failed_state
def reconcile(mend: bool = False) -> State[None]:
    """Run what is due, build everybody in another schema, compare; `mend` writes what differs again."""
    settings = current()
    reach_database()
    with Progress("reconciliation") as progress:
        reconciliation = core(settings, mend, Stages(progress))
    publish_artifacts(reconciliation.mended or reconciliation.run)
    write_metrics(settings)
    if not reconciliation.compared:
        return as_state(reconciliation.run)
    if reconciliation.drift:
        rows = [
            {"document": one.target, "member": one.member_id, "cause": one.cause}
            for one in reconciliation.drift
        ]
        create_table_artifact(key="standing-drift", table=rows, description="documents that drifted")
    if reconciliation.error is not None:
        return Failed(message=str(reconciliation.error), data=reconciliation.error)
    return Completed(message=reconciliation.message)
