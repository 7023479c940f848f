"""Glue 5.1 reads and writes S3 with Hadoop's S3A: what it asks of S3, as recorded beside this, against the job's policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from infrastructure.check.judge import allows
from infrastructure.recording import Deployment

CALLS: list[dict[str, str]] = json.loads(Path(__file__).with_name("s3a_calls.json").read_text(encoding="utf-8"))[
    "calls"
]


def check(deployment: Deployment) -> Iterator[str]:
    """Every call that a run of the job's form makes and its role may not, a line each."""
    form = deployment.one("glue/job:Job").inputs["jobMode"].lower()
    for call in CALLS:
        if call.get("form", form) == form and not is_allowed(deployment, call):
            what = call.get("key", call.get("prefix", ""))
            yield f"role etl: S3A's {call['call']} of {call['bucket']}/{what} needs {call['action']} ({call['step']})"


def is_allowed(deployment: Deployment, call: dict[str, str]) -> bool:
    """Whether the job's role may make the call."""
    bucket = f"arn:aws:s3:::{deployment.one('s3/bucket:Bucket', call['bucket']).inputs['bucket']}"
    context = {"s3:prefix": call["prefix"]} if "prefix" in call else {}
    policy = deployment.one("iam/rolePolicy:RolePolicy", "etl").inputs["policy"]
    return allows(policy, call["action"], f"{bucket}/{call['key']}" if "key" in call else bucket, context)
