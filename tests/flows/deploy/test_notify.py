from __future__ import annotations

import json
from uuid import UUID

import pytest
from prefect.server.events.jinja_filters import all_filters
from prefect.server.schemas.responses import FlowRunResponse
from prefect.server.schemas.states import State, StateType
from prefect.server.utilities.user_templates import register_user_template_filters, render_user_template_sync

from flows.deploy import notify
from flows.errors import SettingsError
from local.deploy_check.webhook import receiving

BLOCK = UUID("00000000-0000-4000-8000-000000000001")
RUN = UUID("00000000-0000-4000-8000-000000000002")


def rendered(message: str | None) -> str:
    """What the webhook is told of a failed run, as Prefect's server renders it; without a UI, by the run's id."""
    (action,) = notify.automation(BLOCK).actions
    register_user_template_filters(all_filters)
    state = State(type=StateType.FAILED, name="Failed", message=message)
    run = FlowRunResponse(id=RUN, name="daily-IBOV", flow_id=RUN, state=state)
    text: str = json.loads(render_user_template_sync(action.payload, {"flow_run": run}))["text"]
    return text


def test_the_automation_is_about_runs_of_the_deployments_that_end_badly() -> None:
    automation = notify.automation(BLOCK)
    trigger = automation.trigger
    assert automation.enabled
    assert trigger.expect == {"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"}
    assert trigger.match_related.root == {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.bovespa"}
    assert trigger.threshold == 1


def test_it_calls_the_webhook_of_the_block() -> None:
    (action,) = notify.automation(BLOCK).actions
    assert (action.type, action.block_document_id) == ("call-webhook", BLOCK)


def test_the_message_names_the_run_its_end_and_where_to_look() -> None:
    message = "IBOV: failed: B3's answer, header.date: is no date"
    assert rendered(message) == f"Bovespa: run daily-IBOV is Failed: {message}\n{RUN}"


@pytest.mark.parametrize("message", ['quotes " and \\ and\nlines', "<script>", "ação", None])
def test_any_message_makes_a_json_document(message: str | None) -> None:
    assert (message or "no message") in rendered(message)


def test_an_address_that_takes_messages_gets_a_first_one() -> None:
    with receiving() as inbox:
        notify._try(inbox.url)
        assert inbox.next(1) == "Bovespa: scheduled runs that end badly are told here"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret", "ftp://127.0.0.1/secret", "secret"])
def test_an_address_that_takes_none_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="cannot be called") as refused:
        notify._try(url)
    assert "secret" not in str(refused.value)
