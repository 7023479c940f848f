"""Every scalar function that the laptop has, with the types that it takes: the table that a call is looked up in.

A text is DuckDB's, of what DuckDB does as Trino does; a function is Python's, of what it does otherwise or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from local.athena.functions import (
    addresses,
    arrays,
    binaries,
    dates,
    formats,
    json_paths,
    json_values,
    maths,
    regexes,
    strings,
)
from local.athena.functions.partials import given
from local.athena.functions.signatures import Signature, signature

Body = str | Callable[..., Any]

NORMAL_FORMS = ("nfc", "nfd", "nfkc", "nfkd")
"""Unicode's, each of which the parser makes a function of: `normalize(x, NFD)` is a call of normalize_nfd."""

_STRINGS: dict[str, Body] = {
    "upper(varchar) -> @0": strings.upper,
    "lower(varchar) -> @0": strings.lower,
    "length(varchar) -> bigint": "length({0})",
    "length(varbinary) -> bigint": "octet_length({0})",
    "reverse(varchar) -> @0": strings.reverse,
    "reverse(varbinary) -> varbinary": binaries.reverse,
    "substr(varchar, bigint) -> @0": strings.substring,
    "substr(varchar, bigint, bigint) -> @0": strings.substring_of,
    "substring(varchar, bigint) -> @0": strings.substring,
    "substring(varchar, bigint, bigint) -> @0": strings.substring_of,
    **{f"{name}(varbinary, bigint) -> varbinary": binaries.substring for name in ("substr", "substring")},
    **{f"{name}(varbinary, bigint, bigint) -> varbinary": binaries.substring_of for name in ("substr", "substring")},
    "strpos(varchar, varchar) -> bigint": strings.strpos,
    "strpos(varchar, varchar, bigint) -> bigint": strings.strpos_instance,
    "replace(varchar, varchar, varchar) -> @replaced": strings.replace,
    "replace(varchar, varchar) -> @0": strings.remove,
    "trim(varchar) -> @0": strings.trim,
    "ltrim(varchar) -> @0": strings.ltrim,
    "rtrim(varchar) -> @0": strings.rtrim,
    "trim(varchar, varchar) -> @0": strings.trim_of,
    "ltrim(varchar, varchar) -> @0": strings.ltrim_of,
    "rtrim(varchar, varchar) -> @0": strings.rtrim_of,
    "lpad(varchar, bigint, varchar) -> varchar": strings.lpad,
    "rpad(varchar, bigint, varchar) -> varchar": strings.rpad,
    "lpad(varbinary, bigint, varbinary) -> varbinary": binaries.lpad,
    "rpad(varbinary, bigint, varbinary) -> varbinary": binaries.rpad,
    "split(varchar, varchar) -> array(@0)": strings.split,
    "split(varchar, varchar, bigint) -> array(@0)": strings.split_limited,
    "split_part(varchar, varchar, bigint) -> @0": strings.split_part,
    "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)": strings.split_to_map,
    "starts_with(varchar, varchar) -> boolean": strings.starts_with,
    "chr(bigint) -> varchar(1)": strings.chr_,
    "codepoint(varchar) -> integer": strings.codepoint,
    "translate(varchar, varchar, varchar) -> varchar": strings.translate,
    "normalize(varchar) -> varchar": given(strings.normalize, "NFC"),
    **{f"normalize_{form}(varchar) -> varchar": given(strings.normalize, form.upper()) for form in NORMAL_FORMS},
    "levenshtein_distance(varchar, varchar) -> bigint": strings.levenshtein_distance,
    "hamming_distance(varchar, varchar) -> bigint": strings.hamming_distance,
    "soundex(varchar) -> varchar(4)": strings.soundex,
    "url_encode(varchar) -> @escaped": addresses.url_encode,
    "url_decode(varchar) -> @0": addresses.url_decode,
    "url_extract_protocol(varchar) -> @0": addresses.url_extract_protocol,
    "url_extract_host(varchar) -> @0": addresses.url_extract_host,
    "url_extract_port(varchar) -> bigint": addresses.url_extract_port,
    "url_extract_path(varchar) -> @0": addresses.url_extract_path,
    "url_extract_query(varchar) -> @0": addresses.url_extract_query,
    "url_extract_fragment(varchar) -> @0": addresses.url_extract_fragment,
    "url_extract_parameter(varchar, varchar) -> @0": addresses.url_extract_parameter,
    "to_utf8(varchar) -> varbinary": binaries.to_utf8,
    "from_utf8(varbinary) -> varchar": binaries.from_utf8,
    "from_utf8(varbinary, varchar) -> varchar": binaries.from_utf8_with,
    "to_hex(varbinary) -> varchar": binaries.to_hex,
    "from_hex(varchar) -> varbinary": binaries.from_hex,
    "to_base64(varbinary) -> varchar": binaries.to_base64,
    "from_base64(varchar) -> varbinary": binaries.from_base64,
    "md5(varbinary) -> varbinary": binaries.md5,
    "sha1(varbinary) -> varbinary": binaries.sha1,
    "sha256(varbinary) -> varbinary": binaries.sha256,
    "sha512(varbinary) -> varbinary": binaries.sha512,
    "hmac_sha256(varbinary, varbinary) -> varbinary": binaries.hmac_sha256,
    "crc32(varbinary) -> bigint": binaries.crc32,
    "regexp_like(varchar, varchar) -> boolean": regexes.regexp_like,
    "regexp_extract(varchar, varchar) -> @0": regexes.regexp_extract,
    "regexp_extract(varchar, varchar, bigint) -> @0": regexes.regexp_extract_group,
    "regexp_extract_all(varchar, varchar) -> array(@0)": regexes.regexp_extract_all,
    "regexp_extract_all(varchar, varchar, bigint) -> array(@0)": regexes.regexp_extract_all_group,
    "regexp_count(varchar, varchar) -> bigint": regexes.regexp_count,
    "regexp_position(varchar, varchar) -> bigint": regexes.regexp_position,
    "regexp_replace(varchar, varchar) -> @0": regexes.regexp_remove,
    "regexp_replace(varchar, varchar, varchar) -> @matches_replaced": regexes.regexp_replace,
    "regexp_split(varchar, varchar) -> array(@0)": regexes.regexp_split,
}

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_WHOLE = tuple(_BITS)
_NUMBERS: dict[str, Body] = {
    **{f"abs({kind}) -> {kind}": "abs({0})" for kind in (*_WHOLE, "double", "real")},
    "abs(decimal) -> @0": "abs({0})",
    **{f"sign({kind}) -> {kind}": f"CAST(sign({{0}}) AS {kind})" for kind in _WHOLE},
    **{f"sign({kind}) -> {kind}": maths.sign_of for kind in ("double", "real")},
    "sign(decimal) -> decimal(1,0)": maths.sign_of_decimal,
    **{f"{name}({kind}) -> {kind}": "{0}" for name in ("ceil", "ceiling", "floor", "round") for kind in _WHOLE},
    **{
        f"round({kind}, bigint) -> {kind}": given(maths.round_whole_to, 2 ** (bits - 1)) for kind, bits in _BITS.items()
    },
    "round(real) -> real": maths.round_real,
    "round(real, bigint) -> real": maths.round_real_to,
    "round(double) -> double": maths.round_double,
    "round(double, bigint) -> double": maths.round_double_to,
    **{f"{name}(double) -> double": "ceil({0})" for name in ("ceil", "ceiling")},
    **{f"{name}(real) -> real": "CAST(ceil({0}) AS FLOAT)" for name in ("ceil", "ceiling")},
    "floor(double) -> double": "floor({0})",
    "floor(real) -> real": "CAST(floor({0}) AS FLOAT)",
    **{f"truncate({kind}) -> {kind}": maths.truncate_double for kind in ("double", "real")},
    "pi() -> double": "pi()",
    "e() -> double": "exp(CAST(1 AS DOUBLE))",
    "nan() -> double": "CAST('NaN' AS DOUBLE)",
    "infinity() -> double": "CAST('Infinity' AS DOUBLE)",
    "is_nan(double) -> boolean": "isnan({0})",
    "is_finite(double) -> boolean": "isfinite({0})",
    "is_infinite(double) -> boolean": "isinf({0})",
    "power(double, double) -> double": maths.power,
    "pow(double, double) -> double": maths.power,
    "sqrt(double) -> double": maths.sqrt,
    "exp(double) -> double": maths.exp,
    "ln(double) -> double": maths.ln,
    "log2(double) -> double": maths.log2,
    "log10(double) -> double": maths.log10,
    "log(double, double) -> double": maths.log,
    **{f"{name}(double) -> double": f"{name}({{0}})" for name in ("sin", "cos", "tan", "atan", "degrees", "radians")},
    "atan2(double, double) -> double": "atan2({0}, {1})",
    **{f"mod({kind}, {kind}) -> {kind}": "({0}) % ({1})" for kind in ("integer", "bigint", "double")},
    "to_base(bigint, bigint) -> varchar(64)": maths.to_base,
    "from_base(varchar, bigint) -> bigint": maths.from_base,
    "width_bucket(double, double, double, bigint) -> bigint": maths.width_bucket,
    "bit_count(bigint, bigint) -> bigint": maths.bit_count,
    "bitwise_and(bigint, bigint) -> bigint": "({0}) & ({1})",
    "bitwise_or(bigint, bigint) -> bigint": "({0}) | ({1})",
    "bitwise_xor(bigint, bigint) -> bigint": "xor({0}, {1})",
    "bitwise_not(bigint) -> bigint": "~({0})",
    **{
        f"{name}({kind}, bigint) -> {kind}": given(shift, bits)
        for name, shift in (
            ("bitwise_left_shift", maths.bitwise_left_shift),
            ("bitwise_right_shift", maths.bitwise_right_shift),
            ("bitwise_right_shift_arithmetic", maths.bitwise_right_shift_arithmetic),
        )
        for kind, bits in _BITS.items()
    },
    "format_number(bigint) -> varchar": formats.format_number,
    "format_number(double) -> varchar": formats.format_number,
}

