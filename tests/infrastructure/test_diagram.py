"""The page of the resources is what the program declares, and cannot get old unnoticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infrastructure.diagram import PAGE, Drawing, draw, page
from infrastructure.recording import Declared
from infrastructure.recording import Deployment as Recorded

if TYPE_CHECKING:
    from conftest import Deployment


@pytest.fixture
def drawing(deployed: Deployment, complete: Deployment) -> Drawing:
    return draw(deployed, complete)


def test_the_page_is_up_to_date(deployed: Deployment, complete: Deployment) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(deployed, complete), "run `make diagram`"


def test_every_resource_is_in_one_box(drawing: Drawing, deployed: Deployment, complete: Deployment) -> None:
    found = sorted((box.kind, name) for box in drawing.boxes for name in box.names)
    every = {item.urn: item for item in (*deployed.declared, *complete.declared)}.values()
    assert found == sorted((item.type.rpartition(":")[2], item.name) for item in every)


def test_boxes_are_told_apart_by_their_ids(drawing: Drawing) -> None:
    assert len({box.id for box in drawing.boxes}) == len(drawing.boxes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("BucketNotification trigger", "Function trigger", id="an upload invokes the Lambda"),
        pytest.param("Function trigger", "Job etl", id="the Lambda starts the job"),
        pytest.param("CatalogTable bovespa_refined_data", "Bucket refined", id="a table lies in the refined bucket"),
        pytest.param("VisualForm etl", "Job etl", id="the visual form is the job's"),
        pytest.param("RolePolicy flows-task", "Bucket raw", id="a task writes raw files"),
    ],
)
def test_an_arrow_is_a_reference(drawing: Drawing, one: str, other: str) -> None:
    arrows = {tuple(f"{box.kind} {box.names[0]}" for box in arrow) for arrow in drawing.arrows}
    assert (one, other) in arrows


def test_what_is_off_by_default_is_drawn_so(drawing: Drawing) -> None:
    by_component = {box.component: box.optional for box in drawing.boxes}
    assert by_component["orchestration"]
    assert by_component["notebooks"]
    assert not by_component["storage"]


def test_every_end_of_an_arrow_is_a_box_of_the_same_diagram(deployed: Deployment, complete: Deployment) -> None:
    for diagram in re.findall(r"```mermaid\n(.*?)```", page(deployed, complete), re.DOTALL):
        boxes = set(re.findall(r'^\s+(\w+)\["', diagram, re.MULTILINE))
        ends = {end for arrow in re.findall(r"(\w+) --> (\w+)", diagram) for end in arrow}
        assert ends <= boxes


def test_a_resource_of_no_component_is_the_stacks() -> None:
    stack = Declared("pulumi:pulumi:Stack", "s", "urn:s::s", {}, frozenset())
    alone = Declared("aws:s3/bucket:Bucket", "b", "urn:b::b", {}, frozenset(), parent=stack.urn)
    (box,) = draw(Recorded([alone], {}, [stack]), Recorded([alone], {}, [stack])).boxes
    assert box.component == "stack"
