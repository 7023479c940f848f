"""An event that the Lambda fails for good is not lost: it lies in the queue, as Lambda puts it there."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infrastructure.trigger import DEAD_LETTERS

if TYPE_CHECKING:
    from local.account.client import Account

pytestmark = pytest.mark.account

NOT_AN_EVENT = {"Records": "none"}


def test_an_event_that_fails_for_good_ends_among_the_dead_letters(account: Account) -> None:
    session: Any = boto3.Session(*account.keys(), region_name=account.region)
    functions = session.client("lambda", endpoint_url=account.endpoint_url)
    sqs = session.client("sqs", endpoint_url=account.endpoint_url)
    queue = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    name = "trigger-glue-job"
    declared = functions.get_function_event_invoke_config(FunctionName=name)
    config = {part: declared[part] for part in ("MaximumRetryAttempts", "DestinationConfig")}
    # Without retries, which take their time; where the event goes in the end is as the program says.
    functions.put_function_event_invoke_config(FunctionName=name, **config | {"MaximumRetryAttempts": 0})
    try:
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(NOT_AN_EVENT).encode())
        letter = _await_letter(sqs, queue)
    finally:
        functions.put_function_event_invoke_config(FunctionName=name, **config)
    assert letter["requestPayload"] == NOT_AN_EVENT
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["responsePayload"]["errorType"] == "EventError"


def _await_letter(sqs: Any, queue: str) -> dict[str, Any]:  # noqa: ANN401 - boto3's client
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            letter: dict[str, Any] = json.loads(message["Body"])
            return letter
    pytest.fail("no dead letter came")
