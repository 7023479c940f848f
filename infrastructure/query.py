"""Query: the Athena workgroup and the saved queries."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from expectations.contract import WORKGROUP
from expectations.queries import QUERIES
from infrastructure.catalog import Catalog
from infrastructure.policies import RESULTS_PREFIX
from infrastructure.settings import Settings
from infrastructure.storage import Storage

_MEGABYTE = 1024 * 1024


class Query(pulumi.ComponentResource):
    """The workgroup `bovespa`: engine version 3, results encrypted, what a query may read bounded, nothing overridable."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        storage: Storage,
        catalog: Catalog,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:query:Query", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.workgroup = aws.athena.Workgroup(
            "queries",
            name=WORKGROUP,
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
                result_configuration=aws.athena.WorkgroupConfigurationResultConfigurationArgs(
                    output_location=pulumi.Output.concat("s3://", storage.query_results.bucket, "/", RESULTS_PREFIX),
                    encryption_configuration=aws.athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
            tags=settings.tags,
            opts=child,
        )
        for query in QUERIES:
            aws.athena.NamedQuery(
                query.name,
                name=query.name,
                description=query.description,
                database=catalog.database,
                workgroup=self.workgroup.name,
                query=query.sql,
                opts=child,
            )
        self.register_outputs({"workgroup": self.workgroup.name})
