from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.account.moto_inside import UnknownFunctionException
from local.account.state import AccountState
from local.lambda_.dead_letters import Failure
from local.lambda_.functions import Functions, may_invoke
from local.lambda_.invocations import HandlerAnswer
from local.s3.events import Event, Outbox

if TYPE_CHECKING:
    from tests.local.conftest import Eventually

ARN = "arn:aws:lambda:sa-east-1:123456789012:function:f"
BUCKET = "arn:aws:s3:::raw"


def statement(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": BUCKET}},
        **changes,
    }


def function(
    *statements: dict[str, Any], concurrency: int | None = None, retries: int | None = None, queue: str = ""
) -> SimpleNamespace:
    config: dict[str, Any] = {} if retries is None else {"MaximumRetryAttempts": retries}
    config |= {"DestinationConfig": {"OnFailure": {"Destination": queue}}} if queue else {}
    configured = [SimpleNamespace(config=config)] if config else []
    return SimpleNamespace(
        function_name="f",
        function_arn=ARN,
        account_id="123456789012",
        policy=SimpleNamespace(statements=list(statements)),
        reserved_concurrency=concurrency,
        event_invoke_config=configured,
    )


class Handler:
    """Stands for the function's code: remembers what it is called with, and may be held up."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.fails = 0
        self.running = 0
        self.most_running = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def run(self, _: object, event: str, request_id: str) -> HandlerAnswer:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.events.append(event)
        self.go_on.wait(10)
        self.running -= 1
        if len(self.events) <= self.fails:
            return HandlerAnswer(failed=True, payload='{"errorMessage": "no"}', log="log")
        return HandlerAnswer(failed=False, payload='"yes"', log=f"log of {request_id}")


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def buried() -> list[Failure]:
    """What was sent to the function's destination."""
    return []


@pytest.fixture
def outbox(state: AccountState) -> Outbox:
    return Outbox(state)


Deploy = Callable[[SimpleNamespace], Functions]


@pytest.fixture
def deploy(handler: Handler, outbox: Outbox, buried: list[Failure]) -> Iterator[Deploy]:
    def deployed(known: SimpleNamespace) -> Functions:
        def find(name: str) -> SimpleNamespace:
            if name not in (ARN, "f"):
                raise UnknownFunctionException(name)
            return known

        def bury(_: object, failure: Failure) -> None:
            buried.append(failure)

        functions = Functions(find, handler, outbox, bury, retry_seconds=(0.01, 0.01))  # type: ignore[arg-type]
        outbox.start(functions.deliver)
        return functions

    yield deployed
    handler.go_on.set()


def waiting(state: AccountState) -> int:
    return len(state.rows("SELECT * FROM events"))


# --- events ------------------------------------------------------------------------------------------------------------


def test_a_permitted_event_reaches_the_handler_and_is_then_forgotten(
    deploy: Deploy, handler: Handler, outbox: Outbox, state: AccountState, eventually: Eventually
) -> None:
    deploy(function(statement()))

    outbox.post(Event(ARN, BUCKET, '{"Records": []}'))

    eventually(lambda: handler.events == ['{"Records": []}'] and waiting(state) == 0)


