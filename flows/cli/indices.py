"""Index codes as they are typed: an option of its own module, for it asks the settings which codes are known."""

from __future__ import annotations

from typing import Annotated

import typer

from expectations.contract.keys import ContractError
from flows.errors import SettingsError
from flows.settings import load_settings


def index_code(text: str) -> str:
    """An index code as it is typed, in capitals or not.

    Raises:
        BadParameter: it is none of B3's that are known; near ones are named.
    """
    try:
        return load_settings().known_index(text.upper())
    except (ContractError, SettingsError) as error:
        raise typer.BadParameter(str(error)) from error


Index = Annotated[
    str,
    typer.Option("--index", parser=index_code, metavar="CODE", help="Index code that B3 publishes, such as IBOV."),
]
