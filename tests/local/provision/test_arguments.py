from __future__ import annotations

import pytest

from local.provision.arguments import ProvisionError, ResourceArguments, to_aws


def test_an_argument_that_nobody_took_is_refused_by_name() -> None:
    arguments = ResourceArguments({"bucket": "b", "objectLockEnabled": True})
    arguments.take("bucket")

    with pytest.raises(ProvisionError, match=r"argument objectLockEnabled: .* does not know how to honour it"):
        arguments.finish()


def test_arguments_without_a_value_need_not_be_taken() -> None:
    ResourceArguments({"tags": None}).finish()


def test_an_argument_that_makes_no_difference_can_be_accepted() -> None:
    arguments = ResourceArguments({"forceDestroy": True})

    arguments.accept("forceDestroy", "somethingElse")

    arguments.finish()


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ProvisionError, match="argument bucket is missing"):
        ResourceArguments({}).require("bucket")


def test_whole_numbers_come_back_whole() -> None:
    arguments = ResourceArguments({"timeout": 15.0, "nested": {"days": [1.0, 1.5]}})

    assert repr(arguments.take("timeout")) == "15"
    assert arguments.take("nested") == {"days": [1, 1.5]}


def test_nested_arguments_get_awss_names() -> None:
    spec = {"rules": ("Rules", {"id": "ID", "expiration": ("Expiration", {"days": "Days"})})}

    assert to_aws({"rules": [{"id": "a", "expiration": {"days": 7}}]}, spec) == {
        "Rules": [{"ID": "a", "Expiration": {"Days": 7}}]
    }


def test_a_nested_argument_that_is_not_known_is_refused_by_its_path() -> None:
    spec = {"rules": ("Rules", {"id": "ID"})}

    with pytest.raises(ProvisionError, match=r"argument rules\.transition: "):
        ResourceArguments({"rules": [{"id": "a", "transition": {}}]}).translate(spec)
