"""Query: the Athena workgroup, the saved queries and the views."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from expectations.contract.names import WORKGROUP
from expectations.queries import views
from expectations.queries.saved import QUERIES, NamedQuery, in_database
from infrastructure.catalog import DataCatalog
from infrastructure.policies import RESULTS_PREFIX
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage

_MEGABYTE = 1024 * 1024


def encrypted_results(storage: Storage, prefix: str) -> aws.athena.WorkgroupConfigurationResultConfigurationArgs:
    """Where a workgroup leaves what it calculates: below a prefix of the bucket of results, encrypted."""
    return aws.athena.WorkgroupConfigurationResultConfigurationArgs(
        output_location=pulumi.Output.concat("s3://", storage.query_results.bucket, "/", prefix),
        encryption_configuration=aws.athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs(
            encryption_option="SSE_S3"
        ),
    )


class Query(pulumi.ComponentResource):
    """The workgroup `bovespa`: engine version 3, results encrypted, what a query may read bounded, nothing overridable."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        storage: Storage,
        catalog: DataCatalog,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:query:Query", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.workgroup = aws.athena.Workgroup(
            "queries",
            name=settings.named(WORKGROUP),
            description="Queries of the published tables",
            # Without it, a workgroup with saved queries or a history cannot be destroyed.
            force_destroy=True,
            configuration=aws.athena.WorkgroupConfigurationArgs(
                enforce_workgroup_configuration=True,
                publish_cloudwatch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=settings.scan_limit_megabytes * _MEGABYTE,
                engine_version=aws.athena.WorkgroupConfigurationEngineVersionArgs(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=encrypted_results(storage, RESULTS_PREFIX),
            ),
            tags=settings.tags,
            opts=child,
        )
        of_views = (NamedQuery(view.query_name, view.description, f"{view.sql};") for view in views.VIEWS)
        for query in (*QUERIES, *of_views):
            aws.athena.NamedQuery(
                query.name,
                name=query.name,
                description=query.description,
                database=catalog.database,
                workgroup=self.workgroup.name,
                query=in_database(query.sql, settings.database),
                opts=child,
            )
        for view in views.VIEWS:
            self._view(view.in_database(settings.database), catalog)
        self.register_outputs({"workgroup": self.workgroup.name})

    def _view(self, view: views.View, catalog: DataCatalog) -> None:
        aws.glue.CatalogTable(
            view.name,
            name=view.name,
            database_name=catalog.database,
            description=view.description,
            table_type=views.VIEW_TYPE,
            parameters=views.VIEW_PARAMETERS,
            view_original_text=view.original_text,
            view_expanded_text=views.EXPANDED_TEXT,
            storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                columns=[
                    aws.glue.CatalogTableStorageDescriptorColumnArgs(name=name, type=kind)
                    for name, kind in view.columns
                ],
                # Athena refuses a view without it. Its own views have an empty one, which the provider would not send;
                # a name alone says as little.
                ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(name=view.name),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
