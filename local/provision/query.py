"""How what is declared for queries comes to be: databases, tables, Athena's workgroups and saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.provision.arguments import ResourceArguments, to_aws

if TYPE_CHECKING:
    from local.provision.clients import Clients, Made

_COLUMN = {"name": "Name", "type": "Type", "comment": "Comment"}
_SERDE = {"name": "Name", "serializationLibrary": "SerializationLibrary", "parameters": "Parameters"}
_STORAGE = {
    "location": "Location",
    "inputFormat": "InputFormat",
    "outputFormat": "OutputFormat",
    "compressed": "Compressed",
    "columns": ("Columns", _COLUMN),
    "serDeInfo": ("SerdeInfo", _SERDE),
    "parameters": "Parameters",
}
_TABLE = {
    "description": "Description",
    "tableType": "TableType",
    "parameters": "Parameters",
    "owner": "Owner",
    "viewOriginalText": "ViewOriginalText",
    "viewExpandedText": "ViewExpandedText",
    "partitionKeys": ("PartitionKeys", _COLUMN),
    "storageDescriptor": ("StorageDescriptor", _STORAGE),
}
_DATABASE = {"name": "Name", "description": "Description", "locationUri": "LocationUri"}
_RESULT = {
    "outputLocation": "OutputLocation",
    "encryptionConfiguration": ("EncryptionConfiguration", {"encryptionOption": "EncryptionOption"}),
}
_WORKGROUP = {
    "enforceWorkgroupConfiguration": "EnforceWorkGroupConfiguration",
    "publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "bytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "engineVersion": ("EngineVersion", {"selectedEngineVersion": "SelectedEngineVersion"}),
    "executionRole": "ExecutionRole",
    "resultConfiguration": ("ResultConfiguration", _RESULT),
}


def database(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:glue/catalogDatabase:CatalogDatabase."""
    given = arguments.translate(_DATABASE)
    # Tags are not kept; nor does it matter whom Lake Formation would let in.
    arguments.accept("tags", "createTableDefaultPermissions")
    name = given["Name"]
    try:
        clients.glue.create_database(DatabaseInput=given)
    except ClientError as error:
        # It outlives the account's process; `default` is there from the first, so declaring it is an error as in AWS.
        if error.response["Error"]["Code"] != "AlreadyExistsException" or name == "default":
            raise
    arn = f"arn:aws:glue:{clients.region}:{clients.account_id}:database/{name}"
    return f"{clients.account_id}:{name}", {"name": name, "arn": arn, "catalogId": clients.account_id}


def table(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:glue/catalogTable:CatalogTable; one that is there is brought in step with its declaration."""
    database_name, name = arguments.require("databaseName"), arguments.require("name")
    declared = {"Name": name, **arguments.translate(_TABLE)}
    try:
        known = clients.glue.get_table(DatabaseName=database_name, Name=name)["Table"]
        if any(known.get(part) != value for part, value in declared.items()):
            clients.glue.update_table(DatabaseName=database_name, TableInput=declared)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        clients.glue.create_table(DatabaseName=database_name, TableInput=declared)
    arn = f"arn:aws:glue:{clients.region}:{clients.account_id}:table/{database_name}/{name}"
    return f"{clients.account_id}:{database_name}:{name}", {"name": name, "arn": arn, "databaseName": database_name}


def partition_index(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:glue/partitionIndex:PartitionIndex; it outlives the account's process, as its table does."""
    place = {"DatabaseName": arguments.require("databaseName"), "TableName": arguments.require("tableName")}
    given = to_aws(arguments.require("partitionIndex"), {"indexName": "IndexName", "keys": "Keys"})
    known = clients.glue.get_partition_indexes(**place)["PartitionIndexDescriptorList"]
    found = next((index for index in known if index["IndexName"] == given["IndexName"]), None)
    if found and [key["Name"] for key in found["Keys"]] != given["Keys"]:
        clients.glue.delete_partition_index(**place, IndexName=given["IndexName"])
        found = None
    if found is None:
        clients.glue.create_partition_index(**place, PartitionIndex=given)
    return f"{clients.account_id}:{':'.join(place.values())}:{given['IndexName']}", {}


def workgroup(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:athena/workgroup:Workgroup."""
    group = arguments.take("name") or f"{name}-local"
    given = arguments.translate({"description": "Description", "configuration": ("Configuration", _WORKGROUP)})
    tags = [{"Key": key, "Value": value} for key, value in sorted((arguments.take("tags") or {}).items())]
    arguments.accept("forceDestroy")
    clients.provisioned.make("athena", "create_work_group", Name=group, Tags=tags, **given)
    arn = f"arn:aws:athena:{clients.region}:{clients.account_id}:workgroup/{group}"
    return group, {"name": group, "arn": arn}


def named_query(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:athena/namedQuery:NamedQuery."""
    spec = {"description": "Description", "database": "Database", "workgroup": "WorkGroup", "query": "QueryString"}
    given = {"Name": arguments.take("name") or name, **arguments.translate(spec)}
    made = clients.athena.create_named_query(**given)
    return made["NamedQueryId"], {"name": given["Name"]}
