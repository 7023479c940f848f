"""How what is declared to run the flows elsewhere comes to be: clusters, images' repositories, secrets, networks, users.

All of it is kept and can be read back; no task runs on a laptop.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from local.provision.arguments import ProvisionError, ResourceArguments

if TYPE_CHECKING:
    from local.provision.clients import Clients, Made

_CLUSTER = {"name": "clusterName", "settings": ("settings", {"name": "name", "value": "value"})}
_REPOSITORY = {
    "name": "repositoryName",
    "imageTagMutability": "imageTagMutability",
    "imageScanningConfiguration": ("imageScanningConfiguration", {"scanOnPush": "scanOnPush"}),
}
_RULE = {"protocol": "IpProtocol", "fromPort": "FromPort", "toPort": "ToPort"}
# moto takes any: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_EC2_TEXT = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def cluster(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:ecs/cluster:Cluster."""
    tags = [{"key": name, "value": value} for name, value in (arguments.take("tags") or {}).items()]
    made = clients.further("ecs").create_cluster(tags=tags, **arguments.translate(_CLUSTER))["cluster"]
    return made["clusterArn"], {"arn": made["clusterArn"], "name": made["clusterName"]}


def repository(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:ecr/repository:Repository."""
    arguments.accept("forceDelete")
    made = clients.further("ecr").create_repository(tags=_tags(arguments), **arguments.translate(_REPOSITORY))
    found = made["repository"]
    outputs = {"arn": found["repositoryArn"], "repositoryUrl": found["repositoryUri"], "name": found["repositoryName"]}
    return found["repositoryName"], outputs


def lifecycle_policy(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:ecr/lifecyclePolicy:LifecyclePolicy."""
    name, policy = arguments.require("repository"), arguments.require("policy")
    clients.further("ecr").put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    return name, {}


def secret(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:secretsmanager/secret:Secret; its value is nobody's here."""
    arguments.accept("recoveryWindowInDays")
    given = arguments.translate({"name": "Name", "description": "Description"})
    arn = clients.further("secretsmanager").create_secret(Tags=_tags(arguments), **given)["ARN"]
    return arn, {"arn": arn}


def security_group(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:ec2/securityGroup:SecurityGroup, with the characters that EC2 takes; EC2's own rule of egress is taken away."""
    ec2, description = clients.further("ec2"), arguments.require("description")
    if not _EC2_TEXT.fullmatch(description):
        raise ProvisionError(
            f"argument description {description!r}: EC2 takes a-z, A-Z, 0-9 and . _-:/()#,@[]+=&;{{}}!$*"
        )
    given = {"GroupName": arguments.take("name") or f"{name}-local", "VpcId": arguments.require("vpcId")}
    specification = {"ResourceType": "security-group", "Tags": _tags(arguments, "Key", "Value")}
    made = ec2.create_security_group(Description=description, TagSpecifications=[specification], **given)["GroupId"]
    ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[_permission({"protocol": "-1"}, ["0.0.0.0/0"])])
    for direction, authorize in (
        ("ingress", ec2.authorize_security_group_ingress),
        ("egress", ec2.authorize_security_group_egress),
    ):
        for rule in arguments.take(direction) or []:
            authorize(GroupId=made, IpPermissions=[_permission(rule, rule.pop("cidrBlocks", []))])
    return made, {"id": made, "arn": f"arn:aws:ec2:{clients.region}:{clients.account_id}:security-group/{made}"}


def user(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:iam/user:User."""
    arguments.accept("forceDestroy")
    user_name = arguments.take("name") or f"{name}-local"
    arn = clients.iam.create_user(UserName=user_name, Tags=_tags(arguments, "Key", "Value"))["User"]["Arn"]
    return user_name, {"name": user_name, "arn": arn}


def user_policy(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:iam/userPolicy:UserPolicy."""
    user_name, policy_name = arguments.require("user"), arguments.take("name") or f"{name}-local"
    clients.iam.put_user_policy(UserName=user_name, PolicyName=policy_name, PolicyDocument=arguments.require("policy"))
    return f"{user_name}:{policy_name}", {"name": policy_name}


def visual_form(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """pulumi-python:dynamic/bovespa:VisualForm: the job has the graph, of which nobody here makes a script."""
    arguments.accept("script", "region", "profile", "__provider")
    name, nodes = arguments.require("job"), json.loads(arguments.require("nodes"))
    shape: Any = clients.glue.meta.service_model.shape_for("JobUpdate")
    known = clients.glue.get_job(JobName=name)["Job"]
    kept = {part: value for part, value in known.items() if part in shape.members}
    clients.glue.update_job(JobName=name, JobUpdate={**kept, "JobMode": "VISUAL", "CodeGenConfigurationNodes": nodes})
    return name, {}


def _permission(rule: dict[str, Any], blocks: list[str]) -> dict[str, Any]:
    ports = {_RULE[name]: value if name == "protocol" else int(value) for name, value in rule.items()}
    return {**ports, "IpRanges": [{"CidrIp": block} for block in blocks]}


def _tags(arguments: ResourceArguments, key_name: str = "Key", value_name: str = "Value") -> list[dict[str, str]]:
    return [{key_name: name, value_name: value} for name, value in (arguments.take("tags") or {}).items()]
