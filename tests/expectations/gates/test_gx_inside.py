"""What of Great Expectations is replaced changes nothing that a gate reports."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core.id_dict import IDDict
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from hypothesis import given
from hypothesis import strategies as st

from expectations.gates import gx_inside, raw
from expectations.gates.gate import Check, validate
from expectations.gates.gx_inside import FOLLOWER, MAKER, NAMER, quiet_context, readers
from flows.session.raw_file import RAW_SCHEMA, RawFile

SESSION = date(2025, 6, 30)
SCHEMA = tuple(f"{field.name}: {field.type}" for field in RAW_SCHEMA)
CONFIGURATION = Expectation.__dict__["configuration"]
REPLACED: list[tuple[type[Any], str]] = [
    *((ValidationGraph, FOLLOWER), (IDDict, NAMER), (ExpectationConfiguration, MAKER)),
    *readers(),
]


def test_a_context_says_nothing_to_anybody() -> None:
    config = quiet_context().config
    assert (config.analytics_enabled, config.progress_bars.globally, config.data_docs_sites) == (False, False, {})


def found(check: Check) -> dict[str, Any]:
    """All that Great Expectations says of a check, but for when and in which batch."""
    said = validate(check, "run", datetime(2025, 6, 30, tzinfo=UTC)).to_json_dict()
    return {name: value for name, value in said.items() if name != "meta"}


@pytest.fixture(scope="module")
def damaged(raw_file: RawFile) -> list[Check]:
    """Gate 1's checks of rows some of which are wrong."""
    frame = raw_file.table.to_pandas()
    frame.loc[3, "qtde_teorica"], frame.loc[5, "acao"], frame.loc[7, "codigo"] = None, None, frame.loc[8, "codigo"]
    context = raw.RawContext(raw_file.facts.statement, [SESSION], [SESSION], in_calendar=True)
    return raw.raw_checks(frame, SCHEMA, SCHEMA, context)


FRAME = pd.DataFrame({"x": [1.0, 2.0, 2.0, None], "y": [1.0, 2.0, 3.0, None], "text": ["A", "b", "b", None]})
OF_KINDS = (
    gxe.ExpectColumnPairValuesToBeEqual(column_A="x", column_B="y", ignore_row_if="neither"),
    gxe.ExpectColumnSumToBeBetween(column="x", min_value=5, max_value=5),
    gxe.ExpectColumnSumToBeBetween(column="x", min_value=2, row_condition='text == "A"', condition_parser="pandas"),
    gxe.ExpectColumnUniqueValueCountToBeBetween(column="text", min_value=3),
    gxe.ExpectColumnValuesToBeBetween(column="x", max_value=1, strict_max=False, severity="warning", notes="small"),
    gxe.ExpectColumnValuesToBeBetween(column="absent", min_value=0),
    gxe.ExpectColumnValuesToBeInSet(column="text", value_set=["A", "b"]),
    gxe.ExpectColumnValuesToBeInSet(column="text", value_set=["A"], mostly=0.3),
    gxe.ExpectColumnValuesToBeNull(column="y"),
    gxe.ExpectColumnValuesToBeUnique(column="x"),
    gxe.ExpectColumnValuesToMatchRegex(column="text", regex="^[a-z]$"),
    gxe.ExpectColumnValuesToNotBeInSet(column="x", value_set=[1, True, 1.0]),
    gxe.ExpectColumnValuesToNotBeNull(column="text"),
    gxe.ExpectCompoundColumnsToBeUnique(column_list=["x", "text"]),
    gxe.ExpectTableRowCountToBeBetween(min_value=4, max_value=4),
    gxe.ExpectTableRowCountToEqual(value=5),
)


