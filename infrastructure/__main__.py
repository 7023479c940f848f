"""Every AWS resource of the pipeline: storage, catalog, ETL, the trigger that starts it, queries, monitoring; where a stack
wants them, notebooks and what a Prefect work pool on ECS needs.
"""

import pulumi

from expectations.contract.metrics import NAMESPACE
from infrastructure.account import refuse_what_is_another_stacks
from infrastructure.catalog import DataCatalog
from infrastructure.etl import Etl
from infrastructure.monitoring import Monitoring
from infrastructure.notebooks import Notebooks
from infrastructure.orchestration import Orchestration
from infrastructure.policies import FlowResources, flow_policy
from infrastructure.query import Query
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage
from infrastructure.trigger import Trigger

settings = StackSettings.of_stack()
refuse_what_is_another_stacks(settings)

storage = Storage("storage", settings)
catalog = DataCatalog("catalog", settings, storage)
etl = Etl("etl", settings, storage, catalog)
trigger = Trigger("trigger", settings, storage, etl)
query = Query("query", settings, storage, catalog)
monitoring = Monitoring("monitoring", settings, trigger, etl)

# What the flows need to know of the account, by the names of their settings.
pulumi.export("raw_bucket", storage.raw.bucket)
pulumi.export("refined_bucket", storage.refined.bucket)
pulumi.export("artifacts_bucket", storage.artifacts.bucket)
pulumi.export("environment", settings.environment)
pulumi.export("bucket_suffix", settings.bucket_suffix)
pulumi.export("database", catalog.database)
pulumi.export("glue_job_name", etl.job.name)
pulumi.export("lambda_name", trigger.function.name)
pulumi.export("workgroup", query.workgroup.name)
pulumi.export("alarm_topic", monitoring.topic.arn)

# For the role or user that the flows run as, which is made where they run.
flows_may = pulumi.Output.all(
    raw=storage.raw.arn,
    refined=storage.refined.arn,
    artifacts=storage.artifacts.arn,
    query_results=storage.query_results.arn,
    job=etl.job.arn,
    table=catalog.refined.arn,
    workgroup=query.workgroup.arn,
    namespace=settings.named(NAMESPACE),
).apply(lambda arns: flow_policy(FlowResources(**arns)))
pulumi.export("flow_policy", flows_may)

if settings.athena_notebooks:
    notebooks = Notebooks("notebooks", settings, storage, catalog)
    pulumi.export("notebook_workgroup", notebooks.workgroup.name)

if settings.ecs_orchestration:
    orchestration = Orchestration("orchestration", settings, flows_may)
    for name, value in orchestration.outputs().items():
        pulumi.export(name, value)
