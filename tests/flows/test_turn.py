"""What a run does where Prefect has no slot to give; what the slot does is in tests/end_to_end/test_turn.py."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError

from flows import turn
from flows.errors import TurnError

LOG = logging.getLogger("test")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Prefect's answers; by default there is a slot. The server itself is not there."""
    answers: dict[str, Any] = {"events": []}

    @contextmanager
    def concurrency(name: str, **_: object) -> Iterator[None]:
        if error := answers.get("acquire"):
            raise error
        answers["events"].append(f"took {name}")
        yield
        if error := answers.get("release"):
            raise error
        answers["events"].append(f"gave {name} back")

    def ensure(_: str) -> None:
        if error := answers.get("ensure"):
            raise error

    monkeypatch.setattr(turn, "concurrency", concurrency)
    monkeypatch.setattr(turn, "_ensure", ensure)
    return answers


def test_the_slot_is_the_indexs_and_given_back(asked: dict[str, Any]) -> None:
    with turn.turn_of("IBXX", 1, LOG):
        asked["events"].append("run")
    assert asked["events"] == ["took bovespa-ibxx", "run", "gave bovespa-ibxx back"]


def test_it_is_given_back_after_a_failure_too(asked: dict[str, Any]) -> None:
    with pytest.raises(ZeroDivisionError), turn.turn_of("IBOV", 1, LOG):
        raise ZeroDivisionError
    assert asked["events"][-1] == "gave bovespa-ibov back"


def test_a_run_that_waited_in_vain_fails(asked: dict[str, Any]) -> None:
    asked["acquire"] = TimeoutError()
    with pytest.raises(TurnError, match="another run of IBOV is still going after 30 s"), turn.turn_of("IBOV", 30, LOG):
        pytest.fail("it must not run")


@pytest.mark.parametrize("step", ["ensure", "acquire"])
@pytest.mark.parametrize("error", [httpx.ConnectError("gone"), ConcurrencySlotAcquisitionError("none")])
def test_a_run_goes_on_where_prefect_has_no_slot_to_give(
    asked: dict[str, Any], caplog: pytest.LogCaptureFixture, step: str, error: Exception
) -> None:
    asked[step] = error
    ran = False
    with turn.turn_of("IBOV", 1, LOG):
        ran = True
    assert ran
    assert "IBOV goes on without" in caplog.text


def test_a_slot_that_cannot_be_given_back_fails_no_run(asked: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    asked["release"] = httpx.ReadTimeout("late")
    with turn.turn_of("IBOV", 1, LOG):
        pass
    assert "ends by itself" in caplog.text
