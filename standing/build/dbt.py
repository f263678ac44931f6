"""dbt, in process: the one place that calls dbtRunner.

dbt keeps its adapter in a global, so a process runs one command at a time. The parsed project and the log
live under STANDING_HOME, apart for each schema that is built into: its name is part of what dbt parses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from standing import PROJECT_ROOT
from standing.build import policy
from standing.build.dbt_patches import collector_paused, run_command
from standing.build.policy_errors import failing_rows, wrong_policy
from standing.build.selection import POLICY, STAGING
from standing.build.unit_tests import what_differs
from standing.database.conninfo import parameters, variables
from standing.database.session_settings import fix_of, with_settings
from standing.errors import BuildFailed, closed_home
from standing.settings import Settings

#: Compiling queries to machine code costs a run of the due more than it saves; sorting and hashing of a
#: full one need more memory than servers give by default. What row security would hide is an error, and no
#: row too few.
SESSION = {"jit": "off", "work_mem": "64MB", "row_security": "off"}
#: dbt hides what is in a variable of such a name from its logs.
PASSWORD = "DBT_ENV_SECRET_STANDING_PASSWORD"  # noqa: S105
BUT_STAGING = ("--exclude", STAGING)


@dataclass(frozen=True)
class NodeResult:
    """How one model, seed or test went. `seconds` is its execution time; `message` is dbt's own."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str


def connection_name(settings: Settings) -> str:
    """What dbt's connections call themselves, so that a killed run's can be found and ended."""
    return f"standing build {settings.build_schema}"


def folder(settings: Settings) -> Path:
    """Where dbt's files of the build's schema are: target/ and logs/dbt.log."""
    return settings.home / "dbt" / settings.build_schema


def files_by_hand(settings: Settings) -> Path:
    """Where dbt's files are when somebody calls it by hand; no run writes over them."""
    return settings.home / "dbt" / "by_hand"


def by_hand(settings: Settings, url: URL) -> dict[str, str]:
    """`environment` for whoever calls dbt by hand; macros/by_hand/ knows it by the connections' name."""
    files = files_by_hand(settings)
    return {
        **environment(settings, url),
        "STANDING_DBT_NAME": f"dbt by hand {settings.build_schema}",
        "DBT_TARGET_PATH": str(files / "target"),
        "DBT_LOG_PATH": str(files / "logs"),
    }


