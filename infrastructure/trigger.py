"""Trigger: S3's event on a raw file starts the Glue job, through a Lambda."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

from expectations.contract.names import LAMBDA_NAME, RAW_PREFIX, RAW_SUFFIX
from infrastructure.etl import Etl
from infrastructure.policies import tls_only_queue, trigger_policy, trusting
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "lambda"
HANDLER = "trigger_glue_job.handler.handle"
DEAD_LETTERS = f"{LAMBDA_NAME}-dead-letters"

_LONGEST_RETENTION = 14 * 24 * 3600  # seconds; SQS keeps no message longer


def handler_archive() -> pulumi.AssetArchive:
    """The Lambda's code: the package below `lambda/`, and the contract, which needs nothing else."""
    own = {path.relative_to(SOURCE): path for path in (SOURCE / "trigger_glue_job").glob("*.py")}
    contract = {path.relative_to(ROOT): path for path in (ROOT / "expectations" / "contract").glob("*.py")}
    package = {Path("expectations/__init__.py"): ROOT / "expectations" / "__init__.py"}
    files = sorted((own | contract | package).items())
    return pulumi.AssetArchive({name.as_posix(): pulumi.FileAsset(str(path)) for name, path in files})


class Trigger(pulumi.ComponentResource):
    """The Lambda `trigger-glue-job`, the bucket notification that invokes it, and the queue of the events it gave up."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        storage: Storage,
        etl: Etl,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:trigger:Trigger", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.dead_letters = self._queue(settings)
        self.log_group = log_group = aws.cloudwatch.LogGroup(
            "trigger",
            name=f"/aws/lambda/{settings.named(LAMBDA_NAME)}",
            retention_in_days=settings.log_retention_days,
            tags=settings.tags,
            opts=self._child,
        )
        role = aws.iam.Role(
            "trigger", assume_role_policy=trusting("lambda.amazonaws.com"), tags=settings.tags, opts=self._child
        )
        policy = aws.iam.RolePolicy(
            "trigger",
            role=role.id,
            policy=pulumi.Output.all(
                etl.job.arn, log_group.arn, storage.raw.arn, storage.artifacts.arn, self.dead_letters.arn
            ).apply(lambda arns: trigger_policy(*arns)),
            opts=self._child,
        )
        variables = {
            "GLUE_JOB_NAME": etl.job.name,
            "CLAIMS_BUCKET": storage.artifacts.bucket,
            # A flexible run waits for spare capacity and in no queue.
            "JOB_RUN_QUEUING": str(not settings.flex_execution).lower(),
        }
        self.function = self._function(settings, role, variables, [log_group, policy])
        # Lambda looks whether the function's role may write to the destination.
        self._retry(pulumi.ResourceOptions(parent=self, depends_on=[policy]))
        self._notify(storage)
        self.register_outputs({"function": self.function.name})

    def _function(
        self,
        settings: StackSettings,
        role: aws.iam.Role,
        variables: dict[str, pulumi.Input[str]],
        after: list[pulumi.Resource],
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            "trigger",
            name=settings.named(LAMBDA_NAME),
            description="Starts the Glue job for each new raw object version",
            runtime="python3.11",
            architectures=["arm64"],
            memory_size=128,
            timeout=60,
            handler=HANDLER,
            code=handler_archive(),
            role=role.arn,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=variables),
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _queue(self, settings: StackSettings) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            "dead-letters",
            name=settings.named(DEAD_LETTERS),
            sqs_managed_sse_enabled=True,
            message_retention_seconds=_LONGEST_RETENTION,
            tags=settings.tags,
            opts=self._child,
        )
        aws.sqs.QueuePolicy(
            "dead-letters", queue_url=queue.url, policy=queue.arn.apply(tls_only_queue), opts=self._child
        )
        return queue

    def _retry(self, opts: pulumi.ResourceOptions) -> None:
        on_failure = aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
            destination=self.dead_letters.arn
        )
        aws.lambda_.FunctionEventInvokeConfig(
            "trigger",
            function_name=self.function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=6 * 3600,
            destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(on_failure=on_failure),
            opts=opts,
        )

    def _notify(self, storage: Storage) -> None:
        permission = aws.lambda_.Permission(
            "trigger",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="s3.amazonaws.com",
            source_arn=storage.raw.arn,
            # A bucket's ARN names no account: whoever had its name after us could invoke the function.
            source_account=aws.get_caller_identity_output().account_id,
            opts=self._child,
        )
        # S3 checks the permission when the notification is made.
        aws.s3.BucketNotification(
            "trigger",
            bucket=storage.raw.id,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    lambda_function_arn=self.function.arn,
                    events=["s3:ObjectCreated:*"],
                    filter_prefix=RAW_PREFIX,
                    filter_suffix=RAW_SUFFIX,
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
