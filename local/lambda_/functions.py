"""Lambda: who may invoke a function, how many at once, and how often again.

Asynchronous events wait in their function's queue, keep to its reserved concurrency, are tried again after a failure, go to
the function's on-failure destination when they are given up, and are dropped where the function's resource policy does not
let S3 invoke it, as in AWS.
"""

from __future__ import annotations

import base64
import json
import logging
import queue
import threading
import uuid
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.account.gateway import read_body, respond
from local.account.moto_inside import UnknownFunctionException
from local.lambda_.dead_letters import Failure, destination
from local.lambda_.invocations import HandlerAnswer
from local.s3.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from local.account.moto_inside import LambdaFunction
    from local.lambda_.invocations import Invoker
    from local.s3.events import Outbox

RETRY_SECONDS = (5.0, 10.0)
"""The waits before a failed event's second and third attempt; AWS waits one and two minutes."""

_UNRESERVED_CONCURRENCY = 4
"""How many invocations of a function without reserved concurrency run at once; 1,000 in AWS."""

_LOG_TAIL = 4096  # bytes that Invoke returns with LogType=Tail

log = logging.getLogger(__name__)


class Functions:
    """The functions of the account.

    Args:
        find: moto's model of a function, by name or ARN.
        invoker: runs a handler.
        outbox: where asynchronous events are kept until they are done.
        bury: sends an event that is given up to its function's on-failure destination.
        retry_seconds: see `RETRY_SECONDS`.
    """

    def __init__(
        self,
        find: Callable[[str], LambdaFunction],
        invoker: Invoker,
        outbox: Outbox,
        bury: Callable[[LambdaFunction, Failure], None],
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._find = find
        self._invoker = invoker
        self._outbox = outbox
        self._bury = bury
        self._retry_seconds = retry_seconds
        self._running: Counter[str] = Counter()
        self._freed = threading.Condition()
        self._queues: dict[str, queue.SimpleQueue[tuple[Event, int]]] = {}

    # --- events --------------------------------------------------------------------------------------------------------

    def deliver(self, event: Event, attempt: int = 0) -> None:
        """Put the event into its function's queue; what becomes of it, the log tells."""
        if event.function_arn not in self._queues:
            self._queues[event.function_arn] = queue.SimpleQueue()
            threading.Thread(target=self._dispatch, args=(event.function_arn,), daemon=True).start()
        self._queues[event.function_arn].put((event, attempt))

    def _dispatch(self, function_arn: str) -> None:
        while True:
            event, attempt = self._queues[function_arn].get()
            function = self._permitted(event)
            if function is None:
                self._outbox.done(event)
                continue
            self._take_slot(function)
            threading.Thread(target=self._attempt, args=(function, event, attempt), daemon=True).start()

    def _permitted(self, event: Event) -> LambdaFunction | None:
        try:
            function = self._find(event.function_arn)
        except UnknownFunctionException:
            log.warning("event dropped: there is no function %s", event.function_arn)
            return None
        if event.source_arn and not may_invoke(function, event.source_arn):
            log.warning(
                "event dropped: %s may not invoke %s: its resource policy has no lambda:InvokeFunction for "
                "s3.amazonaws.com from that bucket",
                event.source_arn,
                function.function_name,
            )
            return None
        return function

    def _attempt(self, function: LambdaFunction, event: Event, attempt: int) -> None:
        request_id = str(uuid.uuid4())
        try:
            answer = self._invoker.run(function, event.body, request_id)
        except OSError as error:  # the service's own, such as a full disk: tried again, as the function's are
            answer = HandlerAnswer(failed=True, payload=json.dumps({"errorMessage": str(error)}), log="")
        finally:
            self._free_slot(function)
        retries = min(_maximum_retries(function), len(self._retry_seconds))
        if answer.failed and attempt < retries:
            timer = threading.Timer(self._retry_seconds[attempt], self.deliver, (event, attempt + 1))
            timer.daemon = True
            timer.start()
            return
        if answer.failed:
            log.warning("event given up: %s failed %d times: %s", function.function_name, attempt + 1, answer.payload)
            if destination(function):
                self._bury(function, Failure(request_id, event.body, attempt + 1, answer.payload))
        self._outbox.done(event)

    # --- concurrency ---------------------------------------------------------------------------------------------------

    def _take_slot(self, function: LambdaFunction) -> None:
        with self._freed:
            self._freed.wait_for(lambda: self._running[function.function_name] < _concurrency(function))
            self._running[function.function_name] += 1

    def _free_slot(self, function: LambdaFunction) -> None:
        with self._freed:
            self._running[function.function_name] -= 1
            self._freed.notify_all()

    # --- Invoke --------------------------------------------------------------------------------------------------------

    def invoke(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer Lambda's Invoke: a WSGI application.

        Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
        """
        try:
            function = self._find(unquote(environ["PATH_INFO"].rsplit("/", 2)[-2]))
        except UnknownFunctionException as error:
            return _refuse(start_response, "404 Not Found", "ResourceNotFoundException", str(error.message))
        event = read_body(environ).decode() or "{}"
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            return respond(start_response, "204 No Content", "")
        if kind == "Event":
            self._outbox.post(Event(function.function_arn, "", event))
            return respond(start_response, "202 Accepted", "")
        with self._freed:
            if self._running[function.function_name] >= _concurrency(function):
                return _refuse(start_response, "429 Too Many Requests", "TooManyRequestsException", "Rate Exceeded.")
            self._running[function.function_name] += 1
        try:
            answer = self._invoker.run(function, event, str(uuid.uuid4()))
        finally:
            self._free_slot(function)
        return _state_answer(start_response, answer, tail=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail")


def may_invoke(function: LambdaFunction, source_arn: str) -> bool:
    """Whether the function's resource policy lets S3 invoke it on behalf of the bucket."""
    return any(_allows(statement, function, source_arn) for statement in function.policy.statements)


def _allows(statement: dict[str, Any], function: LambdaFunction, source_arn: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if statement.get("Effect") != "Allow" or service not in ("s3.amazonaws.com", "*"):
        return False
    if statement.get("Action") not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    known = {"aws:sourcearn": source_arn, "aws:sourceaccount": function.account_id}
    return all(
        fnmatchcase(known.get(key.lower(), ""), pattern)
        for condition in statement.get("Condition", {}).values()
        for key, pattern in condition.items()
    )


def _concurrency(function: LambdaFunction) -> int:
    reserved = function.reserved_concurrency
    return _UNRESERVED_CONCURRENCY if reserved is None else int(reserved)


def _maximum_retries(function: LambdaFunction) -> int:
    configured = [config.config.get("MaximumRetryAttempts") for config in function.event_invoke_config]
    return 2 if not configured or configured[-1] is None else int(configured[-1])


def _refuse(start_response: StartResponse, status: str, code: str, message: str) -> Iterable[bytes]:
    content = json.dumps({"Type": "User", "Message": message, "message": message}).encode()
    start_response(status, [("x-amzn-ErrorType", code), ("Content-Length", str(len(content)))])
    return [content]


def _state_answer(start_response: StartResponse, answer: HandlerAnswer, *, tail: bool) -> Iterable[bytes]:
    content = answer.payload.encode()
    headers = [("Content-Length", str(len(content))), ("X-Amz-Executed-Version", "$LATEST")]
    if answer.failed:
        headers.append(("X-Amz-Function-Error", "Unhandled"))
    if tail:
        headers.append(("X-Amz-Log-Result", base64.b64encode(answer.log.encode()[-_LOG_TAIL:]).decode()))
    start_response("200 OK", headers)
    return [content]
