"""A fence around writes: each is sent only where something still holds, looked at before it is made and as it is sent.

A process may stand still at any instant, for hours: a suspended container, a machine that sleeps. So the second look comes after
the request was signed and immediately before it goes out. What is late all the same is refused by AWS, which takes no request
whose signature is older than five minutes, S3 fifteen (IAM user guide, "Create a signed AWS API request"; S3 API reference,
"RequestTimeTooSkewed").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class Fence(Protocol):
    """What must hold for a write."""

    def ensure(self) -> None:
        """Make sure that it holds; may ask S3.

        Raises:
            BovespaError: it does not.
        """

    def check(self) -> None:
        """Look whether it surely holds at this instant; asks nobody.

        Raises:
            BovespaError: it does not.
        """


_around_this_call: ContextVar[Fence | None] = ContextVar("fence", default=None)


@contextmanager
def within(fence: Fence | None) -> Iterator[None]:
    """Calls of this thread within the block are sent only where the fence holds; all are where there is none."""
    if fence:
        fence.ensure()
        fence.check()
    token = _around_this_call.set(fence)
    try:
        yield
    finally:
        _around_this_call.reset(token)


def watched(client: Any) -> Any:  # noqa: ANN401 - any of boto3's clients
    """The client, which looks at the fence of each call once the call is signed, each time that it is tried."""
    client.meta.events.register_last("before-send", _look)
    return client


def _look(**_: object) -> None:
    # What an event's handler returns is taken for the answer: this one returns nothing.
    if fence := _around_this_call.get():
        fence.check()
