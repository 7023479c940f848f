"""How declared compute comes to be: roles, log groups, Lambda functions, Glue jobs."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import Archive, Asset, AssetArchive, FileArchive, FileAsset, StringAsset

from local.provision.arguments import ProvisionError, ResourceArguments

if TYPE_CHECKING:
    from local.provision.program import Clients, Made

_EPOCH = (1980, 1, 1, 0, 0, 0)
_FUNCTION = {
    "description": "Description",
    "handler": "Handler",
    "memorySize": "MemorySize",
    "runtime": "Runtime",
    "timeout": "Timeout",
    "architectures": "Architectures",
    "tags": "Tags",
    "environment": ("Environment", {"variables": "Variables"}),
}
_PERMISSION = {
    "action": "Action",
    "function": "FunctionName",
    "principal": "Principal",
    "sourceArn": "SourceArn",
    "sourceAccount": "SourceAccount",
    "statementId": "StatementId",
}
_JOB = {
    "description": "Description",
    "roleArn": "Role",
    "glueVersion": "GlueVersion",
    "workerType": "WorkerType",
    "numberOfWorkers": "NumberOfWorkers",
    "timeout": "Timeout",
    "maxRetries": "MaxRetries",
    "executionProperty": ("ExecutionProperty", {"maxConcurrentRuns": "MaxConcurrentRuns"}),
    "executionClass": "ExecutionClass",
    "jobRunQueuingEnabled": "JobRunQueuingEnabled",
    "jobMode": "JobMode",
    "command": ("Command", {"name": "Name", "pythonVersion": "PythonVersion", "scriptLocation": "ScriptLocation"}),
    "defaultArguments": "DefaultArguments",
    "tags": "Tags",
}
_JOB_ARGUMENTS_HONOURED = {
    *("--extra-py-files", "--job-language", "--enable-metrics", "--enable-continuous-cloudwatch-log", "--TempDir"),
    *("--enable-observability-metrics", "--enable-job-insights", "--custom-logGroup-prefix"),
}
"""Of the parameters that Glue itself reads; any other of them must be refused. A script's own are its affair."""

_JOB_ARGUMENTS_OF_GLUE = {
    *("--additional-python-modules", "--python-modules-installer-option", "--extra-jars", "--extra-files", "--class"),
    *("--conf", "--user-jars-first", "--job-bookmark-option", "--enable-glue-datacatalog", "--enable-auto-scaling"),
    *("--datalake-formats", "--enable-s3-parquet-optimized-committer", "--enable-spark-ui", "--spark-event-logs-path"),
    *("--scriptLocation", "--continuous-log-logGroup", "--use-postgres-driver", "--executor-cores"),
    *_JOB_ARGUMENTS_HONOURED,
}
"""Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html."""


