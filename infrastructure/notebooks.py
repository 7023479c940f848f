"""Notebooks: a workgroup on Athena's Spark, with a role of its own that reads the published tables."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infrastructure.catalog import DataCatalog
from infrastructure.notebook_policies import (
    NOTEBOOKS,
    NOTEBOOKS_PREFIX,
    NotebookResources,
    notebook_policy,
    notebook_trust,
)
from infrastructure.query import encrypted_results
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage


class Notebooks(pulumi.ComponentResource):
    """The workgroup `bovespa-notebooks`; what its sessions calculate expires with the results of queries."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        storage: Storage,
        catalog: DataCatalog,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:notebooks:Notebooks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        resources = pulumi.Output.all(
            refined=storage.refined.arn,
            query_results=storage.query_results.arn,
            table=catalog.refined.arn,
            name=settings.named(NOTEBOOKS),
        ).apply(lambda arns: NotebookResources(**arns))
        role = aws.iam.Role(
            "notebooks", assume_role_policy=resources.apply(notebook_trust), tags=settings.tags, opts=child
        )
        policy = aws.iam.RolePolicy("notebooks", role=role.id, policy=resources.apply(notebook_policy), opts=child)
        self.workgroup = aws.athena.Workgroup(
            "notebooks",
            name=settings.named(NOTEBOOKS),
            description="Notebooks over the published tables",
            # Without it, a workgroup with notebooks cannot be destroyed.
            force_destroy=True,
            configuration=aws.athena.WorkgroupConfigurationArgs(
                execution_role=role.arn,
                publish_cloudwatch_metrics_enabled=True,
                engine_version=aws.athena.WorkgroupConfigurationEngineVersionArgs(
                    selected_engine_version="PySpark engine version 3"
                ),
                result_configuration=encrypted_results(storage, NOTEBOOKS_PREFIX),
            ),
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({"workgroup": self.workgroup.name})
