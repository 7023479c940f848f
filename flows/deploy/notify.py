"""Who is notified of a scheduled run that ended badly: an automation of Prefect that calls a webhook.

The server fires it, not the run: a run whose process was killed cannot tell anybody. It listens for the tag that every
deployment of `prefect.yaml` has, so that a run at somebody's terminal is no alarm.
"""

from __future__ import annotations

from typing import cast
from uuid import UUID

import requests
from prefect.automations import AutomationCore, CallWebhook, EventTrigger, Posture, ResourceSpecification
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings
from pydantic import SecretStr

from flows.errors import SettingsError

TAG = "bovespa"
NAME = "bovespa-run-ended-badly"
BAD_ENDS = frozenset({"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"})

_JSON = {"Content-Type": "application/json"}
# Slack, Mattermost, Teams and Google Chat all take an object with a text.
_PAYLOAD = (
    '{"text": {{ ("Bovespa: run " ~ flow_run.name ~ " is " ~ flow_run.state.name ~ ": " ~ '
    '(flow_run.state.message or "no message") ~ "\\n" ~ (flow_run | ui_url or flow_run.id)) | tojson }}}'
)
_TIMEOUT = 15.0


def automation(webhook: UUID) -> AutomationCore:
    """The automation.

    Args:
        webhook: the block that has the address.
    """
    tagged = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}
    return AutomationCore(
        name=NAME,
        description="Tells people of a scheduled run that failed or whose process died",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect=set(BAD_ENDS),
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(dict(tagged)),
            threshold=1,
        ),
        actions=[CallWebhook(block_document_id=webhook, payload=_PAYLOAD)],
    )


def notify_at(url: str) -> None:
    """Have Prefect's server call the address whenever a scheduled run ends badly; again for another address.

    Args:
        url: a chat's incoming webhook, or anything else that takes `{"text": …}`; it gets a first message at once.

    Raises:
        SettingsError: no Prefect server is named, or nobody takes messages at the address.
    """
    if not get_current_settings().api.url:
        raise SettingsError("PREFECT_API_URL says of no Prefect server that would run schedules")
    _try(url)
    block = Webhook(url=SecretStr(url), headers=_JSON)
    webhook = cast("UUID", block.save(TAG, overwrite=True))
    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(NAME)
        if known:
            client.update_automation(known[0].id, automation(webhook))
        else:
            client.create_automation(automation(webhook))


def _try(url: str) -> None:
    text = "Bovespa: scheduled runs that end badly are told here"
    try:
        answer = requests.post(url, json={"text": text}, timeout=_TIMEOUT, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        # The address is a secret: no error may show it.
        raise SettingsError(f"the webhook cannot be called: {type(error).__name__}") from None
    if not answer.ok or answer.is_redirect:
        raise SettingsError(f"the webhook takes no messages: it answered {answer.status_code}")