def log_group(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/logGroup:LogGroup."""
    group, days = arguments.take("name") or name, arguments.take("retentionInDays")
    clients.logs.create_log_group(logGroupName=group, tags=arguments.take("tags") or {})
    if days:
        clients.logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    return group, {"name": group, "arn": f"arn:aws:logs:{clients.region}:{clients.account_id}:log-group:{group}"}


def role(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:iam/role:Role."""
    role_name = arguments.take("name") or f"{name}-local"
    given = arguments.translate({"assumeRolePolicy": "AssumeRolePolicyDocument", "description": "Description"})
    tags = [{"Key": key, "Value": value} for key, value in (arguments.take("tags") or {}).items()]
    made = clients.iam.create_role(RoleName=role_name, Tags=tags, **given)["Role"]
    return role_name, {"name": role_name, "arn": made["Arn"], "uniqueId": made["RoleId"]}


def role_policy(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:iam/rolePolicy:RolePolicy."""
    role_name, policy_name = arguments.require("role"), arguments.take("name") or f"{name}-local"
    policy = arguments.require("policy")
    clients.iam.put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=policy)
    return f"{role_name}:{policy_name}", {"name": policy_name, "role": role_name}


def function(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:lambda/function:Function."""
    function_name, role_arn = arguments.take("name") or f"{name}-local", arguments.require("role")
    code, concurrency = archive_bytes(arguments.require("code")), arguments.take("reservedConcurrentExecutions", -1)
    given = arguments.translate(_FUNCTION)
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if given.get("Runtime") != runtime:
        raise ProvisionError(f"argument runtime {given.get('Runtime')}: this account runs {runtime}")
    demand_trust(clients, role_arn, "lambda.amazonaws.com")
    made = clients.lambda_.create_function(FunctionName=function_name, Role=role_arn, Code={"ZipFile": code}, **given)
    if concurrency >= 0:
        clients.lambda_.put_function_concurrency(FunctionName=function_name, ReservedConcurrentExecutions=concurrency)
    return function_name, {"name": function_name, "arn": made["FunctionArn"]}


def permission(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:lambda/permission:Permission."""
    given = {"StatementId": name, **arguments.translate(_PERMISSION)}
    clients.lambda_.add_permission(**given)
    return given["StatementId"], {"statementId": given["StatementId"]}


def event_invoke_config(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig."""
    name = arguments.require("functionName")
    spec = {
        "maximumRetryAttempts": "MaximumRetryAttempts",
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "destinationConfig": ("DestinationConfig", {"onFailure": ("OnFailure", {"destination": "Destination"})}),
    }
    clients.lambda_.put_function_event_invoke_config(FunctionName=name, **arguments.translate(spec))
    return name, {"functionName": name}


def job(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:glue/job:Job."""
    job_name, given = arguments.take("name") or f"{name}-local", arguments.translate(_JOB)
    unknown = set(given.get("DefaultArguments", {})) & (_JOB_ARGUMENTS_OF_GLUE - _JOB_ARGUMENTS_HONOURED)
    if unknown:
        raise ProvisionError(f"argument defaultArguments: {', '.join(sorted(unknown))} cannot be honoured")
    demand_trust(clients, given["Role"], "glue.amazonaws.com")
    clients.glue.create_job(Name=job_name, **given)
    return job_name, {"name": job_name, "arn": f"arn:aws:glue:{clients.region}:{clients.account_id}:job/{job_name}"}


def archive_bytes(code: Archive) -> bytes:
    """A Pulumi archive as a zip; equal content is equal bytes.

    Raises:
        ProvisionError: it is of a kind that the account does not read.
    """
    if isinstance(code, FileArchive) and Path(code.path).is_file():
        return Path(code.path).read_bytes()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(_members(code)):
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content)
    return target.getvalue()


def _members(code: Any, prefix: str = "") -> list[tuple[str, bytes]]:  # noqa: ANN401 - Pulumi's unions
    if isinstance(code, AssetArchive):
        return [member for name, asset in code.assets.items() for member in _members(asset, f"{prefix}/{name}")]
    if isinstance(code, FileArchive):
        root = Path(code.path)
        files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return [(f"{prefix}/{path.relative_to(root).as_posix()}".lstrip("/"), path.read_bytes()) for path in files]
    if isinstance(code, FileAsset):
        return [(prefix.lstrip("/"), Path(code.path).read_bytes())]
    if isinstance(code, StringAsset):
        return [(prefix.lstrip("/"), code.text.encode())]
    kind = "an asset" if isinstance(code, Asset) else "an archive"
    raise ProvisionError(f"argument code: {kind} of type {type(code).__name__} cannot be read")


def demand_trust(clients: Clients, role_arn: str, service: str) -> None:
    """A role is taken only by a service that its trust policy names.

    Raises:
        ProvisionError: it names another.
    """
    found = clients.iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
    policy = json.loads(found) if isinstance(found, str) else found
    trusted = [statement["Principal"].get("Service") for statement in policy["Statement"]]
    if not any(service == name or service in (name or ()) for name in trusted):
        raise ProvisionError(f"argument role: {role_arn} cannot be assumed by {service}")
