"""One run of an index at a time, however it was started: a global concurrency limit of Prefect, `bovespa-<index>`.

It saves work and is no guard of the data: publishing has a lease of its own. So a run goes on where Prefect has no slot to give
because it cannot be asked, and fails only where another run has held the slot all the time. The slot of a run that was
killed is free again after some minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeAlias

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from flows.errors import TurnError

Log: TypeAlias = "logging.Logger | logging.LoggerAdapter[logging.Logger]"

_LEASE_SECONDS = 300.0


def limit_name(index: str) -> str:
    """Name of the index's concurrency limit."""
    return f"bovespa-{index.lower()}"


@contextmanager
def turn_of(index: str, timeout: float, log: Log) -> Iterator[None]:
    """Be the only run of the index within the block.

    Args:
        index: index code.
        timeout: seconds to wait for another run to end.
        log: told when the run goes on without a slot.

    Raises:
        TurnError: another run did not end in time.
    """
    slot = _slot(index, timeout, log)
    try:
        yield
    finally:
        try:
            slot.close()
        except HTTPError as error:
            log.warning("the turn of %s was not given back, and ends by itself: %s", index, error)


def _slot(index: str, timeout: float, log: Log) -> ExitStack:
    name, held = limit_name(index), ExitStack()
    try:
        _ensure(name)
        held.enter_context(
            concurrency(
                name,
                timeout_seconds=timeout,
                lease_duration=_LEASE_SECONDS,
                strict=True,
                raise_on_lease_renewal_failure=False,
            )
        )
    except TimeoutError as error:
        raise TurnError(f"another run of {index} is still going after {timeout:.0f} s") from error
    except (ConcurrencySlotAcquisitionError, HTTPError) as error:
        log.warning("Prefect has no turn to give, %s goes on without: %s", index, error)
    return held


def _ensure(name: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # another run was quicker
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1))