@pytest.mark.parametrize(
    "statements",
    [
        (),
        (statement(Principal={"Service": "sns.amazonaws.com"}),),
        (statement(Action="lambda:GetFunction"),),
        (statement(Effect="Deny"),),
        (statement(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::another"}}),),
        (statement(Condition={"StringEquals": {"AWS:SourceAccount": "999999999999"}}),),
    ],
)
def test_an_event_without_permission_is_dropped_and_the_log_says_so(  # noqa: PLR0917 - pytest passes them by name
    deploy: Deploy,
    handler: Handler,
    outbox: Outbox,
    state: AccountState,
    eventually: Eventually,
    caplog: pytest.LogCaptureFixture,
    statements: tuple[dict[str, Any], ...],
) -> None:
    deploy(function(*statements))

    outbox.post(Event(ARN, BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert handler.events == []
    assert "arn:aws:s3:::raw may not invoke f" in caplog.text


def test_an_event_for_a_function_that_is_not_there_is_dropped(
    deploy: Deploy, outbox: Outbox, state: AccountState, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    deploy(function())

    outbox.post(Event(f"{ARN}-gone", BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert "there is no function" in caplog.text


def test_a_failed_event_is_tried_again(
    deploy: Deploy, handler: Handler, outbox: Outbox, state: AccountState, eventually: Eventually
) -> None:
    handler.fails = 2
    deploy(function(statement()))

    outbox.post(Event(ARN, BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert len(handler.events) == 3


def test_an_event_that_the_service_itself_could_not_hand_on_is_tried_again(
    deploy: Deploy, handler: Handler, outbox: Outbox, state: AccountState, eventually: Eventually
) -> None:
    run, refused = handler.run, list[str]()

    def full(function: object, event: str, request_id: str) -> HandlerAnswer:
        if len(refused) < 2:
            refused.append(request_id)
            raise OSError(errno.ENOSPC, "No space left on device")
        return run(function, event, request_id)

    handler.run = full  # type: ignore[method-assign]
    deploy(function(statement()))

    outbox.post(Event(ARN, BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert (len(refused), len(handler.events)) == (2, 1)


@pytest.mark.parametrize(("retries", "attempts"), [(None, 3), (2, 3), (1, 2), (0, 1)])
def test_an_event_that_fails_for_good_is_given_up_after_the_configured_attempts(  # noqa: PLR0917 - pytest passes them by name
    deploy: Deploy,
    handler: Handler,
    outbox: Outbox,
    state: AccountState,
    eventually: Eventually,
    retries: int | None,
    attempts: int,
) -> None:
    handler.fails = 99
    deploy(function(statement(), retries=retries))

    outbox.post(Event(ARN, BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert len(handler.events) == attempts


def test_an_event_that_is_given_up_goes_to_the_destination_and_only_then_is_forgotten(
    deploy: Deploy, handler: Handler, outbox: Outbox, state: AccountState, eventually: Eventually, buried: list[Failure]
) -> None:
    handler.fails = 99
    deploy(function(statement(), retries=1, queue="arn:aws:sqs:sa-east-1:123456789012:letters"))

    outbox.post(Event(ARN, BUCKET, '{"a": 1}'))

    eventually(lambda: waiting(state) == 0)
    (failure,) = buried
    assert (failure.event, failure.attempts, failure.answer) == ('{"a": 1}', 2, '{"errorMessage": "no"}')


def test_without_a_destination_nothing_is_sent(
    deploy: Deploy, handler: Handler, outbox: Outbox, state: AccountState, eventually: Eventually, buried: list[Failure]
) -> None:
    handler.fails = 99
    deploy(function(statement(), retries=0))

    outbox.post(Event(ARN, BUCKET, "{}"))

    eventually(lambda: waiting(state) == 0)
    assert buried == []


@pytest.mark.parametrize(("reserved", "most"), [(1, 1), (2, 2), (None, 4)])
def test_no_more_events_run_at_once_than_the_function_may(
    deploy: Deploy, handler: Handler, outbox: Outbox, eventually: Eventually, reserved: int | None, most: int
) -> None:
    handler.go_on.clear()
    deploy(function(statement(), concurrency=reserved))
    for number in range(6):
        outbox.post(Event(ARN, BUCKET, str(number)))

    eventually(lambda: handler.running == most)
    time.sleep(0.05)
    handler.go_on.set()

    eventually(lambda: len(handler.events) == 6)
    assert handler.most_running == most
    assert reserved != 1 or handler.events == ["0", "1", "2", "3", "4", "5"]


def test_a_bucket_is_permitted_by_a_pattern_too() -> None:
    pattern = statement(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::r*"}})

    assert may_invoke(function(pattern), BUCKET)  # type: ignore[arg-type]
    assert not may_invoke(function(pattern), "arn:aws:s3:::other")  # type: ignore[arg-type]


# --- Invoke ------------------------------------------------------------------------------------------------------------


def invoke(
    functions: Functions, name: str = "f", body: bytes = b"{}", **headers: str
) -> tuple[str, dict[str, str], bytes]:
    said: dict[str, Any] = {}
    environ = {
        "PATH_INFO": f"/2015-03-31/functions/{name}/invocations",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **{f"HTTP_{header}": value for header, value in headers.items()},
    }

    def start_response(status: str, given: list[tuple[str, str]]) -> None:
        said.update(status=status, headers=dict(given))

    content = b"".join(functions.invoke(environ, start_response))  # type: ignore[arg-type]
    return said["status"], said["headers"], content


def test_a_caller_gets_the_handlers_answer_and_the_end_of_its_log(deploy: Deploy) -> None:
    status, headers, content = invoke(deploy(function()), X_AMZ_LOG_TYPE="Tail")

    assert (status, content) == ("200 OK", b'"yes"')
    assert headers["X-Amz-Log-Result"]
    assert "X-Amz-Function-Error" not in headers


def test_a_failure_of_the_handler_is_an_answer_that_says_so(deploy: Deploy, handler: Handler) -> None:
    handler.fails = 1

    status, headers, content = invoke(deploy(function()))

    assert (status, headers["X-Amz-Function-Error"]) == ("200 OK", "Unhandled")
    assert json.loads(content) == {"errorMessage": "no"}


def test_a_caller_beyond_the_reserved_concurrency_is_turned_away(deploy: Deploy) -> None:
    status, headers, _ = invoke(deploy(function(concurrency=0)))

    assert (status, headers["x-amzn-ErrorType"]) == ("429 Too Many Requests", "TooManyRequestsException")


def test_an_unknown_function_cannot_be_invoked(deploy: Deploy) -> None:
    status, headers, _ = invoke(deploy(function()), name="g")

    assert (status, headers["x-amzn-ErrorType"]) == ("404 Not Found", "ResourceNotFoundException")


def test_an_asynchronous_caller_needs_no_permission_of_s3(
    deploy: Deploy, handler: Handler, eventually: Eventually
) -> None:
    status, _, _ = invoke(deploy(function()), body=b'{"a": 1}', X_AMZ_INVOCATION_TYPE="Event")

    assert status == "202 Accepted"
    eventually(lambda: handler.events == ['{"a": 1}'])


def test_a_dry_run_runs_nothing(deploy: Deploy, handler: Handler) -> None:
    status, _, _ = invoke(deploy(function()), X_AMZ_INVOCATION_TYPE="DryRun")

    assert status == "204 No Content"
    assert handler.events == []
