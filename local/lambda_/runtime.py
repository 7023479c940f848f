"""What AWS's runtime does inside a Lambda execution environment: take one event after the other to the handler.

Run by `local.account.launch` with Lambda's environment variables; `_CHANNEL` is the descriptor of a socket on which each line
is one invocation, and each answered line what the handler returned. Standard library only, for what else can be imported here is
what the function was deployed with and the boto3 that Lambda brings.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import time
from dataclasses import dataclass
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


def _context(invocation: dict[str, Any]) -> Context:
    environment = os.environ
    return Context(
        aws_request_id=invocation["request_id"],
        function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
        invoked_function_arn=invocation["function_arn"],
        memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
        deadline=invocation["deadline"],
    )


def _handler(name: str) -> Any:  # noqa: ANN401 - whatever the function's author wrote
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def _write_to(log_file: str) -> None:
    """Let all that the process writes go to the invocation's own log."""
    target = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def main(channel: socket.socket) -> None:
    """Call the handler for each invocation. What it raises ends the program, and `local.account.launch` notes it."""
    handler = None
    with channel, channel.makefile(encoding="utf-8") as invocations:
        for line in invocations:
            invocation = json.loads(line)
            _write_to(invocation["log_file"])
            handler = handler or _handler(os.environ["_HANDLER"])
            answer = handler(json.loads(invocation["event"]), _context(invocation))
            channel.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main(socket.socket(fileno=int(os.environ.pop("_CHANNEL"))))
