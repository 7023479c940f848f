from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from local.account.gateway import ServiceError
from local.account.home import Home
from local.account.state import AccountState
from local.glue.catalog import GlueCatalog
from local.glue.partitions import Partitions

if TYPE_CHECKING:
    from tests.local.conftest import Shares

HERE = {"DatabaseName": "default", "TableName": "shares"}


class Glue:
    """The operations on the table `default.shares`, called as the gateway calls them."""

    def __init__(self, partitions: Partitions) -> None:
        self._operations = partitions.operations()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return lambda **request: self._operations[f"AWSGlue.{name}"]({**HERE, **request})

    def values(self, **request: Any) -> list[list[str]]:  # noqa: ANN401
        return [partition["Values"] for partition in self.GetPartitions(**request)["Partitions"]]


def partition(day: int, ticker: str = "VALE3", location: str = "s3://plain/x/") -> dict[str, Any]:
    return {"Values": [str(day), ticker], "StorageDescriptor": {"Location": location}}


@pytest.fixture
def glue(shares: Shares) -> Glue:
    return Glue(shares.partitions)


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["ErrorDetail"]["ErrorCode"] for error in answer.get("Errors", [])]


def test_a_registered_partition_is_found_by_its_values(glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))

    found = glue.GetPartition(PartitionValues=["30", "VALE3"])["Partition"]

    assert found["StorageDescriptor"]["Location"] == "s3://plain/x/"
    assert (found["DatabaseName"], found["TableName"]) == ("default", "shares")


def test_values_must_be_as_many_as_the_partition_columns(glue: Glue) -> None:
    with pytest.raises(ServiceError, match="InvalidInputException: The number of partition keys do not match"):
        glue.CreatePartition(PartitionInput={**partition(30), "Values": ["30"]})


def test_a_batch_registers_what_it_can_and_names_the_rest(glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))

    answer = glue.BatchCreatePartition(PartitionInputList=[partition(29), partition(30), partition(31)])

    assert codes(answer) == ["AlreadyExistsException"]
    assert answer["Errors"][0]["PartitionValues"] == ["30", "VALE3"]
    assert glue.values() == [["30", "VALE3"], ["29", "VALE3"], ["31", "VALE3"]]


def test_a_batch_without_errors_has_none(glue: Glue) -> None:
    assert glue.BatchCreatePartition(PartitionInputList=[partition(1), partition(2)]) == {}


def test_an_update_replaces_a_partition_and_keeps_its_creation(glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))
    created = glue.GetPartition(PartitionValues=["30", "VALE3"])["Partition"]["CreationTime"]
    entries = [
        {"PartitionValueList": ["30", "VALE3"], "PartitionInput": partition(30, location="s3://plain/new/")},
        {"PartitionValueList": ["31", "VALE3"], "PartitionInput": partition(31)},
    ]

    answer = glue.BatchUpdatePartition(Entries=entries)

    assert codes(answer) == ["EntityNotFoundException"]
    assert answer["Errors"][0]["PartitionValueList"] == ["31", "VALE3"]
    found = glue.GetPartition(PartitionValues=["30", "VALE3"])["Partition"]
    assert (found["StorageDescriptor"]["Location"], found["CreationTime"]) == ("s3://plain/new/", created)


def test_an_update_may_give_a_partition_other_values_but_not_anothers(glue: Glue) -> None:
    glue.BatchCreatePartition(PartitionInputList=[partition(29), partition(30)])
    with pytest.raises(ServiceError, match="AlreadyExistsException"):
        glue.UpdatePartition(PartitionValueList=["29", "VALE3"], PartitionInput=partition(30))

    glue.UpdatePartition(PartitionValueList=["29", "VALE3"], PartitionInput=partition(31))

    assert sorted(glue.values()) == [["30", "VALE3"], ["31", "VALE3"]]


def test_a_batch_deletes_what_is_there_and_names_the_rest(glue: Glue) -> None:
    glue.BatchCreatePartition(PartitionInputList=[partition(29), partition(30)])

    answer = glue.BatchDeletePartition(PartitionsToDelete=[{"Values": ["29", "VALE3"]}, {"Values": ["1", "VALE3"]}])

    assert codes(answer) == ["EntityNotFoundException"]
    assert glue.values() == [["30", "VALE3"]]


def test_one_partition_is_deleted_by_its_values(glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))

    glue.DeletePartition(PartitionValues=["30", "VALE3"])

    with pytest.raises(ServiceError, match="EntityNotFoundException"):
        glue.GetPartition(PartitionValues=["30", "VALE3"])


