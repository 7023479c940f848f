"""The visual form's graph is one that Glue takes, by botocore's own model of it, and one that hangs together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from expectations.contract.tables import RAW_COLUMNS
from expectations.queries.transformations import INPUT, STEPS
from infrastructure.visual_job import SOURCE, TARGET, VERSIONS, graph

if TYPE_CHECKING:
    from botocore.model import MapShape, Shape

    from expectations.queries.transformations import Step

NODES = graph("bovespa-raw-data-bucket")
each_node = pytest.mark.parametrize("name", list(NODES))


@pytest.fixture(scope="module")
def shape() -> MapShape:
    model = botocore.session.get_session().get_service_model("glue")
    return model.shape_for("JobUpdate").members["CodeGenConfigurationNodes"]


def body(name: str) -> dict[str, Any]:
    (found,) = NODES[name].values()
    return found


def inputs(name: str) -> list[str]:
    return list(body(name).get("Inputs", []))


# --- Glue's model --------------------------------------------------------------------------------------------------------


def texts(value: Any, shape: Any) -> Iterator[tuple[str, Shape]]:  # noqa: ANN401 - any JSON
    """Every text of a value, with the shape that Glue has for it."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from texts(item, shape.members[name])
    elif shape.type_name == "map":
        for name, item in value.items():
            yield name, shape.key
            yield from texts(item, shape.value)
    elif shape.type_name == "list":
        for item in value:
            yield from texts(item, shape.member)
    elif shape.type_name == "string":
        yield value, shape


def test_the_graph_is_valid_by_glues_model(shape: MapShape) -> None:
    report = ParamValidator().validate(NODES, shape)
    assert not report.has_errors(), report.generate_report()


def test_the_model_refuses_a_node_without_its_query(shape: MapShape) -> None:
    broken = {**NODES, "types": {"SparkSQL": {"Name": "x", "Inputs": ["renamed"]}}}
    assert "SqlQuery" in ParamValidator().validate(broken, shape).generate_report()


def test_every_text_is_of_glues_pattern(shape: MapShape) -> None:
    found = list(texts(NODES, shape))
    assert len(found) > 40
    for text, kind in found:
        # Java writes what lies beyond the first plane as pairs, which Python's expressions do not know.
        pattern = kind.metadata.get("pattern", ".*").replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
        assert re.fullmatch(pattern, text, re.DOTALL), (text, pattern)


@each_node
def test_a_node_is_of_one_kind(name: str) -> None:
    assert len(NODES[name]) == 1


# --- how it hangs together -----------------------------------------------------------------------------------------------


def test_every_node_but_the_source_reads_nodes_that_there_are() -> None:
    assert [name for name in NODES if not inputs(name)] == [SOURCE]
    assert {given for name in NODES for given in inputs(name)} <= NODES.keys()


def test_no_node_reads_what_is_made_of_it() -> None:
    done: set[str] = set()
    while ready := [name for name in NODES if name not in done and set(inputs(name)) <= done]:
        done.update(ready)
    assert done == NODES.keys()


def test_every_nodes_rows_are_read_by_another_but_the_last_ones() -> None:
    read = {given for name in NODES for given in inputs(name)}
    assert NODES.keys() - read == {TARGET}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_transformation_is_a_node_with_its_query(step: Step) -> None:
    node = NODES[step.name]["SparkSQL"]
    assert node["SqlQuery"] == step.sql
    assert node["Inputs"] == [step.reads]
    assert node["SqlAliases"] == [{"From": step.reads, "Alias": step.reads}]
    assert f"FROM {step.reads}" in node["SqlQuery"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_query_is_the_same_as_a_text_of_pythons_which_glue_makes_of_it(step: Step) -> None:
    assert ast.literal_eval(f"'''{step.sql}'''") == step.sql
    assert ast.literal_eval(f'"""{step.sql}"""') == step.sql
    assert "\\" not in step.sql


def test_what_is_staged_are_refined_rows_and_their_summary() -> None:
    assert inputs(TARGET) == ["refined", "summary"]


def test_the_source_shows_the_raw_files_with_the_contracts_columns() -> None:
    node = NODES[SOURCE]["S3ParquetSource"]
    assert node["Paths"] == ["s3://bovespa-raw-data-bucket/raw-data/"]
    (schema,) = node["OutputSchemas"]
    assert [(column["Name"], column["Type"]) for column in schema["Columns"]] == [
        (column.name, column.type.value) for column in RAW_COLUMNS
    ]


def test_no_node_but_the_custom_code_writes_anywhere() -> None:
    kinds = {kind for node in NODES.values() for kind in node}
    assert kinds == {"S3ParquetSource", "CustomCode", "SelectFromCollection", "SparkSQL"}


@pytest.mark.parametrize(("name", "function"), [(VERSIONS, "read_versions"), (TARGET, "write_staging")])
def test_custom_code_is_a_functions_body_that_calls_the_jobs_modules(name: str, function: str) -> None:
    lines = [f"    {line}" for line in body(name)["Code"].splitlines()]
    tree = ast.parse("\n".join([f"def {body(name)['ClassName']}(glueContext, dfc):", *lines]))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert function in imported
    assert any(isinstance(node, ast.Return) for node in ast.walk(tree))


def test_the_raw_rows_are_the_one_frame_that_is_read() -> None:
    assert NODES[INPUT]["SelectFromCollection"] == {"Name": "Raw rows", "Inputs": [VERSIONS], "Index": 0}