def test_what_is_replaced_finds_what_great_expectations_own_finds(
    damaged: list[Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [*damaged, Check("kinds", FRAME, OF_KINDS, key=("text",)), Check("without a key", FRAME, OF_KINDS)]
    replaced = [found(check) for check in checks]
    assert {result["success"] for check in replaced for result in check["results"]} == {True, False}
    for of, name in REPLACED:
        monkeypatch.setattr(of, name, vars(of)[name].__wrapped__)
    monkeypatch.setattr(Expectation, "configuration", CONFIGURATION)
    assert [without_traces(found(check)) for check in checks] == [without_traces(check) for check in replaced]


def without_traces(said: Any) -> Any:  # noqa: ANN401 - JSON
    """The same without tracebacks, which go through what is replaced."""
    if isinstance(said, dict):
        return {name: without_traces(value) for name, value in said.items() if name != "exception_traceback"}
    return [without_traces(item) for item in said] if isinstance(said, list) else said


def test_every_kind_of_expectation_that_a_gate_has_is_compared() -> None:
    sources = (path.read_text(encoding="utf-8") for path in Path(gx_inside.__file__).parent.glob("*.py"))
    assert {kind for text in sources for kind in re.findall(r"gxe\.(Expect\w+)", text)} == {
        type(demand).__name__ for demand in OF_KINDS
    }


def test_a_metric_that_several_need_is_followed_once(damaged: list[Check], monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_context()
    followed: dict[ValidationGraph, list[object]] = {}
    provider = ValidationGraph.set_metric_configuration_default_kwargs_if_absent

    def follow(graph: ValidationGraph, metric_configuration: Any) -> Any:  # noqa: ANN401 - Great Expectations'
        followed.setdefault(graph, []).append(metric_configuration.id)
        return provider(graph, metric_configuration)

    monkeypatch.setattr(ValidationGraph, "__hash__", object.__hash__)
    monkeypatch.setattr(ValidationGraph, "__eq__", object.__eq__)
    monkeypatch.setattr(ValidationGraph, "set_metric_configuration_default_kwargs_if_absent", follow)
    found(damaged[-1])
    assert max(map(len, followed.values())) > 1
    assert [len(set(metrics)) for metrics in followed.values()] == [len(metrics) for metrics in followed.values()]


_ARGUMENT = st.one_of(
    st.none(), st.text(max_size=3), st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0, 2.5])
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), _ARGUMENT), max_size=6))
def test_arguments_have_the_digest_that_great_expectations_gives_them(many: list[dict[str, Any]]) -> None:
    quiet_context()
    own = vars(IDDict)[NAMER].__wrapped__
    assert [IDDict(arguments).to_id() for arguments in many] == [own(IDDict(arguments)) for arguments in many]
    assert [IDDict(arguments).to_id(["a"]) for arguments in many if "a" in arguments] == [
        own(IDDict(arguments), ["a"]) for arguments in many if "a" in arguments
    ]


def test_a_configuration_is_made_once_for_all_arguments(damaged: list[Check], monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_context()
    expectation, made = damaged[-1].expectations[0], list[str]()
    plain = Expectation.dict
    monkeypatch.setattr(Expectation, "dict", lambda *args, **kwargs: made.append("") or plain(*args, **kwargs))
    arguments = expectation._get_runtime_kwargs()
    assert len(arguments) > len(made) == 1


def test_checks_in_threads_are_each_told_of_their_own(damaged: list[Check]) -> None:
    alone = [found(check) for check in damaged]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(found, damaged * 4))
    assert together == alone * 4


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=6), st.integers(-3, 3), st.integers(-3, 3))
def test_an_expectation_that_is_changed_is_read_as_it_is_now(values: list[int], first: int, then: int) -> None:
    demand = gxe.ExpectColumnMinToBeBetween(column="x", min_value=first)
    for least in (first, then):
        demand.min_value = least
        (result,) = found(Check("x", pd.DataFrame({"x": values}), [demand]))["results"]
        assert result["success"] is (min(values) >= least)


def test_what_a_release_no_longer_has_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for of, name in ((Expectation, "configuration"), *REPLACED):
        monkeypatch.delattr(of, name)
    gx_inside.replace_methods()
    assert not any(name in vars(of) for of, name in REPLACED)
