"""A queue that does not grow: of the runs of one schedule that are due, only the latest has work to do."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect import State
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Completed

#: Not over yet, and not cancelled either.
TO_COME = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]

SKIPPED = "Skipped"


def overtaken() -> State[None]:
    """The end of a run that another one of its schedule makes unnecessary."""
    return Completed(name=SKIPPED, message="a later run of the same schedule is due, too")


def missed() -> State[None]:
    """The end of a run that was due while nothing served."""
    return Cancelled(name="Missed", message="nobody served the deployments; a later run makes up for it")


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


async def leave_the_newest(client: PrefectClient, deployment_id: UUID, end: State[None]) -> None:
    """Of the scheduled runs of a deployment that are due and not begun, all but the newest end as `end`."""
    due = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),  # type: ignore[arg-type]
        ),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
    )
    for run in [run for run in due if run.auto_scheduled][1:]:
        await client.set_flow_run_state(run.id, end, force=True)


async def keep_short(client: PrefectClient, deployment_ids: Sequence[UUID], seconds: float) -> None:
    """Keep all places taken, so that no run is started that a later one replaces; never returns."""
    while True:
        await asyncio.sleep(seconds)
        try:
            for identity in deployment_ids:
                await leave_the_newest(client, identity, overtaken())
        except (httpx.HTTPError, PrefectException):
            continue  # the server restarts, or somebody deleted the run: next time
