from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import json
import pkgutil
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.common_models import BaseModel
from moto.s3 import models, notifications

import local
from local.account.moto_inside import forget_instances, forward_events, get_permission, keep_conditions
from local.s3.objects import ObjectStore


@pytest.mark.parametrize(("condition", "allowed"), [({"Bool": {"aws:SecureTransport": "false"}}, True), (None, False)])
def test_a_policy_that_demands_tls_refuses_nothing_here(
    store: ObjectStore, condition: dict[str, Any] | None, *, allowed: bool
) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::plain/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}
    store.put_bucket_policy("plain", json.dumps(policy).encode())

    result = get_permission(store.get_bucket("plain"), "s3:PutObject", "arn:aws:s3:::plain/k")

    assert (result.name != "DENIED") is allowed


def test_a_bucket_without_a_policy_says_nothing(store: ObjectStore) -> None:
    assert get_permission(store.get_bucket("plain"), "s3:PutObject", "*").name == "NEUTRAL"


# --- signatures --------------------------------------------------------------------------------------------------------


def own_classes() -> Iterator[type]:
    """The account's classes; programs that run by themselves have none, and importing them needs what they run on."""
    for found in pkgutil.walk_packages(local.__path__, "local."):
        if found.name.split(".")[1] in ("account", "s3"):
            module = importlib.import_module(found.name)
            yield from (
                kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == found.name
            )


def overridden() -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """Each method that overrides one of moto's: ours, and moto's."""
    found = {}
    for kind in own_classes():
        bases = [base for base in kind.__mro__[1:] if base.__module__.startswith("moto.")]
        for name, method in vars(kind).items():
            inherited = next((vars(base)[name] for base in bases if name in vars(base)), None)
            if inspect.isfunction(method) and inspect.isfunction(inherited) and name != "__init__":
                found[f"{kind.__name__}.{name}"] = method, inherited
    return found


def as_installed(module: ModuleType) -> ModuleType:
    """A module of moto's as it is before anything of it is replaced."""
    spec = importlib.util.spec_from_file_location(f"{module.__package__}.as_installed", str(module.__file__))
    assert spec
    assert spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def assert_takes_the_same(ours: Callable[..., Any], motos: Callable[..., Any]) -> None:
    """What moto's takes, by name, order, kind and default; up to `*args` where ours hands all that follows to moto's."""
    given, wanted = (list(inspect.signature(one).parameters.values()) for one in (ours, motos))
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in given):
        given = [parameter for parameter in given if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        wanted = wanted[: len(given)]
    assert [(one.name, one.kind, one.default) for one in given] == [(one.name, one.kind, one.default) for one in wanted]


@pytest.mark.parametrize("name", sorted(overridden()))
def test_an_overridden_method_takes_what_motos_own_takes(name: str) -> None:
    assert_takes_the_same(*overridden()[name])


def test_the_overridden_methods_are_found() -> None:
    assert {"ObjectStore.put_object", "KeyStore.setlist", "StoredKey.dispose"} <= set(overridden())


def test_what_takes_the_place_of_motos_functions_takes_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "send_event", None)
    forward_events(lambda *_: None)

    assert_takes_the_same(notifications.send_event, as_installed(notifications).send_event)
    assert_takes_the_same(get_permission, as_installed(models).FakeBucket.get_permission)


def test_a_signature_that_differs_is_found_out() -> None:
    with pytest.raises(AssertionError):
        assert_takes_the_same(
            lambda bucket, key: (bucket, key), lambda bucket, key, version=None: (bucket, key, version)
        )


# --- conditional copies ------------------------------------------------------------------------------------------------


@pytest.fixture
def copying() -> Iterator[Any]:
    """S3 in memory with the objects `a` and `b`, and a copy under a condition."""
    keep_conditions()
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket="bucket")
        for key in "ab":
            s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
        yield s3


def copied(s3: Any, key: str, **condition: str) -> str:  # noqa: ANN401
    """What becomes of a copy of `a`: S3's code of an error, or nothing."""
    try:
        s3.copy_object(Bucket="bucket", Key=key, CopySource={"Bucket": "bucket", "Key": "a"}, **condition)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_copy_is_made_over_what_its_condition_names_only(copying: Any) -> None:  # noqa: ANN401
    etag = copying.head_object(Bucket="bucket", Key="b")["ETag"]
    assert copied(copying, "b", IfMatch='"another"') == "PreconditionFailed"
    assert copied(copying, "b", IfNoneMatch="*") == "PreconditionFailed"
    assert copied(copying, "c", IfMatch=etag) == "NoSuchKey"
    assert copying.get_object(Bucket="bucket", Key="b")["Body"].read() == b"b"
    assert copied(copying, "b", IfMatch=etag) == ""
    assert copied(copying, "c", IfNoneMatch="*") == ""
    assert [copying.get_object(Bucket="bucket", Key=key)["Body"].read() for key in "bc"] == [b"a", b"a"]


# --- memory ------------------------------------------------------------------------------------------------------------


def test_a_model_that_nobody_uses_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "__new__", BaseModel.__new__)
    forget_instances()

    made = weakref.ref(models.FakeAcl())
    gc.collect()

    assert made() is None
