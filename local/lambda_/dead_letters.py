"""Lambda's on-failure destination: what becomes of an asynchronous event that its function failed for good."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.account.moto_inside import QueueDoesNotExist
from local.rights.iam import Call
from local.rights.privileges import AccessDeniedError, Rights, role_of_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account.moto_inside import LambdaFunction

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that was given up.

    Args:
        request_id: of the last attempt.
        event: as JSON.
        attempts: how often the function was invoked with it.
        answer: what the last attempt failed with, as JSON.
    """

    request_id: str
    event: str
    attempts: int
    answer: str


class DeadLetters:
    """Delivers what was given up.

    Args:
        send: puts a message into a queue, by the queue's ARN.
        rights: of a role, by its name.
    """

    def __init__(self, send: Callable[[str, str], None], rights: Callable[[str | None], Rights]) -> None:
        self._send = send
        self._rights = rights

    def bury(self, function: LambdaFunction, failure: Failure) -> None:
        """Send the failure to the function's destination, with the rights of the function's role; the log tells if not."""
        queue = destination(function)
        try:
            self._rights(role_of_arn(function.role)).demand(Call("sqs:SendMessage", queue))
            self._send(queue, invocation_record(function, failure))
        except AccessDeniedError as error:
            log.warning("event dropped: %s", error.message)
        except QueueDoesNotExist:
            log.warning("event dropped: there is no queue %s", queue)


def destination(function: LambdaFunction) -> str:
    """The ARN of the queue that takes what the function gave up; empty where none is configured."""
    configured = [config.config.get("DestinationConfig") or {} for config in function.event_invoke_config]
    return str(configured[-1].get("OnFailure", {}).get("Destination", "")) if configured else ""


def invocation_record(function: LambdaFunction, failure: Failure) -> str:
    """The message as Lambda words it.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
    """
    record = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": failure.request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": failure.attempts,
        },
        "requestPayload": json.loads(failure.event),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(failure.answer),
    }
    return json.dumps(record)
