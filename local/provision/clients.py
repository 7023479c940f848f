"""What every resource's function takes and gives: the clients of the account that is being provisioned, and what was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Made = tuple[str, dict[str, Any]]
"""A created resource: its id, and the outputs that it has besides its arguments."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The ways into the account that is being provisioned.

    Attributes:
        further: makes the client of any other service, once.
    """

    region: str
    account_id: str
    may_invoke: Callable[[str, str], bool]
    further: Callable[[str], Any]
    s3: Any
    iam: Any
    lambda_: Any
    logs: Any
    glue: Any
    athena: Any
    sqs: Any
    sns: Any
    kms: Any
    cloudwatch: Any
    events: Any
    scheduler: Any
    budgets: Any
