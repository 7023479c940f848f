from __future__ import annotations

from typing import Any

import pytest

from local.account.gateway import ServiceError
from local.account.home import Home
from local.account.state import AccountState
from local.glue.catalog import GlueCatalog


class Glue:
    """The operations, called as the gateway calls them."""

    def __init__(self, catalog: GlueCatalog) -> None:
        self._operations = catalog.operations()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return lambda **request: self._operations[f"AWSGlue.{name}"](request)


@pytest.fixture
def glue(catalog: GlueCatalog) -> Glue:
    return Glue(catalog)


def test_a_new_account_has_the_database_that_athena_makes(glue: Glue) -> None:
    assert [database["Name"] for database in glue.GetDatabases()["DatabaseList"]] == ["default"]


def test_making_sure_of_a_database_twice_leaves_it_alone(catalog: GlueCatalog, glue: Glue) -> None:
    before = glue.GetDatabase(Name="default")

    catalog.ensure_database("default")

    assert glue.GetDatabase(Name="default") == before


def test_a_database_is_created_once_and_found_by_its_name_in_any_case(glue: Glue) -> None:
    glue.CreateDatabase(DatabaseInput={"Name": "B3", "Description": "exchange"})

    assert glue.GetDatabase(Name="b3")["Database"]["Description"] == "exchange"
    with pytest.raises(ServiceError, match="AlreadyExistsException"):
        glue.CreateDatabase(DatabaseInput={"Name": "b3"})


def test_a_database_can_be_described_anew(glue: Glue) -> None:
    glue.UpdateDatabase(Name="default", DatabaseInput={"Name": "default", "Description": "new"})

    assert glue.GetDatabase(Name="default")["Database"]["Description"] == "new"


def test_a_deleted_database_takes_its_tables_along(glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)

    glue.DeleteDatabase(Name="default")

    with pytest.raises(ServiceError, match="Database default not found"):
        glue.GetTable(DatabaseName="default", Name="shares")


def test_a_table_is_shown_as_it_was_given(glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)

    table = glue.GetTable(DatabaseName="default", Name="SHARES")["Table"]

    assert {name: table[name] for name in table_input} == table_input
    assert (table["DatabaseName"], table["VersionId"]) == ("default", "0")


def test_a_table_is_created_once(glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)

    with pytest.raises(ServiceError, match="AlreadyExistsException: Table already exists"):
        glue.CreateTable(DatabaseName="default", TableInput=table_input)


def test_an_updated_table_is_another_version_of_the_same(glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)
    created = glue.GetTable(DatabaseName="default", Name="shares")["Table"]["CreateTime"]

    glue.UpdateTable(DatabaseName="default", TableInput={**table_input, "Description": "new"})

    table = glue.GetTable(DatabaseName="default", Name="shares")["Table"]
    assert (table["Description"], table["VersionId"], table["CreateTime"]) == ("new", "1", created)


@pytest.mark.parametrize("operation", ["GetTable", "DeleteTable"])
def test_a_table_that_is_not_there_is_not_found(glue: Glue, operation: str) -> None:
    with pytest.raises(ServiceError, match="EntityNotFoundException: Table nothing not found"):
        getattr(glue, operation)(DatabaseName="default", Name="Nothing")


def test_tables_are_listed_by_pattern_and_page(glue: Glue, table_input: dict[str, Any]) -> None:
    for name in ("a_one", "a_two", "b_one"):
        glue.CreateTable(DatabaseName="default", TableInput={**table_input, "Name": name})

    first = glue.GetTables(DatabaseName="default", Expression="a_*", MaxResults=1)
    second = glue.GetTables(DatabaseName="default", Expression="a_*", MaxResults=1, NextToken=first["NextToken"])

    assert [table["Name"] for page in (first, second) for table in page["TableList"]] == ["a_one", "a_two"]
    assert "NextToken" not in second


def test_deleting_many_tables_tells_which_were_not_there(glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)

    errors = glue.BatchDeleteTable(DatabaseName="default", TablesToDelete=["shares", "nothing"])["Errors"]

    assert [(error["TableName"], error["ErrorDetail"]["ErrorCode"]) for error in errors] == [
        ("nothing", "EntityNotFoundException")
    ]
    assert glue.GetTables(DatabaseName="default") == {"TableList": []}


def test_tables_outlive_the_process(home: Home, glue: Glue, table_input: dict[str, Any]) -> None:
    glue.CreateTable(DatabaseName="default", TableInput=table_input)

    reopened = Glue(GlueCatalog(AccountState(home.state)))

    assert reopened.GetTable(DatabaseName="default", Name="shares")["Table"]["PartitionKeys"][0]["Name"] == "day"
