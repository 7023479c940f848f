"""What flows ask of Prefect's server beside their runs. Nothing that is published depends on it, and so no run fails for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext

from flows.errors import PrefectUnavailable

SERVER_FAILED = httpx.HTTPError
"""What Prefect's client raises where its server refuses, fails, or is not to be had."""


def put_artifact(markdown: str, *, key: str, description: str) -> None:
    """Show people a text on the run's page; where that cannot be, say so in the log."""
    try:
        create_markdown_artifact(markdown, key=key, description=description)
    except SERVER_FAILED as error:
        get_run_logger().warning("the artifact %s was not kept: %s", key, reason_of(error))


def name_run(name: str) -> None:
    """Give the run the name that it could not have before it had begun; where that cannot be, say so in the log."""
    if not (context := FlowRunContext.get()) or not context.flow_run:
        return
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(context.flow_run.id, name=name)
    except SERVER_FAILED as error:
        get_run_logger().warning("the run keeps its name: %s", reason_of(error))
    else:
        # The log's lines say it from here on.
        context.flow_run.name = name


@contextmanager
def server_asked() -> Iterator[None]:
    """Around a run: Prefect's client raises what its server fails with when it takes a run's state.

    Raises:
        PrefectUnavailable: it was not taken.
    """
    try:
        yield
    except SERVER_FAILED as error:
        raise PrefectUnavailable(reason_of(error)) from error


def reason_of(error: httpx.HTTPError) -> str:
    """What Prefect's server failed with, in one line, and where to look."""
    return f"{failure_of(error)}; its log says why (a full disk, as a rule)"


def failure_of(error: httpx.HTTPError) -> str:
    """What Prefect's server failed with, in one line."""
    said = str(error).partition("\n")[0] or type(error).__name__
    return f"Prefect's server failed: {said}"
