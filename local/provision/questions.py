"""What the Pulumi program asks of the account while it runs, by the token of each question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.provision.clients import Clients

Answer = Callable[["Clients", dict[str, Any]], dict[str, Any]]


def _objects(clients: Clients, asked: dict[str, Any]) -> dict[str, Any]:
    found = clients.s3.list_objects_v2(Bucket=asked["bucket"], Prefix=asked.get("prefix") or "")
    return {"keys": [item["Key"] for item in found.get("Contents", [])]}


def _object(clients: Clients, asked: dict[str, Any]) -> dict[str, Any]:
    stored = clients.s3.head_object(Bucket=asked["bucket"], Key=asked["key"])["LastModified"]
    return {"lastModified": f"{stored:%a, %d %b %Y %H:%M:%S} GMT"}


def _vpc(clients: Clients, _: dict[str, Any]) -> dict[str, Any]:
    (found,) = clients.further("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return {"id": found["VpcId"]}


def _subnets(clients: Clients, asked: dict[str, Any]) -> dict[str, Any]:
    filters = [{"Name": item["name"], "Values": item["values"]} for item in asked.get("filters") or []]
    return {"ids": [item["SubnetId"] for item in clients.further("ec2").describe_subnets(Filters=filters)["Subnets"]]}


ANSWERS: dict[str, Answer] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda clients, _: {"accountId": clients.account_id},
    "aws:index/getRegion:getRegion": lambda clients, _: {"region": clients.region, "name": clients.region},
    "aws:s3/getObjects:getObjects": _objects,
    "aws:s3/getObject:getObject": _object,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnets:getSubnets": _subnets,
}