_DATES: dict[str, Body] = {
    "current_timezone() -> varchar": "'UTC'",
    "date_diff(varchar, date, date) -> bigint": dates.date_diff,
    "date_diff(varchar, timestamp, timestamp) -> bigint": dates.date_diff,
    "parse_duration(varchar) -> interval day to second": dates.parse_duration,
    "to_milliseconds(interval day to second) -> bigint": "{0}",
    "human_readable_seconds(double) -> varchar": dates.human_readable_seconds,
    "from_iso8601_date(varchar) -> date": dates.from_iso8601_date,
    "to_unixtime(timestamp) -> double": "epoch_us({0}) / CAST(1000000 AS DOUBLE)",
    "to_unixtime(timestamp with time zone) -> double": "epoch_us({0}) / CAST(1000000 AS DOUBLE)",
}

_JSON: dict[str, Body] = {
    "json_parse(varchar) -> json": json_values.canonical_json,
    "json_format(json) -> varchar": "{0}",
    "json_extract(json, varchar) -> json": json_paths.json_extract,
    "json_extract(varchar, varchar) -> json": json_paths.json_extract,
    "json_extract_scalar(json, varchar) -> varchar": json_paths.json_extract_scalar,
    "json_extract_scalar(varchar, varchar) -> @0": json_paths.json_extract_scalar,
    "json_size(json, varchar) -> bigint": json_paths.json_size,
    "json_size(varchar, varchar) -> bigint": json_paths.json_size,
    "json_array_length(json) -> bigint": json_values.json_array_length,
    "json_array_length(varchar) -> bigint": json_values.json_array_length,
    "json_array_get(json, bigint) -> json": json_values.json_array_get,
    "json_array_get(varchar, bigint) -> json": json_values.json_array_get,
    "is_json_scalar(json) -> boolean": json_values.is_json_scalar,
    "is_json_scalar(varchar) -> boolean": json_values.is_json_scalar,
}

