"""One Lambda invocation: the function's zip unpacked, its handler called in an execution environment, its log kept."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import shutil
import time
import uuid
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.account.children import base_environment
from local.account.moto_inside import LogGroupNotFound
from local.lambda_.environments import EnvironmentEnded, Environments, Invocation
from local.rights.iam import Call
from local.rights.privileges import ADMINISTRATOR, AccessDeniedError, Rights, access_key, role_of_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account.home import Home
    from local.account.moto_inside import LambdaFunction
    from local.lambda_.metrics import LambdaMetrics

_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""What Lambda's Python runtime brings along; a handler that imports anything else must deploy it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HandlerAnswer:
    """How an invocation ended: the handler's answer as JSON, or what it failed with; and the log it wrote."""

    failed: bool
    payload: str
    log: str


class Invoker:
    """Runs handlers.

    Args:
        home: the account's folders.
        endpoint_url: where the account answers.
        region: its region.
        rights: of a role, by its name.
        metrics: told of every invocation.
    """

    def __init__(
        self,
        home: Home,
        endpoint_url: str,
        region: str,
        rights: Callable[[str | None], Rights] = lambda _: ADMINISTRATOR,
        metrics: LambdaMetrics | None = None,
    ) -> None:
        self._home = home
        self._rights = rights
        self._metrics = metrics
        self._environment = base_environment(endpoint_url, region)
        self._packages = home.runtime / "lambda"
        self._environments = Environments(home.scratch)
        _link_runtime_packages(self._packages)

    def run(self, function: LambdaFunction, event: str, request_id: str) -> HandlerAnswer:
        """Call the function's handler once with the event (JSON), and wait for it."""
        log_file = self._home.logs / "lambda" / f"{request_id}.log"
        started = time.monotonic()
        log_file.write_text(f"START RequestId: {request_id} Version: {function.version}\n", encoding="utf-8")
        failed, payload = self._call(function, event, request_id, log_file)
        seconds = time.monotonic() - started
        with log_file.open("a", encoding="utf-8") as lines:
            lines.write(_report(function, request_id, seconds))
        if self._metrics:
            self._metrics.measured(function.function_name, seconds, failed=failed)
        text = log_file.read_text(encoding="utf-8", errors="replace")
        _keep_in_cloudwatch(function, text, request_id, self._rights(role_of_arn(function.role)))
        log.info("%s %s %s", function.function_name, request_id, f"failed: {payload}" if failed else "succeeded")
        return HandlerAnswer(failed, payload, text)

    def stop(self) -> None:
        """End the environments that wait for an event."""
        self._environments.end_all()

    def _call(self, function: LambdaFunction, event: str, request_id: str, log_file: Path) -> tuple[bool, str]:
        deadline = time.time() + float(function.timeout)
        invocation = Invocation(request_id, function.function_arn, event, str(log_file), deadline)
        try:
            return False, self._environments.call(self._variables(function), invocation)
        except TimeoutError:
            return True, json.dumps(
                {"errorMessage": f"{request_id} Task timed out after {function.timeout}.00 seconds"}
            )
        except EnvironmentEnded as end:
            return True, json.dumps(_failure(end, request_id))

    def _variables(self, function: LambdaFunction) -> dict[str, str]:
        code = self._unpack(function)
        return {
            **self._environment,
            "AWS_ACCESS_KEY_ID": access_key(str(role_of_arn(function.role))),
            **function.environment_vars,
            "PYTHONPATH": os.pathsep.join([str(code), str(self._packages)]),
            "LAMBDA_TASK_ROOT": str(code),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_LAMBDA_LOG_STREAM_NAME": f"[{function.version}]{function.function_name}",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }

    def _unpack(self, function: LambdaFunction) -> Path:
        folder: Path = (
            self._home.runtime / "code" / function.function_name / function.code_digest.rpartition(":")[2][:16]
        )
        if not folder.exists():
            temporary = self._home.scratch / uuid.uuid4().hex
            with zipfile.ZipFile(BytesIO(function.code_bytes)) as archive:
                archive.extractall(temporary)
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.rename(folder)
            except OSError:  # another invocation was quicker
                shutil.rmtree(temporary)
        return folder


def _failure(end: EnvironmentEnded, request_id: str) -> dict[str, Any]:
    if end.death is None:
        text = f"RequestId: {request_id} Error: Runtime exited with error: exit status {end.code}"
        return {"errorMessage": text, "errorType": "Runtime.ExitError"}
    return {
        "errorMessage": end.death.message,
        "errorType": end.death.type,
        "requestId": request_id,
        "stackTrace": list(end.death.trace),
    }


def _report(function: LambdaFunction, request_id: str, seconds: float) -> str:
    return (
        f"END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms\tMemory Size: {function.memory_size} MB\n"
    )


def _keep_in_cloudwatch(function: LambdaFunction, text: str, stream: str, rights: Rights) -> None:
    # With the function's own rights: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    group = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{function.logs_group_name}"
    place = f"{group}:log-stream:{stream}"
    try:
        rights.demand(Call("logs:CreateLogStream", place), Call("logs:PutLogEvents", place))
        function.save_logs(text)
    except AccessDeniedError as error:
        log.warning("%s: the log is in the home only: %s", function.function_name, error.message)
    except LogGroupNotFound:
        log.info("log group %s does not exist: the log is in the home only", function.logs_group_name)


def _link_runtime_packages(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _RUNTIME_PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            continue
        source = Path(found.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
