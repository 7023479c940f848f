from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.account.gateway import ServiceError
from local.account.home import Home
from local.account.state import AccountState
from local.glue.catalog import GlueCatalog
from local.glue.partition_indexes import PartitionIndexes

if TYPE_CHECKING:
    from tests.local.conftest import Shares

HERE = {"DatabaseName": "default", "TableName": "shares"}
BY_DAY = {"IndexName": "by-day", "Keys": ["day"]}


class Glue:
    """The operations on the table `default.shares`, called as the gateway calls them."""

    def __init__(self, state: AccountState) -> None:
        self._operations = PartitionIndexes(state, GlueCatalog(state)).operations()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return lambda **request: self._operations[f"AWSGlue.{name}"]({**HERE, **request})

    def indexes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.GetPartitionIndexes()["PartitionIndexDescriptorList"]
        return found


@pytest.fixture
def glue(shares: Shares, state: AccountState) -> Glue:
    return Glue(state)


def test_an_index_is_there_with_its_keys_types(glue: Glue) -> None:
    glue.CreatePartitionIndex(PartitionIndex={"IndexName": "both", "Keys": ["ticker", "day"]})

    assert glue.indexes() == [
        {
            "IndexName": "both",
            "Keys": [{"Name": "ticker", "Type": "string"}, {"Name": "day", "Type": "int"}],
            "IndexStatus": "ACTIVE",
        }
    ]


def test_a_table_without_an_index_has_none(glue: Glue) -> None:
    assert glue.indexes() == []


def test_a_name_is_taken_once(glue: Glue) -> None:
    glue.CreatePartitionIndex(PartitionIndex=BY_DAY)
    with pytest.raises(ServiceError, match="AlreadyExistsException: Index by-day"):
        glue.CreatePartitionIndex(PartitionIndex=BY_DAY)


def test_only_partition_columns_can_be_indexed(glue: Glue) -> None:
    with pytest.raises(ServiceError, match="Keys weight are not partition keys of table shares"):
        glue.CreatePartitionIndex(PartitionIndex={"IndexName": "x", "Keys": ["day", "weight"]})


def test_a_table_has_three_indexes_at_most(glue: Glue) -> None:
    for number in range(3):
        glue.CreatePartitionIndex(PartitionIndex={"IndexName": f"i{number}", "Keys": ["day"]})
    with pytest.raises(ServiceError, match="ResourceNumberLimitExceededException"):
        glue.CreatePartitionIndex(PartitionIndex=BY_DAY)


def test_a_deleted_index_is_gone(glue: Glue) -> None:
    glue.CreatePartitionIndex(PartitionIndex=BY_DAY)

    glue.DeletePartitionIndex(IndexName="by-day")

    assert glue.indexes() == []
    with pytest.raises(ServiceError, match="Index by-day not found"):
        glue.DeletePartitionIndex(IndexName="by-day")


def test_an_index_outlives_the_accounts_process_and_ends_with_its_table(glue: Glue, home: Home) -> None:
    glue.CreatePartitionIndex(PartitionIndex=BY_DAY)

    again = AccountState(home.state)
    assert [index["IndexName"] for index in Glue(again).indexes()] == ["by-day"]

    catalog, table = GlueCatalog(again), GlueCatalog(again).table("default", "shares")
    catalog.operations()["AWSGlue.DeleteTable"]({"DatabaseName": "default", "Name": "shares"})
    catalog.operations()["AWSGlue.CreateTable"]({"DatabaseName": "default", "TableInput": table})
    assert Glue(again).indexes() == []