def test_many_partitions_are_got_at_once_and_missing_ones_are_absent(glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))

    answer = glue.BatchGetPartition(PartitionsToGet=[{"Values": ["30", "VALE3"]}, {"Values": ["1", "VALE3"]}])

    assert [found["Values"] for found in answer["Partitions"]] == [["30", "VALE3"]]
    assert answer["UnprocessedKeys"] == []


@pytest.mark.parametrize(
    ("operation", "parameter", "item", "limit"),
    [
        ("BatchCreatePartition", "PartitionInputList", partition(1), 100),
        ("BatchUpdatePartition", "Entries", {"PartitionValueList": ["1", "V"], "PartitionInput": partition(1)}, 100),
        ("BatchDeletePartition", "PartitionsToDelete", {"Values": ["1", "V"]}, 25),
        ("BatchGetPartition", "PartitionsToGet", {"Values": ["1", "V"]}, 1000),
    ],
)
def test_a_batch_that_is_too_large_is_refused_whole(
    glue: Glue, operation: str, parameter: str, item: dict[str, Any], limit: int
) -> None:
    getattr(glue, operation)(**{parameter: [item] * limit})

    with pytest.raises(ServiceError, match=f"length less than or equal to {limit}"):
        getattr(glue, operation)(**{parameter: [item] * (limit + 1)})


def test_partitions_are_listed_page_by_page(glue: Glue) -> None:
    glue.BatchCreatePartition(PartitionInputList=[partition(day) for day in range(5)])

    first = glue.GetPartitions(MaxResults=3)
    second = glue.GetPartitions(MaxResults=3, NextToken=first["NextToken"])

    assert [len(page["Partitions"]) for page in (first, second)] == [3, 2]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("day = 2", ["2"]),
        ("day = '2'", ["2"]),
        ("day > 9", ["10"]),
        ("day BETWEEN 2 AND 3", ["2", "3"]),
        ("day IN (1, 3) AND ticker = 'VALE3'", ["1", "3"]),
        ("ticker LIKE 'PETR%'", []),
        ("NOT (day = 1 OR day = 2)", ["3", "10"]),
        ("day <> 10 and ticker >= 'V'", ["1", "2", "3"]),
    ],
)
def test_partitions_are_filtered_by_an_expression_over_their_columns(
    glue: Glue, expression: str, days: list[str]
) -> None:
    glue.BatchCreatePartition(PartitionInputList=[partition(day) for day in (1, 2, 3, 10)])

    assert [values[0] for values in glue.values(Expression=expression)] == days


@pytest.mark.parametrize(
    "expression", ["quantity = 1", "day = (SELECT 1)", "length(ticker) = 5", "day =", "1; DROP TABLE x"]
)
def test_anything_else_is_no_expression(glue: Glue, expression: str) -> None:
    with pytest.raises(ServiceError, match="InvalidInputException"):
        glue.GetPartitions(Expression=expression)


def test_partitions_need_their_table(glue: Glue) -> None:
    with pytest.raises(ServiceError, match="Table other not found"):
        glue.GetPartitions(TableName="other")


def test_a_deleted_table_leaves_no_partitions_to_a_new_one(
    glue: Glue, shares: Shares, table_input: dict[str, Any]
) -> None:
    glue.CreatePartition(PartitionInput=partition(30))
    operations = shares.catalog.operations()

    operations["AWSGlue.DeleteTable"]({"DatabaseName": "default", "Name": "shares"})
    operations["AWSGlue.CreateTable"]({"DatabaseName": "default", "TableInput": table_input})

    assert glue.values() == []


def test_partitions_outlive_the_process(home: Home, glue: Glue) -> None:
    glue.CreatePartition(PartitionInput=partition(30))
    state = AccountState(home.state)

    assert Glue(Partitions(state, GlueCatalog(state))).values() == [["30", "VALE3"]]


def test_twenty_thousand_partitions_cost_what_their_number_costs(glue: Glue) -> None:
    started = time.monotonic()
    for day in range(200):
        glue.BatchCreatePartition(PartitionInputList=[partition(day, f"TICK{number}") for number in range(100)])
    registered = time.monotonic()

    assert len(glue.values(Expression="day = 7 AND ticker = 'TICK7'")) == 1
    found = time.monotonic()

    assert registered - started < 10
    assert found - registered < 1
