"""How what is declared to watch the pipeline comes to be: the queue of events that were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.provision_arguments import Arguments

if TYPE_CHECKING:
    from local.provision import Clients, Made


def queue(clients: Clients, name: str, arguments: Arguments) -> Made:
    """aws:sqs/queue:Queue."""
    queue_name = arguments.take("name") or f"{name}-local"
    spec = {
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    }
    attributes = {key: str(value).lower() for key, value in arguments.translate(spec).items()}
    tags = arguments.take("tags") or {}
    url = clients.sqs.create_queue(QueueName=queue_name, Attributes=attributes, tags=tags)["QueueUrl"]
    arn = f"arn:aws:sqs:{clients.region}:{clients.account_id}:{queue_name}"
    return url, {"name": queue_name, "url": url, "arn": arn}


def queue_policy(clients: Clients, _: str, arguments: Arguments) -> Made:
    """aws:sqs/queuePolicy:QueuePolicy."""
    url = arguments.require("queueUrl")
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": arguments.require("policy")})
    return url, {}
