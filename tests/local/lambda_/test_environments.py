"""Execution environments: one event at a time, warm in between, ended by what ends them in AWS."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from local.lambda_.environments import EnvironmentEnded, Environments, Invocation

Call = Callable[..., object]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def environments(scratch: Path) -> Iterator[Environments]:
    environments = Environments(scratch)
    yield environments
    environments.end_all()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A function that answers who answered, after as many seconds as the event says, or fails as it says."""
    (tmp_path / "answering.py").write_text(
        "import os, time\n"
        "def handle(event, context):\n"
        "    if event == 'raise': raise ValueError('no')\n"
        "    if event == 'exit': os._exit(3)\n"
        "    time.sleep(event)\n"
        "    return [os.getpid(), os.environ.get('NAME')]\n",
        encoding="utf-8",
    )
    return tmp_path


def ask(environments: Environments, code: Path, event: object = 0, *, seconds: float = 20, name: str = "a") -> object:
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code),
        "NAME": name,
        "_HANDLER": "answering.handle",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        "AWS_LAMBDA_LOG_STREAM_NAME": "s",
    }
    deadline = time.time() + seconds
    invocation = Invocation(uuid4().hex, "arn", json.dumps(event), str(code / "log"), deadline)
    return json.loads(environments.call(variables, invocation))


def process(answer: object) -> int:
    assert isinstance(answer, list)
    return int(answer[0])


def test_events_that_come_one_after_the_other_are_answered_by_one_process(
    environments: Environments, code: Path
) -> None:
    assert len({process(ask(environments, code)) for _ in range(5)}) == 1


def test_an_environment_answers_one_event_at_a_time(environments: Environments, code: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: ask(environments, code, 1), range(2)))
    assert len(set(map(process, answers))) == 2


def test_another_configuration_has_an_environment_of_its_own(environments: Environments, code: Path) -> None:
    first, second = ask(environments, code, name="a"), ask(environments, code, name="b")
    assert (first, second) == ([process(first), "a"], [process(second), "b"])
    assert process(first) != process(second)


def test_an_exception_ends_the_environment_and_is_told(environments: Environments, code: Path) -> None:
    before = process(ask(environments, code))
    with pytest.raises(EnvironmentEnded) as caught:
        ask(environments, code, "raise")
    assert caught.value.death is not None
    assert (caught.value.death.type, caught.value.death.message) == ("ValueError", "no")
    assert process(ask(environments, code)) != before


def test_an_exit_ends_the_environment_with_its_code(environments: Environments, code: Path) -> None:
    with pytest.raises(EnvironmentEnded) as caught:
        ask(environments, code, "exit")
    assert (caught.value.code, caught.value.death) == (3, None)


def test_a_handler_that_takes_too_long_is_ended_and_its_environment_not_used_again(
    environments: Environments, code: Path, scratch: Path
) -> None:
    before = process(ask(environments, code))
    with pytest.raises(TimeoutError):
        ask(environments, code, 60, seconds=0.3)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert list(scratch.iterdir()) == []
    assert process(ask(environments, code)) != before


def test_an_environment_that_died_while_it_was_idle_is_not_used(environments: Environments, code: Path) -> None:
    before = process(ask(environments, code))
    os.kill(before, 9)
    time.sleep(0.2)
    assert process(ask(environments, code)) != before


def test_an_environment_without_events_is_retired_with_its_folder(scratch: Path, code: Path) -> None:
    environments = Environments(scratch, idle_seconds=0.3)
    found = process(ask(environments, code))
    deadline = time.monotonic() + 10
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(found, 0)


def test_an_event_keeps_the_environment_warm(scratch: Path, code: Path) -> None:
    environments = Environments(scratch, idle_seconds=1.5)
    found = set()
    for _ in range(4):
        found.add(process(ask(environments, code)))
        time.sleep(0.6)
    environments.end_all()
    assert len(found) == 1


def test_no_environment_outlives_the_end_of_all(environments: Environments, code: Path, scratch: Path) -> None:
    found = process(ask(environments, code))
    environments.end_all()
    with pytest.raises(ProcessLookupError):
        os.kill(found, 0)
    assert list(scratch.iterdir()) == []
