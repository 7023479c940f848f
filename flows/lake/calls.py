"""What all calls to AWS share: how many run side by side, and how AWS's errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from flows.errors import AwsError

PARALLEL_CALLS = 16
PARALLEL_SESSIONS = 8

GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
"""S3's codes for what is not there."""

CONFLICT = frozenset({"409", "ConditionalRequestConflict"})
"""S3's codes for a conditional write beside another write, of which nothing is known yet: it is to be tried again."""

UNMET = frozenset({"412", "PreconditionFailed"})
"""S3's codes for a condition that does not hold."""

DENIED = frozenset({"403", "AccessDenied", "Forbidden"})

Item = TypeVar("Item")
Found = TypeVar("Found")


def error_code(error: ClientError) -> str:
    """AWS's code of an error, such as `NoSuchKey` or `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn AWS's errors within the block into one readable line.

    Args:
        action: what was being done, to what.

    Raises:
        AwsError: AWS refused, failed, or was not to be had.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"{action}: {error}") from error


def side_by_side(call: Callable[[Item], Found], items: Iterable[Item], most: int = PARALLEL_CALLS) -> Iterator[Found]:
    """The call's answers for all items, in their order, with up to `most` calls at a time."""
    with ThreadPoolExecutor(most) as pool:
        yield from pool.map(call, items)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in their order, up to `size` at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
