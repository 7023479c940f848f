"""What the account has already, looked at before anything is declared.

Several calls of AWS create what is not there and take over what is (CreateQueue, CreateCluster, PutDashboard): a second stack
of the same names would change the first one's, and a destroy of it would delete them. So an environment belongs to one stack:
the one whose tags its resources have, in the stack's region, and whose tags the environment's one role of a fixed name has, in
all regions, for dashboard, budget and users are the whole account's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeAlias

import boto3
import pulumi_aws as aws
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.settings import ENVIRONMENT_TAG, PROJECT, StackSettings

NOON_ROLE = "bovespa-noon"
"""The role by whose tags an environment's stack is known in all regions."""

_MAX_NAMED = 5

Connect: TypeAlias = Callable[[str], Any]
"""Makes boto3's client of a service, by its name."""


class StackError(Exception):
    """The account cannot take the stack; the message says what is in its place, or which right is missing."""


def _connect(service: str) -> Any:  # noqa: ANN401 - each service's is another
    make: Any = _session(aws.config.region, aws.config.profile).client  # typed for each service by its literal name
    return make(service)


@cache
def _session(region: str | None, profile: str | None) -> boto3.Session:
    return boto3.Session(region_name=region, profile_name=profile)


CONNECT: ContextVar[Connect] = ContextVar("CONNECT", default=_connect)
"""How the account is reached: with the credentials of the environment or of `aws:profile`, as Pulumi's provider reaches it."""


def refuse_what_is_another_stacks(settings: StackSettings) -> None:
    """Nothing of the stack's environment may be another stack's.

    Raises:
        StackError: something is, or the account could not be asked.
    """
    connect, own = CONNECT.get(), settings.tags["stack"]
    with_tags = [*_tagged(connect("resourcegroupstaggingapi")), *_role(connect("iam"), settings.named(NOON_ROLE))]
    taken = [
        f"{arn} of stack {tags['stack']}"
        for arn, tags in with_tags
        if tags.get("project") == PROJECT
        and tags.get(ENVIRONMENT_TAG, "") == settings.environment
        and tags.get("stack", own) != own
    ]
    if taken:
        more = f" and {len(taken) - _MAX_NAMED} more" if len(taken) > _MAX_NAMED else ""
        raise StackError(
            f"{PROJECT}:environment = {settings.environment!r}: the account has {', '.join(sorted(taken)[:_MAX_NAMED])}{more}. "
            f"Give stack {own} an environment of its own: pulumi config set environment NAME"
        )


def has_database(settings: StackSettings) -> bool:
    """Whether the environment's database is there and somebody else's: one that this stack has made counts as not there.

    Raises:
        StackError: the account could not be asked.
    """
    glue = CONNECT.get()("glue")
    try:
        found = glue.get_database(Name=settings.database)["Database"]
        arn = f"arn:{_partition(glue)}:glue:{glue.meta.region_name}:{found['CatalogId']}:database/{settings.database}"
        tags = glue.get_tags(ResourceArn=arn)["Tags"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return False
        raise _unanswered(error) from error
    except BotoCoreError as error:
        raise _unanswered(error) from error
    return {name: tags.get(name) for name in settings.tags} != settings.tags


def _partition(client: Any) -> str:  # noqa: ANN401 - boto3's
    return str(client.meta.partition)


def _tagged(tagging: Any) -> Iterator[tuple[str, dict[str, str]]]:  # noqa: ANN401 - boto3's
    """What has the project's tag in the region: ARNs and tags."""
    of_project = [{"Key": "project", "Values": [PROJECT]}]
    try:
        for page in tagging.get_paginator("get_resources").paginate(TagFilters=of_project):
            for item in page["ResourceTagMappingList"]:
                yield item["ResourceARN"], _by_name(item["Tags"])
    except (ClientError, BotoCoreError) as error:
        raise _unanswered(error) from error


def _role(iam: Any, name: str) -> list[tuple[str, dict[str, str]]]:  # noqa: ANN401 - boto3's
    try:
        return [(f"role {name}", _by_name(iam.list_role_tags(RoleName=name)["Tags"]))]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return []
        raise _unanswered(error) from error
    except BotoCoreError as error:
        raise _unanswered(error) from error


def _by_name(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _unanswered(error: ClientError | BotoCoreError) -> StackError:
    return StackError(
        f"what the account has already could not be looked at: {error}. The program reads it with the credentials of the "
        "environment or of aws:profile; the rights that deploying needs are in docs/deploy.md"
    )