def environment(settings: Settings, url: URL) -> dict[str, str]:
    """The variables that libpq, profiles.yml and the sources read, and dbt's own switches."""
    way = parameters(url)
    return {
        **variables(with_settings(url, SESSION)),
        "STANDING_DBT_HOST": way["host"],
        "STANDING_DBT_PORT": way.get("port", "5432"),
        "STANDING_DBT_USER": way["user"],
        PASSWORD: way.get("password", ""),
        "STANDING_DBT_NAME": connection_name(settings),
        "STANDING_DBT_DATABASE": way["dbname"],
        "STANDING_BUILD_SCHEMA": settings.build_schema,
        "STANDING_APPLICATION_SCHEMA": settings.application_schema,
        "STANDING_THREADS": str(settings.threads),
        "DBT_TARGET_PATH": str(folder(settings) / "target"),
        "DBT_LOG_PATH": str(folder(settings) / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT),
        "DBT_PROJECT_DIR": str(PROJECT_ROOT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


#: Is called with how many seeds, models and tests have ended, and of how many (0 while that is not known).
Progress = Callable[[int, int], None]


#: Environment → the project parsed in it by `load`, for the next command alone: files may be edited after
#: it.
_loaded: dict[tuple[str, ...], Any] = {}


def load(settings: Settings, url: URL) -> None:
    """Import dbt and parse the project, while the caller waits for something else; the next `invoke` has
    both.

    What is wrong with the project is left for that command to say, and the manifest for it to write.
    """
    variables = environment(settings, url)
    with collector_paused():
        from dbt.cli.main import dbtRunner

        outcome = run_command(dbtRunner(), variables, "parse", "--no-write-json")
    _loaded.clear()
    if outcome.success:
        _loaded[tuple(variables.values())] = outcome.result


def count(settings: Settings, url: URL, *selected: str) -> int:
    """How many seeds, models and tests a build of what is selected has.

    0 where the project is wrong, as the build will say.
    """
    variables = environment(settings, url)
    project = tuple(variables.values())
    if project not in _loaded:
        load(settings, url)
    if project not in _loaded:
        return 0
    with collector_paused():
        from dbt.cli.main import dbtRunner

        built = (*selected, *AS_BUILT, "--exclude-resource-type", "source")
        runner = dbtRunner(manifest=_loaded[project])
        outcome = run_command(runner, variables, "list", *built, "--no-write-json")
    return len(outcome.result or ())


def invoke(
    settings: Settings, url: URL, *arguments: str, progress: Progress | None = None
) -> list[NodeResult]:
    """Run one dbt command, such as ("build", "--select", "+seller_tiers"); its results in order of ending.

    Raises BuildFailed naming the wrong rows of policy, or else the first node that failed with dbt's
    message.
    """
    variables = environment(settings, url)
    project = tuple(variables.values())
    if project not in _loaded:
        load(settings, url)
    with collector_paused():
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(
            manifest=_loaded.pop(project, None),
            callbacks=[_counting(progress)] if progress else [],
        )
        outcome = run_command(runner, variables, *arguments)
    found = getattr(outcome.result, "results", None) or []
    if failed := [result for result in found if result.status in ("error", "fail", "runtime error")]:
        raise _failure(settings, url, arguments[0], failed)
    if not outcome.success:
        if isinstance(outcome.exception, OSError) and (
            closed := closed_home(outcome.exception, settings.home)
        ):
            raise closed
        message = str(outcome.exception)
        log = _log(settings)
        raise BuildFailed(f"dbt {arguments[0]}: {message}", fix_of(message, f"read {log}"))
    # What dbt runs before it builds (on-run-start) has a result of its own.
    return [_node_result(result) for result in found if result.node.resource_type != "operation"]


#: No test that needs a model left unbuilt, and none of one model's arithmetic: those are for developers.
AS_BUILT = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")


def check_policy() -> None:
    """Raises BuildFailed naming the rows of seeds/ that are wrong by themselves, by file, line and key."""
    policy.check_files(PROJECT_ROOT)


def load_policy(
    settings: Settings, url: URL, progress: Progress | None = None, whole: int = 0
) -> list[NodeResult]:
    """Load and test the tables of seeds/, before anything is built on them; `progress` is called with how
    many of `whole`.

    Raises BuildFailed naming every wrong row by file, line and key.
    """
    check_policy()
    # dbt's artifacts stay those of the build that follows.
    arguments = ("--select", *POLICY, *AS_BUILT, "--no-write-json")
    of_whole = None if progress is None else lambda ended, _: progress(ended, whole)
    return invoke(settings, url, "build", *arguments, progress=of_whole)


def going_on(ended_before: int, progress: Progress | None) -> Progress | None:
    """Progress of a command that goes on counting where one before it has ended."""
    if progress is None:
        return None
    return lambda ended, total: progress(ended_before + ended, total and ended_before + total)


def _counting(progress: Progress) -> Callable[[Any], None]:
    ended = total = 0

    def on_event(event: Any) -> None:
        nonlocal ended, total
        if event.info.name == "LogStartLine":
            total = event.data.total
        if event.info.name == "NodeFinished":
            ended += 1
            progress(ended, total)

    return on_event


def _log(settings: Settings) -> Path:
    return folder(settings) / "logs" / "dbt.log"


def _failure(settings: Settings, url: URL, command: str, failed: list[Any]) -> BuildFailed:
    """The wrong rows of policy, or the first node that failed; of a unit test what differs in its rows."""
    if wrong := wrong_policy(PROJECT_ROOT, url, failed):
        return BuildFailed(policy.message_of(wrong), policy.FIX)
    first, node = _node_result(failed[0]), failed[0].node
    what, message = f"{first.kind} {first.name}", first.message
    if first.kind == "unit_test":
        # dbt gives the definition itself where the test's own query ends in an error.
        model = getattr(node, "model", "") or (node.tested_node_unique_id or "").rpartition(".")[2]
        what = f"unit test {first.name} of {model}"
        message = what_differs(failed[0].message or "") if first.status == "fail" else message
    elif found := failing_rows(url, failed[0]):
        message += "; " + "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in found)
    again = f"standing dbt {command} --select {first.name}; the whole log is {_log(settings)}"
    return BuildFailed(
        f"dbt {command}: {what} ended as {first.status}: {message}", fix_of(first.message, again)
    )


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        name=result.node.name,
        kind=str(result.node.resource_type),
        status=str(result.status),
        seconds=round(float(result.execution_time), 3),
        message=" ".join((result.message or "").split()),
    )
