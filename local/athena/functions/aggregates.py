"""Aggregate and window functions: DuckDB's text for each, where `{*}` stands for the arguments and `{f}` for FILTER and OVER.

Source: https://trino.io/docs/current/functions/aggregate.html and …/window.html.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local.athena.functions import arrays
from local.athena.functions.numbers import half_up
from local.athena.functions.signatures import Signature, signature

_WHOLE = ("tinyint", "smallint", "integer", "bigint")
_INTERVALS = ("interval day to second", "interval year to month")


def decimal_average(total: Decimal | None, count: int) -> Decimal | None:
    """A sum of decimals by their count, with the sum's digits; null of none."""
    if total is None or not count:
        return None
    return half_up(total / count, -int(total.as_tuple().exponent))


def _finite(body: str) -> str:
    """A body whose result is null where it is no number."""
    return f"CASE WHEN isfinite({body}) THEN {body} END"


# NaN is less than every number for max and greater than every number for min, as it is in DuckDB for both.
_AGGREGATES = {
    "count(T) -> bigint": "count({*}){f}",
    "count_if(boolean) -> bigint": "count(CASE WHEN {0} THEN 1 END){f}",
    **{f"sum({kind}) -> bigint": "CAST(sum({*}){f} AS BIGINT)" for kind in _WHOLE},
    "sum(double) -> double": "sum({*}){f}",
    "sum(real) -> real": "CAST(sum({*}){f} AS FLOAT)",
    **{f"sum({kind}) -> {kind}": "CAST(sum({*}){f} AS BIGINT)" for kind in _INTERVALS},
    "sum(decimal) -> decimal(38)": "sum({*}){f}",
    **{f"avg({kind}) -> double": "avg({*}){f}" for kind in (*_WHOLE, "double")},
    "avg(real) -> real": "CAST(avg({*}){f} AS FLOAT)",
    "avg(decimal) -> @0": "sum({*}){f}",
    **{f"avg({kind}) -> {kind}": "CAST(floor(avg({*}){f} + 0.5) AS BIGINT)" for kind in _INTERVALS},
    "min(T) -> T": "min({*}){f}",
    **{
        f"max({kind}) -> {kind}": "COALESCE(max(CASE WHEN isnan({0}) THEN NULL ELSE {0} END){f}, max({0}){f})"
        for kind in ("double", "real")
    },
    "max(T) -> T": "max({*}){f}",
    "bool_and(boolean) -> boolean": "bool_and({*}){f}",
    "every(boolean) -> boolean": "bool_and({*}){f}",
    "bool_or(boolean) -> boolean": "bool_or({*}){f}",
    "arbitrary(T) -> T": "any_value({*}){f}",
    "any_value(T) -> T": "any_value({*}){f}",
    "array_agg(T) -> array(T)": "list({*}){f}",
    "min_by(T, K) -> T": "arg_min_null({*}){f}",
    **{
        f"max_by(T, {kind}) -> T": "arg_max_null({0}, CASE WHEN isnan({1}) THEN CAST('-Infinity' AS FLOAT) ELSE {1} END){f}"
        for kind in ("double", "real")
    },
    "max_by(T, K) -> T": "arg_max_null({*}){f}",
    "stddev(double) -> double": "stddev_samp({*}){f}",
    "stddev_samp(double) -> double": "stddev_samp({*}){f}",
    "stddev_pop(double) -> double": "stddev_pop({*}){f}",
    "variance(double) -> double": "var_samp({*}){f}",
    "var_samp(double) -> double": "var_samp({*}){f}",
    "var_pop(double) -> double": "var_pop({*}){f}",
    **{
        f"{name}({kind}, {kind}) -> {kind}": f"CAST({body} AS {'FLOAT' if kind == 'real' else 'DOUBLE'})"
        for kind in ("real", "double")
        for name, body in (
            ("corr", _finite("corr({*}){f}")),
            ("covar_samp", "covar_samp({*}){f}"),
            ("covar_pop", "covar_pop({*}){f}"),
            ("regr_slope", _finite("regr_slope({*}){f}")),
            ("regr_intercept", _finite("regr_intercept({*}){f}")),
        )
    },
    "geometric_mean(real) -> real": "CAST(exp(avg(ln(CAST({0} AS DOUBLE))){f}) AS FLOAT)",
    "geometric_mean(double) -> double": "exp(avg(ln({0})){f})",
    "bitwise_and_agg(bigint) -> bigint": "bit_and({*}){f}",
    "bitwise_or_agg(bigint) -> bigint": "bit_or({*}){f}",
    "listagg(varchar, varchar) -> varchar": "string_agg({*}){f}",
    "map_agg(K, V) -> map(K, V)": "list(struct_pack(_0 := {0}, _1 := {1})){f}",
    "histogram(T) -> map(T, bigint)": "list({*}){f}",
}

FINISHERS: dict[str, tuple[Callable[..., Any], str]] = {
    "map_agg": (arrays.first_pairs, "array(row(K, V))"),
    "histogram": (arrays.counts, "array(T)"),
}
"""What makes a call's result of DuckDB's, in Python, and the type of DuckDB's."""

_WINDOW = {
    "row_number() -> bigint": "row_number(){f}",
    "rank() -> bigint": "rank(){f}",
    "dense_rank() -> bigint": "dense_rank(){f}",
    "percent_rank() -> double": "percent_rank(){f}",
    "cume_dist() -> double": "cume_dist(){f}",
    "ntile(bigint) -> bigint": "ntile({*}){f}",
    "first_value(T) -> T": "first_value({*}){f}",
    "last_value(T) -> T": "last_value({*}){f}",
    "nth_value(T, bigint) -> T": "nth_value({*}){f}",
    "lag(T) -> T": "lag({*}){f}",
    "lag(T, bigint) -> T": "lag({*}){f}",
    "lag(T, bigint, T) -> T": "lag({*}){f}",
    "lead(T) -> T": "lead({*}){f}",
    "lead(T, bigint) -> T": "lead({*}){f}",
    "lead(T, bigint, T) -> T": "lead({*}){f}",
}
WITHOUT_FRAME = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"}
"""Functions that take no frame."""

WITH_NULLS_TREATED = {"first_value", "last_value", "nth_value", "lag", "lead"}
"""Functions that take IGNORE NULLS."""


def _by_name(table: dict[str, str]) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = defaultdict(list)
    for text, body in table.items():
        one = signature(text, body)
        found[one.name].append(one)
    return dict(found)


AGGREGATES = _by_name(_AGGREGATES)
WINDOW_FUNCTIONS = _by_name(_WINDOW)
