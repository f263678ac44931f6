"""What all flows share: a stage becomes a task, an outcome becomes a state and an artifact."""

from prefect import State, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from standing.run import Outcome
from standing.stages import Run, Stage


def as_task(stage: Stage, run: Run) -> str:
    """Carry a stage out as a Prefect task of its name. No retries: the core tries again where that helps."""

    @task(name=stage.name, task_run_name=stage.name, cache_policy=NO_CACHE)
    def perform() -> str:
        return stage.work(run)

    return perform()


def as_state(outcome: Outcome) -> State[None]:
    """The flow run's state: failed with the reason and its fix, skipped by name, or completed."""
    if outcome.status == "skipped":
        return Completed(name="Skipped", message=outcome.message)
    if outcome.error is not None:
        return Failed(message=str(outcome.error))
    return Completed(message=outcome.message)


def publish_artifact(outcome: Outcome) -> None:
    """Show the outcome on the flow run's page."""
    create_markdown_artifact(
        key="standing-run", markdown=markdown(outcome), description=f"run {outcome.run_id}"
    )


def markdown(outcome: Outcome) -> str:
    """The outcome as two tables with a link to the report."""
    lines = [f"# Run {outcome.run_id or '–'}: {outcome.status}", "", outcome.message, ""]
    if outcome.report:
        lines += [f"[Data quality report]({outcome.report.as_uri()})", ""]
    if outcome.changes:
        lines += ["| document | scored | changed | due | written |", "|---|--:|--:|--:|--:|"]
        lines += [
            f"| {c.target} | {c.candidates:,} | {c.changed:,} | {c.due:,} | {outcome.written.get(c.target, 0):,} |"
            for c in outcome.changes
        ] + [""]
    lines += ["| stage | status | seconds | |", "|---|---|--:|---|"]
    lines += [f"| {s.name} | {s.status} | {s.seconds:.1f} | {_cell(s.detail)} |" for s in outcome.stages]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
