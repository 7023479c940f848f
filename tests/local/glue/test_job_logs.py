from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.account.moto_inside import LogsBackend
from local.glue.job_logs import JobLogs, RunLog
from local.rights.api_calls import AccountPlace
from local.rights.privileges import Rights

GROUP = "/glue/etl/output"
LOGS = "arn:aws:logs:sa-east-1:123456789012:log-group:/glue/*"


@pytest.fixture
def backend() -> LogsBackend:
    return LogsBackend("sa-east-1", "123456789012")


def kept(backend: LogsBackend, *actions: str) -> JobLogs:
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": LOGS}]})
    return JobLogs(backend, AccountPlace(), lambda role: Rights(role, lambda: [policy]))


def run(tmp_path: Path) -> RunLog:
    file = tmp_path / "log"
    file.write_text("first\n\nTraceback: second\n", encoding="utf-8")
    return RunLog("jr_1", "arn:aws:iam::123456789012:role/etl", {"--custom-logGroup-prefix": "/glue/etl"}, file)


def lines(backend: LogsBackend, group: str = GROUP) -> list[str]:
    stream = backend.groups[group].streams["jr_1"]
    return [event.message for event in stream.events]


WRITE = ("logs:CreateLogStream", "logs:PutLogEvents")


def test_a_runs_lines_lie_in_the_group_that_its_arguments_say(backend: LogsBackend, tmp_path: Path) -> None:
    backend.create_log_group(GROUP, {})

    kept(backend, *WRITE).keep(run(tmp_path))

    assert lines(backend) == ["first", "Traceback: second"]


def test_a_group_that_is_not_there_is_made(backend: LogsBackend, tmp_path: Path) -> None:
    kept(backend, *WRITE, "logs:CreateLogGroup").keep(run(tmp_path))

    assert lines(backend) == ["first", "Traceback: second"]


@pytest.mark.parametrize("action", WRITE)
def test_a_role_that_may_not_write_loses_the_log_and_that_is_said(
    backend: LogsBackend, tmp_path: Path, caplog: pytest.LogCaptureFixture, action: str
) -> None:
    backend.create_log_group(GROUP, {})

    kept(backend, *(other for other in WRITE if other != action)).keep(run(tmp_path))

    assert backend.groups[GROUP].streams == {}
    assert f"not authorized to perform: {action}" in caplog.text
