"""What a notebook's session on Athena's Spark may do: a policy as data.

What AWS proposes, bounded to the one workgroup, the one prefix and the project's tables:
https://docs.aws.amazon.com/athena/latest/ug/notebooks-spark-troubleshooting-workgroups.html.
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.contract.tables import TABLES
from infrastructure.policies import PolicyStatement, allow, listing, tables_of, trusting

NOTEBOOKS = "bovespa-notebooks"
NOTEBOOKS_PREFIX = "notebooks/"

_CALCULATING = (
    *("athena:StartCalculationExecution", "athena:StopCalculationExecution", "athena:GetCalculationExecution"),
    *("athena:GetCalculationExecutionStatus", "athena:GetCalculationExecutionCode", "athena:ListCalculationExecutions"),
)
_IN_SESSION = (
    *("athena:GetWorkGroup", "athena:GetSession", "athena:GetSessionStatus", "athena:ListSessions"),
    "athena:TerminateSession",
    *("athena:CreatePresignedNotebookUrl", "athena:UpdateNotebook", "athena:ExportNotebook"),
)
_READING = (
    *("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"),
    *("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
)


@dataclass(frozen=True, slots=True)
class NotebookResources:
    """The ARNs of what a session works with.

    Attributes:
        table: of any table of the database.
        name: the workgroup's, which is made after the role.
    """

    refined: str
    query_results: str
    table: str
    name: str = NOTEBOOKS

    @property
    def workgroup(self) -> str:
        """The workgroup's."""
        partition, _, region, account = self.table.split(":")[1:5]
        return f"arn:{partition}:athena:{region}:{account}:workgroup/{self.name}"


def notebook_trust(arns: NotebookResources) -> str:
    """The policy by which Athena takes the role, for sessions of this workgroup only."""
    account = arns.table.split(":")[4]
    return trusting(
        "athena.amazonaws.com",
        {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": arns.workgroup}},
    )


def notebook_policy(arns: NotebookResources) -> str:
    """A session: reads the published tables, keeps its calculations, writes its log and metric."""
    partition, _, region, account = arns.table.split(":")[1:5]
    logs = f"arn:{partition}:logs:{region}:{account}:log-group"
    published = [table.prefix for table in TABLES]
    return allow(
        [
            PolicyStatement([*_IN_SESSION, *_CALCULATING], [arns.workgroup]),
            PolicyStatement(
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{arns.query_results}/{NOTEBOOKS_PREFIX}*"]
            ),
            listing(arns.query_results, NOTEBOOKS_PREFIX),
            PolicyStatement(["s3:GetObject"], [f"{arns.refined}/{prefix}*" for prefix in published]),
            listing(arns.refined, *published),
            PolicyStatement(_READING, tables_of(arns.table)),
            PolicyStatement(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [f"{logs}:/aws-athena*"],
            ),
            # Neither knows resources: on an ARN they would grant nothing.
            PolicyStatement(["athena:ListExecutors", "logs:DescribeLogGroups"], ["*"]),
            # PutMetricData knows no resources; its namespace is what can be bounded.
            PolicyStatement(
                ["cloudwatch:PutMetricData"],
                ["*"],
                {"StringEquals": {"cloudwatch:namespace": "AmazonAthenaForApacheSpark"}},
            ),
        ]
    )
