from __future__ import annotations

import json
from typing import Any

import pytest

from local.account.seams import permission_over_tls
from local.s3.objects import ObjectStore


@pytest.mark.parametrize(("condition", "allowed"), [({"Bool": {"aws:SecureTransport": "false"}}, True), (None, False)])
def test_a_policy_that_demands_tls_refuses_nothing_here(
    store: ObjectStore, condition: dict[str, Any] | None, *, allowed: bool
) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::plain/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}
    store.put_bucket_policy("plain", json.dumps(policy).encode())

    result = permission_over_tls(store.get_bucket("plain"), "s3:PutObject", "arn:aws:s3:::plain/k")

    assert (result.name != "DENIED") is allowed


def test_a_bucket_without_a_policy_says_nothing(store: ObjectStore) -> None:
    assert permission_over_tls(store.get_bucket("plain"), "s3:PutObject", "*").name == "NEUTRAL"
