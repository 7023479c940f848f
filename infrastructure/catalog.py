"""Catalog: the contract's tables in the Glue Data Catalog. Partitions appear by publishing only."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from expectations.contract import catalog as rendering
from expectations.contract import names, tables
from expectations.contract.ledger import LEDGER_TABLE
from infrastructure.settings import Settings
from infrastructure.storage import Storage


class Catalog(pulumi.ComponentResource):
    """The database, where the stack wants it created, the contract's tables and the ledger."""

    def __init__(
        self, name: str, settings: Settings, storage: Storage, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("bovespa:catalog:Catalog", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.database: pulumi.Input[str] = names.DATABASE
        if settings.create_database:
            created = aws.glue.CatalogDatabase("database", name=names.DATABASE, tags=settings.tags, opts=self._child)
            self.database = created.name
        # The ledger has twelve partitions a year, which need no index.
        declared = {table.name: self._table(table, storage) for table in (*tables.TABLES, LEDGER_TABLE)}
        for table in tables.TABLES:
            self._index(table, declared[table.name])
        self.refined = declared[tables.REFINED_TABLE.name]
        self.register_outputs({"database": self.database})

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
            opts=self._child,
        )
