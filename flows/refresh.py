"""Refresh the members' documents: one run of the core, its stages as tasks."""

import sys

from prefect import State, flow

from flows.stages import as_state, as_task, publish_artifact
from standing.run import execute
from standing.settings import current
from standing.stages import Request


@flow(name="refresh", flow_run_name="refresh {selection}")
def refresh(selection: str = "all") -> State[None]:
    """Audit, build, publish and report a selection: all, scores or tiers."""
    outcome = execute(current(), Request(selection), perform=as_task)
    publish_artifact(outcome)
    return as_state(outcome)


if __name__ == "__main__":
    ended = refresh(*sys.argv[1:2], return_state=True)
    print(f"{ended.name}: {ended.message}")
    sys.exit(0 if ended.is_completed() else 1)
