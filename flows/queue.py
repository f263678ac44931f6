"""A queue that does not grow: of the runs of one schedule that are due, only the latest has work to do."""

from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runtime import deployment, flow_run

#: Not over yet, and not cancelled either.
TO_COME = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]


def is_overtaken() -> bool:
    """Whether a later run of this run's schedule is due as well; it does all that this one would."""
    if deployment.id is None or flow_run.id is None:
        return False
    with get_client(sync_client=True) as client:
        own = client.read_flow_run(UUID(flow_run.id))
        others = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=TO_COME))
            ),
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[UUID(deployment.id)])),
        )
        states = client.read_flow_run_states(own.id)
    due = own.expected_start_time
    # As of when this run was handed out, not now: else runs that take long to start would all give way.
    begun = min((state.timestamp for state in states if state.is_pending()), default=datetime.now(UTC))
    if not own.auto_scheduled or due is None:
        return False
    return any(
        other.auto_scheduled
        and other.expected_start_time is not None
        and due < other.expected_start_time <= begun
        for other in others
    )
