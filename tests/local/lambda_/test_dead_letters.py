from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.account.moto_inside import QueueDoesNotExist
from local.lambda_.dead_letters import DeadLetters, Failure, destination, invocation_record
from local.rights.privileges import Rights

QUEUE = "arn:aws:sqs:sa-east-1:123456789012:letters"
FAILURE = Failure("request-1", '{"Records": [1]}', 3, '{"errorMessage": "no"}')
MAY_SEND = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}]})


def function(*configs: dict[str, Any]) -> Any:  # noqa: ANN401 - stands for moto's
    return SimpleNamespace(
        function_arn="arn:aws:lambda:sa-east-1:123456789012:function:f",
        role="arn:aws:iam::123456789012:role/trigger",
        event_invoke_config=[SimpleNamespace(config=config) for config in configs],
    )


TO_QUEUE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}


def dead_letters(sent: list[tuple[str, str]], *policies: str) -> DeadLetters:
    return DeadLetters(
        lambda queue, body: sent.append((queue, body)), lambda role: Rights(role, lambda: list(policies))
    )


def test_what_was_given_up_lies_in_the_queue() -> None:
    sent: list[tuple[str, str]] = []

    dead_letters(sent, MAY_SEND).bury(function(TO_QUEUE), FAILURE)

    ((queue, body),) = sent
    assert queue == QUEUE
    assert json.loads(body)["requestPayload"] == {"Records": [1]}


def test_a_function_whose_role_may_not_write_to_the_queue_loses_the_event_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent: list[tuple[str, str]] = []

    dead_letters(sent).bury(function(TO_QUEUE), FAILURE)

    assert sent == []
    assert f"role trigger is not authorized to perform: sqs:SendMessage on resource: {QUEUE}" in caplog.text


def test_a_queue_that_is_not_there_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def send(*_: str) -> None:
        raise QueueDoesNotExist

    DeadLetters(send, lambda _: Rights()).bury(function(TO_QUEUE), FAILURE)

    assert f"there is no queue {QUEUE}" in caplog.text


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        pytest.param([], "", id="never configured"),
        pytest.param([{"MaximumRetryAttempts": 1}], "", id="configured without one"),
        pytest.param([TO_QUEUE], QUEUE, id="a queue"),
    ],
)
def test_the_destination_is_the_configured_one(configs: list[dict[str, Any]], expected: str) -> None:
    assert destination(function(*configs)) == expected


def test_the_message_says_what_was_asked_what_was_answered_and_how_often() -> None:
    record = json.loads(invocation_record(function(), FAILURE))

    assert record["version"] == "1.0"
    assert record["timestamp"].endswith("Z")
    assert record["requestContext"] == {
        "requestId": "request-1",
        "functionArn": "arn:aws:lambda:sa-east-1:123456789012:function:f:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"] == {"errorMessage": "no"}
