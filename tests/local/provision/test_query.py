from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from local.provision.arguments import ProvisionError

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account


def test_a_declared_table_replaces_what_the_catalog_had(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    program = """
    aws.glue.CatalogTable('t', name='declared', database_name='default', description='{description}',
        partition_keys=[{{'name': 'day', 'type': 'int'}}],
        storage_descriptor={{'location': 's3://b/t/', 'columns': [{{'name': 'a', 'type': '{type}'}}]}})
    """
    provisioned(program.format(description="first", type="int"))
    glue = clients("glue")
    partition = {"Values": ["1"], "StorageDescriptor": {"Location": "s3://b/t/1/"}}
    glue.create_partition(DatabaseName="default", TableName="declared", PartitionInput=partition)

    provisioned(program.format(description="second", type="bigint"))

    table = glue.get_table(DatabaseName="default", Name="declared")["Table"]
    assert (table["Description"], table["StorageDescriptor"]["Columns"][0]["Type"]) == ("second", "bigint")
    assert len(glue.get_partitions(DatabaseName="default", TableName="declared")["Partitions"]) == 1


def test_a_tables_version_does_not_change_when_nothing_does(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    program = "aws.glue.CatalogTable('u', name='unchanged', database_name='default', description='same')"

    provisioned(program)
    provisioned(program)

    assert clients("glue").get_table(DatabaseName="default", Name="unchanged")["Table"]["VersionId"] == "0"


def test_a_workgroup_comes_to_be_with_its_limits_and_its_saved_queries(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    provisioned("""
    group = aws.athena.Workgroup('g', name='limited', force_destroy=True, configuration={
        'enforce_workgroup_configuration': True, 'bytes_scanned_cutoff_per_query': 10485760,
        'result_configuration': {'output_location': 's3://bovespa-query-results-bucket/limited/'}})
    aws.athena.NamedQuery('q', name='days', database='default', workgroup=group.name, query='SELECT 1')
    """)

    athena = clients("athena")
    configuration = athena.get_work_group(WorkGroup="limited")["WorkGroup"]["Configuration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 10485760
    assert configuration["ResultConfiguration"]["OutputLocation"] == "s3://bovespa-query-results-bucket/limited/"
    (identity,) = athena.list_named_queries(WorkGroup="limited")["NamedQueryIds"]
    assert athena.get_named_query(NamedQueryId=identity)["NamedQuery"]["QueryString"] == "SELECT 1"


def test_a_workgroups_argument_that_is_not_known_is_refused_by_its_path(provisioned: Provision) -> None:
    program = "aws.athena.Workgroup('h', configuration={'requester_pays_enabled': True})"

    with pytest.raises(ProvisionError, match=r"argument configuration\.requesterPaysEnabled"):
        provisioned(program)


def test_a_database_outlives_its_declaration_and_may_be_declared_again(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    for _ in range(2):
        provisioned("aws.glue.CatalogDatabase('d', name='declared_twice', description='b3')")

    assert clients("glue").get_database(Name="declared_twice")["Database"]["Description"] == "b3"


def test_the_database_that_every_account_has_cannot_be_created(provisioned: Provision) -> None:
    with pytest.raises(ProvisionError, match="AlreadyExistsException"):
        provisioned("aws.glue.CatalogDatabase('e', name='default')")


def test_a_partition_index_is_created_once_and_made_anew_when_its_keys_change(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    table = (
        "aws.glue.CatalogTable('indexed', name='indexed', database_name='default',\n"
        "    partition_keys=[{'name': 'year', 'type': 'int'}, {'name': 'month', 'type': 'int'}])\n"
    )
    index = (
        "aws.glue.PartitionIndex('i', database_name='default', table_name='indexed',\n"
        "    partition_index={{'index_name': 'session', 'keys': {keys}}})\n"
    )
    provisioned(table)
    for keys in (["year"], ["year"], ["year", "month"]):
        provisioned(index.format(keys=keys))

    (found,) = clients("glue").get_partition_indexes(DatabaseName="default", TableName="indexed")[
        "PartitionIndexDescriptorList"
    ]
    assert [key["Name"] for key in found["Keys"]] == ["year", "month"]
