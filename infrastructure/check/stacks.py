"""Several stacks in one account: no name of one environment is another's, what is another stack's is refused, and the catalog's
database is made in an account without it, and only there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infrastructure.account import Connect, StackError
from infrastructure.recording import (
    NOTEBOOK_REGION,
    OPTIONAL_PARTS,
    Declared,
    Deployment,
    EmptyAccount,
    record_program,
)
from infrastructure.settings import PROJECT

_NAMES = ("name", "bucket", "dashboardName")
# Each is of something that has a name of its own: a table of its database, a query of its workgroup, a filter of its log.
_BELOW = {"CatalogTable", "PartitionIndex", "NamedQuery", "LogMetricFilter"}


class TakenAccount(EmptyAccount):
    """An account in which another stack of the default environment, and somebody's database `default`, are."""

    _TAGS = ({"Key": "project", "Value": PROJECT}, {"Key": "stack", "Value": "another"})

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        """A queue of that stack's."""
        arn = "arn:aws:sqs:us-east-1:123456789012:trigger-glue-job-dead-letters"
        yield {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": list(self._TAGS)}]}


class ForeignDatabase(EmptyAccount):
    """An account whose database `default` Athena's console has made: it has no tags."""

    class meta:  # noqa: N801 - as boto3 calls it
        """Of the client."""

        partition, region_name = "aws", NOTEBOOK_REGION

    def get_database(self, **asked: str) -> dict[str, Any]:
        """The database."""
        return {"Database": {"Name": asked["Name"], "CatalogId": "123456789012"}}

    def get_tags(self, **_: str) -> dict[str, Any]:
        """None."""
        return {"Tags": {}}


def check() -> list[str]:
    """What is found, a line each."""
    complete, other = (_recorded(None, environment=name) for name in ("", "dev"))
    shared = sorted(names(complete) & names(other))
    found = [f"environment dev: {name} is also the default environment's" for name in shared]
    return [*found, *_refusal(), *databases(complete), *_databases_of_others()]


def names(deployment: Deployment) -> set[str]:
    """What is unique in an account or in all of AWS, by its kind."""
    return {
        f"{_kind(item)} {item.inputs[name]}"
        for item in deployment.declared
        for name in _NAMES
        if name in item.inputs and _kind(item) not in _BELOW
    }


def databases(deployment: Deployment) -> Iterator[str]:
    """Tables in an empty account whose database nobody makes: AWS answers EntityNotFoundException."""
    made = {item.inputs["name"] for item in deployment.all("glue/catalogDatabase:CatalogDatabase")}
    for item in deployment.all("glue/catalogTable:CatalogTable"):
        if item.inputs["databaseName"] not in made:
            yield f"table {item.name}: a new account has no database {item.inputs['databaseName']}"


def _databases_of_others() -> Iterator[str]:
    for item in _recorded(ForeignDatabase()).all("glue/catalogDatabase:CatalogDatabase"):
        yield f"database {item.inputs['name']}: it is made where it is somebody else's already"


def _refusal() -> Iterator[str]:
    try:
        declared = _recorded(TakenAccount()).declared
    except StackError:
        return
    yield f"an account that has another stack of the environment: {len(declared)} resources are declared over it"


def _recorded(account: Connect | None, **settings: str) -> Deployment:
    return record_program(NOTEBOOK_REGION, account, **{**OPTIONAL_PARTS, **settings})


def _kind(item: Declared) -> str:
    return item.type.rpartition(":")[2]
