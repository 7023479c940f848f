"""Who may publish to the alarms' topic, use its key, and put the noon's metric: policies as data."""

from __future__ import annotations

import json
from typing import Any

from infrastructure.policies import allow, putting_metrics

CLOUDWATCH, EVENTBRIDGE, BUDGETS = "cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"


def topic_policy(topic_arn: str, account_id: str) -> str:
    """The topic's policy: CloudWatch and Budgets of this account, and EventBridge, publish; nobody without TLS.

    EventBridge does not say for which account it publishes (https://repost.aws/knowledge-center/sns-not-getting-eventbridge-notification).
    """
    ours = {"StringEquals": {"aws:SourceAccount": account_id}}
    refused = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return _document(
        _publishing(CLOUDWATCH, topic_arn) | {"Condition": ours},
        _publishing(BUDGETS, topic_arn) | {"Condition": ours},
        _publishing(EVENTBRIDGE, topic_arn),
        refused,
    )


def key_policy(account_id: str) -> str:
    """The key's policy: the account administers it, and the services that publish to the topic may use it.

    Without a condition on the account, which EventBridge's requests do not carry
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    """
    administration = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",  # a key's policy is for its key
    }
    use = {
        "Effect": "Allow",
        "Principal": {"Service": [CLOUDWATCH, EVENTBRIDGE, BUDGETS]},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    return _document(administration, use)


def noon_policy(namespace: str) -> str:
    """The schedule's role: puts metrics of the flows' namespace."""
    return allow([putting_metrics(namespace)])


def _publishing(service: str, topic_arn: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": topic_arn}


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
