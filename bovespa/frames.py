"""A table as the kind of frame that its user works with."""

from __future__ import annotations

import importlib
from typing import Any, Literal, TypeAlias

import pandas as pd
import pyarrow as pa

from flows.errors import SettingsError

As: TypeAlias = Literal["pandas", "polars", "arrow"]
Frame: TypeAlias = Any
"""A `pandas.DataFrame`, a `polars.DataFrame` or a `pyarrow.Table`."""

_WITH_NULL = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def handed_over(table: pa.Table, as_: As) -> Frame:
    """The table as the frame that is wanted.

    Raises:
        SettingsError: there is no such kind of frame, or polars is not installed.
    """
    if as_ == "arrow":
        return table
    if as_ == "pandas":
        return table.to_pandas(date_as_object=False, types_mapper=_WITH_NULL.get)
    if as_ == "polars":
        try:
            return importlib.import_module("polars").from_arrow(table)
        except ModuleNotFoundError as error:
            raise SettingsError('as_="polars" needs polars: pip install polars') from error
    raise SettingsError(f'as_={as_!r}: "pandas", "polars" or "arrow"')
