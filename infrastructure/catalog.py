"""Catalog: the contract's tables in the Glue Data Catalog. Partitions appear by publishing only."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from expectations.contract import catalog as rendering
from expectations.contract import tables
from expectations.contract.ledger import LEDGER_TABLE
from infrastructure.account import has_database
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage


class DataCatalog(pulumi.ComponentResource):
    """The database, unless the account has one that is not the stack's, the contract's tables and the ledger.

    A new account's catalog is empty; one in which anybody has opened Athena's console has a database `default`.

    Raises:
        StackError: the account could not be asked for its database.
    """

    def __init__(
        self, name: str, settings: StackSettings, storage: Storage, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("bovespa:catalog:Catalog", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        self.database = pulumi.Output.from_input(settings.database)
        if not has_database(settings):
            self.database = self._database(settings).name
        # The ledger has twelve partitions a year, which need no index.
        declared = {table.name: self._table(table, storage) for table in (*tables.TABLES, LEDGER_TABLE)}
        for table in tables.TABLES:
            self._index(table, declared[table.name])
        self.refined = declared[tables.REFINED_TABLE.name]
        self.register_outputs({"database": self.database})

    def _database(self, settings: StackSettings) -> aws.glue.CatalogDatabase:
        # Whoever else puts tables into it must not lose them with this stack.
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        return aws.glue.CatalogDatabase(
            "database",
            name=settings.database,
            # What Lake Formation gives by itself unless an account has changed it: IAM alone decides.
            create_table_default_permissions=[
                aws.glue.CatalogDatabaseCreateTableDefaultPermissionArgs(
                    permissions=["ALL"],
                    principal=aws.glue.CatalogDatabaseCreateTableDefaultPermissionPrincipalArgs(
                        data_lake_principal_identifier="IAM_ALLOWED_PRINCIPALS"
                    ),
                )
            ],
            tags=settings.tags,
            opts=kept,
        )

    def _index(self, table: tables.Table, declared: aws.glue.CatalogTable) -> None:
        # Without one, Glue reads all partitions for every query: 21,000 a year in the first table.
        aws.glue.PartitionIndex(
            table.name,
            database_name=self.database,
            table_name=declared.name,
            partition_index=aws.glue.PartitionIndexPartitionIndexArgs(
                index_name=rendering.PARTITION_INDEX, keys=rendering.partition_index_keys(table)
            ),
            opts=self._child,
        )

    def _table(self, table: tables.Table, storage: Storage) -> aws.glue.CatalogTable:
        return aws.glue.CatalogTable(
            table.name,
            name=table.name,
            database_name=self.database,
            description=table.description,
            table_type=rendering.TABLE_TYPE,
            parameters=rendering.table_parameters(table),
            partition_keys=[
                aws.glue.CatalogTablePartitionKeyArgs(name=column.name, type=column.type, comment=column.description)
                for column in table.partitions
            ],
            storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                location=storage.refined.bucket.apply(lambda bucket: rendering.table_location(table, bucket)),
                input_format=rendering.INPUT_FORMAT,
                output_format=rendering.OUTPUT_FORMAT,
                ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                    serialization_library=rendering.SERDE, parameters={"serialization.format": "1"}
                ),
                columns=[
                    aws.glue.CatalogTableStorageDescriptorColumnArgs(
                        name=column.name, type=column.type, comment=column.description
                    )
                    for column in table.columns
                ],
            ),
            # With a table go its partitions, which only publishing makes.
            opts=self._kept,
        )
