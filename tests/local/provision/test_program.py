from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from local.provision.arguments import ProvisionError
from local.provision.program import RESOURCES

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (
            "aws.dynamodb.Table('letters')",
            "aws:dynamodb/table:Table 'letters': the account on the laptop does not know this type",
        ),
        (
            "aws.s3.Bucket('b1', bucket='b-unknown-argument', request_payer='Requester')",
            "aws:s3/bucket:Bucket 'b1': argument requestPayer: the account on the laptop does not know how to honour it",
        ),
        (
            "aws.lambda_.FunctionEventInvokeConfig('c', function_name='trigger-glue-job', qualifier='1')",
            "argument qualifier",
        ),
        (
            "aws.s3.BucketVersioning('v', bucket='not-there', versioning_configuration={'status': 'Enabled'})",
            "aws:s3/bucketVersioning:BucketVersioning 'v': An error occurred .NoSuchBucket.",
        ),
        (
            "aws.s3.BucketObjectv2('o', bucket='b', key='k', source=pulumi.FileAsset(__file__))",
            "argument source: give content or contentBase64",
        ),
        ("aws.get_availability_zones()", "aws:index/getAvailabilityZones:getAvailabilityZones: .* cannot answer this"),
    ],
)
def test_what_the_account_does_not_know_is_refused(provisioned: Provision, program: str, reason: str) -> None:
    with pytest.raises(ProvisionError, match=reason):
        provisioned(program)


def test_a_program_that_raises_ends_with_its_own_error(provisioned: Provision) -> None:
    with pytest.raises(ZeroDivisionError):
        provisioned("aws.s3.Bucket('bx', bucket='b-raises', tags={'share': str(1 / 0)})")


def test_a_program_can_ask_who_and_where_it_is(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned("""
    who, where = aws.get_caller_identity(), aws.get_region()
    aws.s3.Bucket('a', bucket=f'b-{who.account_id}-{where.region}')
    """)

    names = [bucket["Name"] for bucket in clients("s3").list_buckets()["Buckets"]]
    assert "b-123456789012-sa-east-1" in names


def test_components_are_only_names(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned("""
    class Part(pulumi.ComponentResource):
        def __init__(self):
            super().__init__('project:part:Part', 'part', None, None)
            aws.s3.Bucket('inner', bucket='b-inner', opts=pulumi.ResourceOptions(parent=self))
    Part()
    """)

    assert clients("s3").head_bucket(Bucket="b-inner")


def test_every_known_type_is_spelt_as_pulumi_spells_it() -> None:
    import pulumi_aws as aws  # noqa: PLC0415 - a second's import

    for token in RESOURCES:
        if not token.startswith("aws:"):
            continue
        _, path, kind = token.split(":")
        module = getattr(aws, {"lambda": "lambda_"}.get(path.split("/")[0], path.split("/")[0]))
        assert hasattr(module, kind), token
