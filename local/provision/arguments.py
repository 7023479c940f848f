"""A declared resource's arguments: each is taken by somebody or the resource is refused.

A Pulumi program that asks for something that the account on the laptop cannot do must not seem to work there, so nothing
is ever ignored silently: arguments that change nothing on a laptop are taken by name (`accept`), like all others.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]
"""Pulumi's name of an argument → AWS's name of the parameter, or a pair of that and the spec of what is nested in it."""


class ProvisionError(Exception):
    """The Pulumi program declares something that cannot be, or that the account on the laptop cannot do."""


class ResourceArguments:
    """The arguments of one declared resource, by their names in Pulumi's schema (camelCase)."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._left = {name: value for name, value in given.items() if value is not None}

    def take(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON
        """The argument's value, whole numbers as such (Pulumi's wire format knows doubles only)."""
        return _whole(self._left.pop(name, default))

    def require(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """The argument's value.

        Raises:
            ProvisionError: it is not given.
        """
        if name not in self._left:
            raise ProvisionError(f"argument {name} is missing")
        return self.take(name)

    def accept(self, *names: str) -> None:
        """Take arguments that make no difference on a laptop."""
        for name in names:
            self._left.pop(name, None)

    def translate(self, spec: Spec) -> dict[str, Any]:
        """The arguments that the spec names, as AWS's parameters.

        Raises:
            ProvisionError: something nested is not in the spec.
        """
        found = {name: self.take(name) for name in list(self._left) if name in spec}
        return to_aws(found, spec)

    def finish(self) -> None:
        """Nothing may be left.

        Raises:
            ProvisionError: an argument was not taken.
        """
        if self._left:
            names = ", ".join(sorted(self._left))
            raise ProvisionError(f"argument {names}: the account on the laptop does not know how to honour it")


def to_aws(given: dict[str, Any], spec: Spec, path: str = "") -> dict[str, Any]:
    """A nested value with AWS's names.

    Raises:
        ProvisionError: a name is not in the spec.
    """
    translated = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in spec:
            raise ProvisionError(f"argument {path}{name}: the account on the laptop does not know how to honour it")
        target, nested = spec[name] if isinstance(spec[name], tuple) else (spec[name], None)
        translated[target] = _nested(value, nested, f"{path}{name}.") if nested else value
    return translated


def _nested(value: Any, spec: Spec, path: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [to_aws(item, spec, path) for item in value]
    return to_aws(value, spec, path)


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    return value
