"""Who may publish to the topic, and use its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infrastructure.monitoring_policies import key_policy, noon_policy, topic_policy

TOPIC = "arn:aws:sns:sa-east-1:123456789012:bovespa-alarms"
PUBLISHERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com")


def statements(document: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return found


@pytest.mark.parametrize("service", PUBLISHERS)
def test_a_service_may_publish_and_nothing_else(service: str) -> None:
    (allowed,) = (
        item for item in statements(topic_policy(TOPIC, "123456789012")) if item["Principal"] == {"Service": service}
    )
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", "sns:Publish", TOPIC)


@pytest.mark.parametrize("service", ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"])
def test_a_service_publishes_for_our_account_only_where_it_says_for_which(service: str) -> None:
    (allowed,) = (
        item for item in statements(topic_policy(TOPIC, "123456789012")) if item["Principal"] == {"Service": service}
    )
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_nobody_publishes_without_tls() -> None:
    (refused,) = (item for item in statements(topic_policy(TOPIC, "123456789012")) if item["Effect"] == "Deny")
    assert refused["Principal"] == "*"
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_whoever_publishes_may_use_the_key() -> None:
    administration, use = statements(key_policy("123456789012"))
    assert administration["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert set(use["Principal"]["Service"]) == set(PUBLISHERS)
    assert set(use["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}


def test_the_noons_schedule_puts_the_flows_metrics_only() -> None:
    (allowed,) = statements(noon_policy("Bovespa"))
    assert allowed["Action"] == ["cloudwatch:PutMetricData"]
    assert allowed["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Bovespa"}}
