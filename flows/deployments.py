"""All deployments: what runs when. prefect.yaml says the same for work pools; a test compares.

Insights (02:00) are a flow file and an entry in `declared`, once their document exists:
`Declared("insights.insights", "daily", daily("02:00", zone))`.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

from flows.alerts import set_up_alerts
from flows.artifacts import PAGES
from flows.pages import serve_pages
from flows.queue import keep_short, leave_the_newest, missed
from flows.schedules import daily, every, every_and_at_midnight, monthly
from standing.contract.targets import INTERVALS
from standing.errors import ServerError
from standing.monitor.metrics import write_metrics
from standing.services.prefect import folder
from standing.settings import Settings, current

TAG = "standing"
#: Flow runs at work side by side; the database's lock lets one of them write. Keeps the queue tidy.
RUNS_AT_ONCE = 4
#: On the first of a month, when what the day began with is done.
BACKTEST_AT = "04:30"
POLL_SECONDS = 2.0
POLLS_MISSED = 15
API_SECONDS = 600.0


@dataclass(frozen=True)
class Declared:
    """One deployment: `flow` is module.function under flows; without a schedule it runs on demand."""

    flow: str
    name: str
    schedules: tuple[Schedule, ...] = ()

    @property
    def entrypoint(self) -> str:
        return f"flows.{self.flow}"

    def load(self) -> Flow[..., object]:
        module, function = self.entrypoint.rsplit(".", 1)
        loaded: Flow[..., object] = getattr(import_module(module), function)
        return loaded


def declared(settings: Settings) -> tuple[Declared, ...]:
    """All deployments, with the schedules of the settings."""
    zone = settings.business_time_zone
    intervals = {name: timedelta(milliseconds=getattr(settings, one)) for name, one in INTERVALS.items()}
    points = every_and_at_midnight(intervals["points"], zone)
    return (
        Declared("refresh_scores.refresh_scores", "scheduled", every(intervals["scores"], zone)),
        Declared("update_seller_tiers.update_seller_tiers", "scheduled", every(intervals["tiers"], zone)),
        Declared("expire_points.expire_points", "scheduled", points),
        Declared("reconcile.reconcile", "daily", daily(settings.reconcile_at, zone)),
        Declared("backtest.backtest", "monthly", monthly(BACKTEST_AT, zone)),
        Declared("refresh.refresh", "on-demand"),
        Declared("quality_report.quality_report", "on-demand"),
        Declared("backfill.backfill", "on-demand"),
        Declared("approve.approve", "on-demand"),
        Declared("approve.reject", "on-demand"),
    )


def built(settings: Settings) -> list[RunnerDeployment]:
    """The deployments as Prefect's own, ready to be served."""
    deployments = []
    for one in declared(settings):
        deployment = one.load().to_deployment(
            one.name,
            schedules=list(one.schedules),
            tags=[TAG],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        assert isinstance(deployment, RunnerDeployment)  # noqa: S101  # a coroutine only within a loop
        # Said outright, so that one that a work pool ran before is served from now on.
        deployment.work_pool_name = deployment.work_queue_name = None
        deployments.append(deployment)
    return deployments


def serve_all() -> None:
    """Serve every deployment until told to stop."""
    settings = current()
    asyncio.run(_serve(settings, built(settings)))


async def _serve(settings: Settings, deployments: list[RunnerDeployment]) -> None:
    runner = Runner(
        name="standing", pause_on_shutdown=False, limit=RUNS_AT_ONCE, query_seconds=POLL_SECONDS
    )
    # Prefect's own is one folder of the machine, which belongs to whoever served first.
    runner._tmp_dir = folder(settings) / "runner" / str(os.getpid())

    def is_polling() -> bool:
        late = timedelta(seconds=POLLS_MISSED * POLL_SECONDS)
        return runner.last_polled is not None and datetime.now(UTC) - runner.last_polled < late

    write_metrics(settings)  # there is something to scrape before the first run
    os.environ[PAGES] = serve_pages(settings, settings.pages_port or 0, is_polling)  # for the runs
    async with get_client() as client:
        await _wait_for_api(client)
        await set_up_alerts(client, settings)
        served = []
        for deployment in deployments:
            await _keep_paused(client, deployment)
            served.append(await runner.aadd_deployment(deployment))
            await leave_the_newest(client, served[-1], missed())
        serving = asyncio.create_task(runner.start())
        while not runner.started and not serving.done():
            await asyncio.sleep(0.05)
        # Prefect's own handler forgets to await: runs at work would neither be ended nor shown as
        # cancelled.
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(
                number, lambda: asyncio.ensure_future(runner.astop())
            )
        tidying = asyncio.create_task(keep_short(client, served, POLL_SECONDS))
        await serving
        tidying.cancel()


async def _wait_for_api(client: PrefectClient) -> None:
    async with asyncio.timeout(API_SECONDS):
        while (trouble := await client.api_healthcheck()) is not None:
            why = f"{client.api_url} does not answer: {type(trouble).__name__}"
            print(f"waiting for the Prefect server; {why}", file=sys.stderr, flush=True)
            await asyncio.sleep(0.5)


async def _keep_paused(client: PrefectClient, deployment: RunnerDeployment) -> None:
    """A deployment that somebody paused, or a schedule switched off, stays so."""
    try:
        known = await client.read_deployment_by_name(deployment.full_name)
    except ObjectNotFound:
        return
    deployment.paused = known.paused
    off = {schedule.slug for schedule in known.schedules if not schedule.active}
    for schedule in deployment.schedules or []:
        if schedule.slug in off:
            schedule.active = False


def require_server(settings: Settings) -> None:
    """Raise ServerError where there is no Prefect server that could schedule anything."""
    if "PREFECT_API_URL" not in os.environ and settings.prefect_api_url is None:
        raise ServerError("there is no Prefect server to serve for", "standing up --prefect")
