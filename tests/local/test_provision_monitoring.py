from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account


def test_a_queue_keeps_what_it_was_declared_with(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned(
        "q = aws.sqs.Queue('q', name='declared', sqs_managed_sse_enabled=True, message_retention_seconds=86400,\n"
        "    tags={'project': 'x'})\n"
        'aws.sqs.QueuePolicy(\'p\', queue_url=q.url, policy=\'{"Statement": [{"Effect": "Deny"}]}\')\n'
    )

    sqs = clients("sqs")
    url = sqs.get_queue_url(QueueName="declared")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["MessageRetentionPeriod"] == "86400"
    assert json.loads(attributes["Policy"]) == {"Statement": [{"Effect": "Deny"}]}
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"project": "x"}
