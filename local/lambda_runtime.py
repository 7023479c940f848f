"""What AWS's runtime does inside a Lambda function's environment: call the handler once, keep what it answers.

Run by `local.launch`: `lambda_runtime.py <event file> <answer file>`, with Lambda's environment variables. Standard library
only, for what else can be imported here is what the function was deployed with and the boto3 that Lambda brings.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Context:
    """The handler's second argument.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html.
    """

    aws_request_id: str
    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""
        return max(0, int((self.deadline - time.time()) * 1000))


def _context() -> Context:
    environment = os.environ
    return Context(
        aws_request_id=environment.pop("_REQUEST_ID"),
        function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
        invoked_function_arn=environment.pop("_FUNCTION_ARN"),
        memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
        deadline=float(environment.pop("_DEADLINE")),
    )


def _handler(name: str) -> Any:  # noqa: ANN401 - whatever the function's author wrote
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def main(event_file: str, answer_file: str) -> None:
    """Call the handler. What it raises ends the program, and `local.launch` notes it."""
    context = _context()
    handler = _handler(os.environ["_HANDLER"])
    answer = handler(json.loads(Path(event_file).read_text(encoding="utf-8")), context)
    Path(answer_file).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
