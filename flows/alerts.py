"""Automations on the Prefect server: who hears of a run that needs a person, and of one that died.

STANDING_WEBHOOK_URL names a webhook; it is sent JSON with `title` and `text` when a run failed, crashed or
was stopped by the gate. Without the setting there is no such automation.
"""

from datetime import timedelta
from typing import Any

from prefect.automations import ChangeFlowRunState, EventTrigger, Posture, SendNotification
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.schemas.automations import AutomationCore

from flows.stages import NAMED, STOPPED
from standing.errors import ServerError
from standing.settings import Settings

WEBHOOK = "standing-webhook"
NEEDS_A_PERSON = "Standing: a run needs a person"
DIED = "Standing: a run died without a word"
NEVER_BEGAN = "Standing: a run never began"
OURS: dict[str, str | list[str]] = {
    "prefect.resource.role": "tag",
    "prefect.resource.id": "prefect.tag.standing",
}
#: Without a sign of life for this long a run is dead; its heart beats every 30 s.
SILENCE = timedelta(seconds=120)
#: The server itself says that it runs: it may die before its first heartbeat has been heard.
SIGNS_OF_LIFE = ("Running", "heartbeat")
#: A process begins within seconds; where a work pool makes a machine for it first, within minutes.
BEGINNING = timedelta(minutes=15)
#: A server that was not told PREFECT_UI_URL knows no address of its pages.
BODY = """{{ deployment.name }}: {{ flow_run.name }} is {{ flow_run.state.name }}.
{{ flow_run.state.message }}{% if flow_run|ui_url %}
{{ flow_run|ui_url }}{% endif %}"""


async def set_up_on_server(settings: Settings) -> tuple[str, ...]:
    """Make or renew the automations at PREFECT_API_URL. Raises ServerError if nothing answers there."""
    async with get_client() as client:
        if (trouble := await client.api_healthcheck()) is not None:
            message = f"{client.api_url} does not answer: {type(trouble).__name__}"
            raise ServerError(message, "check PREFECT_API_URL")
        return await set_up_alerts(client, settings)


async def set_up_alerts(client: PrefectClient, settings: Settings) -> tuple[str, ...]:
    """Make or renew the automations, and give their names; safe to repeat."""
    for automation in (_died(), _never_began()):
        await _put(client, automation)
    if settings.webhook_url is None:
        await _remove(client, NEEDS_A_PERSON)
        return DIED, NEVER_BEGAN
    block = CustomWebhookNotificationBlock(
        name="standing",
        url=settings.webhook_url,
        json_data={"title": "{{subject}}", "text": "{{body}}"},
        headers=None,
        cookies=None,
    )
    identity = await block.asave(WEBHOOK, overwrite=True)
    await _put(
        client,
        AutomationCore(
            name=NEEDS_A_PERSON,
            description="A run failed, crashed or was stopped by the gate; made from STANDING_WEBHOOK_URL.",
            trigger=EventTrigger(
                expect={f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", STOPPED)},
                match_related=OURS,
                for_each={"prefect.resource.id"},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[
                SendNotification(
                    block_document_id=identity,
                    subject="Standing: {{ flow.name }} {{ flow_run.state.name }}",
                    body=BODY,
                )
            ],
        ),
    )
    return NEEDS_A_PERSON, DIED, NEVER_BEGAN


def _died() -> AutomationCore:
    return AutomationCore(
        name=DIED,
        description="A run whose heart stopped, such as one of a machine that went down,"
        " is shown as crashed.",
        trigger=_silence(SIGNS_OF_LIFE, SILENCE),
        actions=[_crashed("its heartbeat stopped; the next run goes on")],
    )


def _never_began() -> AutomationCore:
    return AutomationCore(
        name=NEVER_BEGAN,
        description="A run that was about to begin when its machine went down is shown as crashed.",
        trigger=_silence(("Pending",), BEGINNING),
        actions=[_crashed("it never began; the next run takes its place")],
    )


def _silence(signs: tuple[str, ...], within: timedelta) -> EventTrigger:
    """A run gave one of the signs, and then nothing more: no other sign, no start and no end."""
    ends = ("Completed", "Failed", "Cancelled", "Crashed", STOPPED, *NAMED.values())
    return EventTrigger(
        after={f"prefect.flow-run.{sign}" for sign in signs},
        expect={f"prefect.flow-run.{heard}" for heard in (*signs, "Running", *ends)},
        match_related=OURS,
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def _crashed(message: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message=message, force=False)


async def _put(client: PrefectClient, automation: AutomationCore) -> None:
    known = await client.read_automations_by_name(automation.name)
    if known:
        automation.enabled = known[0].enabled
        if _content(known[0]) != _content(automation):  # a renewed one forgets whose heart it has heard
            await client.update_automation(known[0].id, automation)
    else:
        await client.create_automation(automation)


def _content(automation: AutomationCore) -> dict[str, Any]:
    # Not as JSON: sets would be lists there, each time in another order.
    return automation.model_dump(include={"description", "trigger", "actions"})


async def _remove(client: PrefectClient, name: str) -> None:
    for known in await client.read_automations_by_name(name):
        await client.delete_automation(known.id)
