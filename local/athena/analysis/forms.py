"""The forms of a function: which of them takes the arguments of a call, and as what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena.analysis.known_names import OTHER_FORMS
from local.athena.analysis.operators import called
from local.athena.analysis.values import Value, made
from local.athena.functions.scalars import SCALARS
from local.athena.functions.signatures import Signature, Udfs, bind, target
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.athena.types import SqlType


def scalar(name: str, arguments: list[Value], at: Position, udfs: Udfs) -> Value:
    """A call of a function of the table.

    Raises:
        AthenaQueryError: it has no form for these types.
    """
    if name not in SCALARS:
        raise unexpected(name, arguments, (), at)
    form, bound = chosen(name, SCALARS[name], arguments, at)
    values, kinds = given(form, arguments, bound)
    kind = form.returned(kinds, bound)
    if callable(form.body):
        return called(form.body, values, kind, at, udfs, takes_nulls=form.takes_nulls)
    text = form.body.format(*(value.text for value in values))
    is_call = text.endswith(")") and not text.startswith("(") and ") " not in text
    found = made(text, kind, at, *values, is_bare=is_call)
    return replace(found, is_volatile=found.is_volatile or form.is_volatile)


def chosen(
    name: str, forms: Sequence[Signature], arguments: Sequence[Value], at: Position
) -> tuple[Signature, dict[str, SqlType]]:
    """The form of a function that takes these arguments: as they are, or else with the least of conversions.

    Raises:
        AthenaQueryError: it has none.
        NotOnLaptopError: it has one, which the laptop has not.
    """
    kinds = [argument.type for argument in arguments]
    for exactly in (True, False):
        for form in forms:
            parameters = form.padded(len(kinds))
            if parameters is not None and (bound := bind(parameters, kinds, exactly=exactly)) is not None:
                return form, bound
    for form in OTHER_FORMS.get(name, ()):
        parameters = form.padded(len(kinds))
        if parameters is not None and bind(parameters, kinds, exactly=False) is not None:
            raise NotOnLaptopError(form.shown, at)
    raise unexpected(name, arguments, forms, at)


def given(form: Signature, arguments: Sequence[Value], bound: dict[str, SqlType]) -> tuple[list[Value], list[SqlType]]:
    """The arguments as a form takes them, and their types."""
    parameters = form.padded(len(arguments))
    assert parameters is not None
    kinds = [target(pattern, argument.type, bound) for pattern, argument in zip(parameters, arguments, strict=True)]
    return [argument.cast(kind) for argument, kind in zip(arguments, kinds, strict=True)], kinds


def unexpected(name: str, arguments: Sequence[Value], forms: Sequence[Signature], at: Position) -> AthenaQueryError:
    """The error for arguments that a function does not take."""
    kinds = ", ".join(str(argument.type) for argument in arguments)
    shown = f"({kinds})" if kinds else "()"
    expected = f" Expected: {', '.join(form.shown for form in forms)}" if forms else ""
    message = f"Unexpected parameters {shown} for function {name}.{expected}"
    return AthenaQueryError.at(at, "FUNCTION_NOT_FOUND", message)
