from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from types import SimpleNamespace

import pytest

from local.account.home import Home
from local.account.moto_inside import LogGroupNotFound
from local.lambda_.invocations import HandlerAnswer, Invoker


class Deployed(SimpleNamespace):
    """Stands for moto's model of a function."""

    def __init__(self, handler_source: str, timeout: int = 10, **variables: str) -> None:
        content = BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("package/handler.py", handler_source)
            archive.writestr("package/__init__.py", "")
        super().__init__(
            function_name="f",
            function_arn="arn:aws:lambda:sa-east-1:123456789012:function:f",
            role="arn:aws:iam::123456789012:role/trigger",
            region="sa-east-1",
            account_id="123456789012",
            handler="package.handler.handle",
            run_time="python3.11",
            version="$LATEST",
            memory_size=128,
            timeout=timeout,
            environment_vars=variables,
            logs_group_name="/aws/lambda/f",
            code_bytes=content.getvalue(),
            code_digest=f"sha256:{sha256(content.getvalue()).hexdigest()}",
        )
        self.saved: list[str] = []

    def save_logs(self, text: str) -> None:
        self.saved.append(text)


@pytest.fixture
def invoker(home: Home) -> Iterator[Invoker]:
    invoker = Invoker(home, "http://127.0.0.1:1", "sa-east-1")
    yield invoker
    invoker.stop()


def call(invoker: Invoker, function: Deployed, event: object = None, request_id: str = "request-1") -> HandlerAnswer:
    return invoker.run(function, json.dumps(event), request_id)  # type: ignore[arg-type]


def test_the_deployed_handler_is_called_with_the_event(invoker: Invoker) -> None:
    answer = call(invoker, Deployed("def handle(event, context): return {'got': event}"), {"Records": [1]})

    assert answer.failed is False
    assert json.loads(answer.payload) == {"got": {"Records": [1]}}


def test_the_handler_finds_lambdas_environment_and_its_own(invoker: Invoker) -> None:
    source = "import os\ndef handle(event, context): return dict(os.environ)"

    given = json.loads(call(invoker, Deployed(source, GLUE_JOB_NAME="job")).payload)

    assert given["GLUE_JOB_NAME"] == "job"
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert given["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert given["AWS_REGION"] == "sa-east-1"


def test_the_context_tells_who_was_invoked_and_how_long_it_may_take(invoker: Invoker) -> None:
    source = (
        "def handle(event, context):\n"
        "    return [context.aws_request_id, context.invoked_function_arn, context.memory_limit_in_mb,\n"
        "            context.get_remaining_time_in_millis()]"
    )

    request_id, arn, memory, remaining = json.loads(call(invoker, Deployed(source)).payload)

    assert (request_id, arn, memory) == ("request-1", "arn:aws:lambda:sa-east-1:123456789012:function:f", "128")
    assert 0 < remaining <= 10_000


def test_boto3_is_there_and_nothing_else_that_was_not_deployed(invoker: Invoker) -> None:
    assert call(invoker, Deployed("import boto3\ndef handle(event, context): return 1")).failed is False

    answer = call(invoker, Deployed("import pandas\ndef handle(event, context): return 1"))

    assert json.loads(answer.payload)["errorType"] == "ModuleNotFoundError"


def test_an_exception_of_the_handler_is_its_answer(invoker: Invoker) -> None:
    answer = call(invoker, Deployed("def handle(event, context): raise RuntimeError('too many runs')"))

    failure = json.loads(answer.payload)
    assert answer.failed is True
    assert (failure["errorType"], failure["errorMessage"]) == ("RuntimeError", "too many runs")
    assert any("handle" in line for line in failure["stackTrace"])


def test_a_handler_that_ends_its_process_has_failed(invoker: Invoker) -> None:
    answer = call(invoker, Deployed("import os\ndef handle(event, context): os._exit(3)"))

    assert answer.failed is True
    assert json.loads(answer.payload)["errorType"] == "Runtime.ExitError"


def test_a_handler_that_takes_longer_than_it_may_is_ended(invoker: Invoker) -> None:
    answer = call(invoker, Deployed("import time\ndef handle(event, context): time.sleep(60)", timeout=1))

    assert answer.failed is True
    assert "Task timed out after 1.00 seconds" in answer.payload


def test_what_the_handler_prints_is_in_the_homes_log_and_in_cloudwatch(invoker: Invoker, home: Home) -> None:
    function = Deployed("def handle(event, context): print('started job')")

    call(invoker, function)

    kept = (home.logs / "lambda" / "request-1.log").read_text()
    assert kept.splitlines()[0] == "START RequestId: request-1 Version: $LATEST"
    assert "started job\n" in kept
    assert function.saved == [kept]


def test_a_missing_log_group_is_no_failure(invoker: Invoker) -> None:
    class WithoutGroup(Deployed):
        def save_logs(self, text: str) -> None:
            raise LogGroupNotFound

    assert call(invoker, WithoutGroup("def handle(event, context): return 1")).failed is False


def test_new_code_is_run_from_then_on(invoker: Invoker) -> None:
    assert call(invoker, Deployed("def handle(event, context): return 'old'")).payload == '"old"'
    assert call(invoker, Deployed("def handle(event, context): return 'new'")).payload == '"new"'


def test_each_invocation_of_a_warm_environment_has_its_own_log_and_request(invoker: Invoker, home: Home) -> None:
    function = Deployed(
        "import os\n"
        "def handle(event, context):\n"
        "    print('event', event)\n"
        "    return [os.getpid(), context.aws_request_id]"
    )

    (first_process, first), (second_process, second) = (
        json.loads(call(invoker, function, event, request_id).payload)
        for event, request_id in ((1, "request-1"), (2, "request-2"))
    )

    assert first_process == second_process
    assert (first, second) == ("request-1", "request-2")
    logs = {path.name: path.read_text() for path in (home.logs / "lambda").iterdir()}
    assert "event 1\n" in logs["request-1.log"]
    assert "event 2\n" not in logs["request-1.log"]
    assert "event 2\n" in logs["request-2.log"]


def test_nothing_of_an_invocation_is_left_behind_but_its_log(invoker: Invoker, home: Home) -> None:
    call(invoker, Deployed("def handle(event, context): return 1"))
    invoker.stop()

    assert list(home.scratch.iterdir()) == []
