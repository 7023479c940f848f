from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from local.provision.arguments import ProvisionError

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account


def test_a_notification_without_permission_is_refused_as_s3_does(provisioned: Provision) -> None:
    program = """
    bucket = aws.s3.Bucket('n', bucket='b-without-permission')
    aws.s3.BucketNotification('n', bucket=bucket.id, lambda_functions=[
        {'lambda_function_arn': 'arn:aws:lambda:sa-east-1:123456789012:function:f', 'events': ['s3:ObjectCreated:*']}])
    """

    with pytest.raises(ProvisionError, match="Unable to validate the following destination configurations"):
        provisioned(program)


def test_a_policy_with_a_condition_that_cannot_be_honoured_is_refused(provisioned: Provision) -> None:
    program = """
    import json
    bucket = aws.s3.Bucket('p', bucket='b-condition')
    aws.s3.BucketPolicy('p', bucket=bucket.id, policy=json.dumps({'Statement': [
        {'Effect': 'Deny', 'Action': 's3:*', 'Condition': {'IpAddress': {'aws:SourceIp': '10.0.0.0/8'}}}]}))
    """

    with pytest.raises(ProvisionError, match="condition on aws:SourceIp cannot be honoured"):
        provisioned(program)


def test_a_bucket_comes_to_be_with_what_is_configured_on_it(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    provisioned("""
    bucket = aws.s3.Bucket('w', bucket='b-whole', tags={'project': 'p'})
    aws.s3.BucketVersioning('w', bucket=bucket.id, versioning_configuration={'status': 'Enabled'})
    aws.s3.BucketLifecycleConfiguration('w', bucket=bucket.id, rules=[
        {'id': 'old', 'status': 'Enabled', 'filter': {'prefix': 'staging/'}, 'expiration': {'days': 30}}])
    aws.s3.BucketPublicAccessBlock('w', bucket=bucket.id, block_public_acls=True)
    """)

    s3 = clients("s3")
    assert s3.get_bucket_versioning(Bucket="b-whole")["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="b-whole")["Rules"]
    assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": "staging/"}, {"Days": 30})
    assert s3.get_public_access_block(Bucket="b-whole")["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert s3.get_bucket_tagging(Bucket="b-whole")["TagSet"] == [{"Key": "project", "Value": "p"}]


def test_an_object_that_is_there_already_is_left_as_it_is(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    program = "aws.s3.BucketObjectv2('o', bucket='b-object', key='k', content='{content}')"
    provisioned("bucket = aws.s3.Bucket('o', bucket='b-object')")
    s3 = clients("s3")

    provisioned(program.format(content="same"))
    before = s3.head_object(Bucket="b-object", Key="k")["LastModified"]
    s3.put_bucket_versioning(Bucket="b-object", VersioningConfiguration={"Status": "Enabled"})
    provisioned(program.format(content="same"))
    assert s3.head_object(Bucket="b-object", Key="k")["LastModified"] == before
    assert len(s3.list_object_versions(Bucket="b-object")["Versions"]) == 1

    provisioned(program.format(content="other"))
    assert s3.get_object(Bucket="b-object", Key="k")["Body"].read() == b"other"
