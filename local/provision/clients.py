"""What every resource's function takes and gives: the clients of the account that is being provisioned, and what was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from local.account.provisioned import Provisioned

if TYPE_CHECKING:
    from local.account.access import AccountAccess

Made = tuple[str, dict[str, Any]]
"""A created resource: its id, and the outputs that it has besides its arguments."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The ways into the account that is being provisioned.

    Attributes:
        further: makes the client of any other service, once.
        provisioned: makes what the next process needs again before anything is provisioned.
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
    provisioned: Provisioned


def administrator(access: AccountAccess) -> Callable[[str], Any]:
    """Makes the client of a service, once, with all rights."""
    pair = access.keys.of()
    session = boto3.Session(pair.access_key, pair.secret, region_name=access.region)
    config = Config(retries={"max_attempts": 1}, max_pool_connections=32)
    make: Any = session.client  # typed for each service by its literal name

    @cache
    def connected(service: str) -> Any:  # noqa: ANN401 - each service's is another
        return make(service, endpoint_url=access.endpoint_url, config=config)

    return connected