_ARRAYS: dict[str, Body] = {
    "cardinality(array(T)) -> bigint": "len({0})",
    "cardinality(map(K, V)) -> bigint": "cardinality({0})",
    "array_distinct(array(T)) -> @0": arrays.array_distinct,
    "array_union(array(T), array(T)) -> array(T)": arrays.array_union,
    "array_intersect(array(T), array(T)) -> array(T)": arrays.array_intersect,
    "array_except(array(T), array(T)) -> array(T)": arrays.array_except,
    "arrays_overlap(array(T), array(T)) -> boolean": arrays.arrays_overlap,
    "contains(array(T), T) -> boolean": arrays.contains,
    "array_position(array(T), T) -> bigint": arrays.array_position,
    "array_remove(array(T), T) -> array(T)": arrays.array_remove,
    "array_join(array(varchar), varchar) -> varchar": arrays.array_join,
    "array_join(array(varchar), varchar, varchar) -> varchar": arrays.array_join_with,
    "array_max(array(T)) -> T": arrays.array_max,
    "array_min(array(T)) -> T": arrays.array_min,
    "array_sort(array(T)) -> @0": arrays.array_sort,
    "reverse(array(T)) -> @0": arrays.reverse,
    "slice(array(T), bigint, bigint) -> @0": arrays.slice_,
    "element_at(array(T), bigint) -> T": arrays.element_at,
    "element_at(map(K, V), K) -> V": arrays.value_at,
    "flatten(array(array(T))) -> array(T)": arrays.flatten,
    "sequence(bigint, bigint) -> array(bigint)": arrays.sequence,
    "sequence(bigint, bigint, bigint) -> array(bigint)": arrays.sequence,
    "sequence(date, date) -> array(date)": arrays.sequence_of_moments,
    "sequence(date, date, interval day to second) -> array(date)": arrays.sequence_of_moments,
    "sequence(date, date, interval year to month) -> array(date)": arrays.sequence_of_months,
    "sequence(timestamp, timestamp, interval day to second) -> array(timestamp(3))": arrays.sequence_of_moments,
    "map(array(K), array(V)) -> map(K, V)": arrays.map_of,
    "map_from_entries(array(row(K, V))) -> map(K, V)": arrays.map_from_entries,
    "map_entries(map(K, V)) -> array(row(K, V))": arrays.map_entries,
    "map_keys(map(K, V)) -> array(K)": arrays.map_keys,
    "map_values(map(K, V)) -> array(V)": arrays.map_values,
    "map_concat(map(K, V), map(K, V), ...) -> map(K, V)": arrays.map_concat,
}
_NULLABLE: dict[str, Body] = {"repeat(T, bigint) -> array(T)": arrays.repeat}
"""Functions that are called with nulls, too."""

_VOLATILE: dict[str, Body] = {
    "random() -> double": "random()",
    "rand() -> double": "random()",
    "random(bigint) -> bigint": "CAST(floor(random() * ({0})) AS BIGINT)",
    "rand(bigint) -> bigint": "CAST(floor(random() * ({0})) AS BIGINT)",
}


def _signatures() -> Iterable[Signature]:
    for table in (_STRINGS, _NUMBERS, _DATES, _JSON, _ARRAYS):
        yield from (signature(text, body) for text, body in table.items())
    yield from (signature(text, body, takes_nulls=True) for text, body in _NULLABLE.items())
    yield from (signature(text, body, is_volatile=True) for text, body in _VOLATILE.items())


def _by_name() -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = defaultdict(list)
    for one in _signatures():
        found[one.name].append(one)
    return dict(found)


SCALARS = _by_name()
"""The forms of every function by its name."""
