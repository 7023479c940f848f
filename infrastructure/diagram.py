"""The page `docs/resources.md`: what the program declares, drawn from what it declares. `make diagram` writes it.

The program is run twice, as it is and with everything that is off by default, so that both are shown. A resource that other
components refer to is a box of its own; others of one type and component that refer to the same types share one. An arrow
leads from a resource to the one that it refers to.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infrastructure.recording import OPTIONAL_PARTS, Declared, Deployment, record_complete, record_program

PAGE = Path(__file__).resolve().parents[1] / "docs" / "resources.md"

_INTRODUCTION = f"""\
# The resources

Made by `make diagram` from what the Pulumi program declares; a test fails when it is out of date. An arrow leads from a
resource to one that its arguments refer to. Boxes with dashed borders are off by default: a stack has them with
{", ".join(f"`{name}: {value}`" for name, value in sorted(OPTIONAL_PARTS.items()))}.
"""
_DASHED = "classDef optional stroke-dasharray: 5 5"
_MAX_NAMES = 4


@dataclass(frozen=True, order=True, slots=True)
class Box:
    """A resource, or several of one type and component."""

    component: str
    kind: str
    names: tuple[str, ...]
    optional: bool

    @property
    def id(self) -> str:
        """How the box is called in a diagram."""
        return re.sub(r"[^A-Za-z0-9]", "_", f"{self.component}_{self.kind}_{self.names[0]}")

    @property
    def label(self) -> str:
        """The type, and which or how many."""
        if len(self.names) > _MAX_NAMES:
            return f"{self.kind} ({len(self.names)})"
        return f"{self.kind}<br/>{', '.join(self.names)}"

    def drawn(self, label: str) -> str:
        """The box as Mermaid draws it."""
        return f'{self.id}["{label}"]{":::optional" if self.optional else ""}'


@dataclass(frozen=True, slots=True)
class Drawing:
    """All boxes, and which of them refers to which."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[Box, Box], ...]

    def components(self) -> list[str]:
        """The components' names, in order."""
        return sorted({box.component for box in self.boxes})


def page(default: Deployment, complete: Deployment) -> str:
    """The whole page."""
    drawing = draw(default, complete)
    parts = [_INTRODUCTION, "## The components\n", _overview(drawing)]
    for component in drawing.components():
        parts += [f"## {component.capitalize()}\n", _diagram(drawing, component)]
    return "\n".join([*parts, "## By type\n", _table(drawing)])


def draw(default: Deployment, complete: Deployment) -> Drawing:
    """The boxes and arrows of what a stack has by default, and of what it can have besides."""
    always = {item.urn: item for item in default.declared}
    resources = {item.urn: item for item in complete.declared} | always
    parents = {item.urn: item.parent for item in (*complete.components, *default.components)}
    components = {urn: _component(item, parents) for urn, item in resources.items()}
    boxes: dict[str, Box] = {}
    for items in _alike(resources, components, optional=resources.keys() - always.keys()):
        names = tuple(sorted(item.name for item in items))
        box = Box(components[items[0].urn], _kind(items[0]), names, items[0].urn not in always)
        boxes |= {item.urn: box for item in items}
    arrows = {(boxes[urn], boxes[target]) for urn, item in resources.items() for target in item.refers}
    return Drawing(tuple(sorted(set(boxes.values()))), tuple(sorted(arrow for arrow in arrows if len(set(arrow)) > 1)))


def _alike(
    resources: Mapping[str, Declared], components: Mapping[str, str], *, optional: Container[str]
) -> Iterable[list[Declared]]:
    """The resources that share a box."""
    across = {
        target for urn, item in resources.items() for target in item.refers if components[urn] != components[target]
    }
    found: dict[tuple[object, ...], list[Declared]] = defaultdict(list)
    for urn, item in resources.items():
        targets = frozenset(_kind(resources[target]) for target in item.refers)
        own = urn if urn in across else ""
        found[components[urn], _kind(item), targets, urn in optional, own].append(item)
    return found.values()


def _component(item: Declared, parents: Mapping[str, str]) -> str:
    """The component below the stack that the resource is a part of, however deep."""
    line = [item.parent]
    while parents.get(line[-1]):
        line.append(parents[line[-1]])
    return line[-2].rpartition("::")[2] if len(line) > 1 else "stack"


def _kind(item: Declared) -> str:
    return item.type.rpartition(":")[2]


def _overview(drawing: Drawing) -> str:
    counts = Counter[str]()
    for box in drawing.boxes:
        counts[box.component] += len(box.names)
    optional = {name for name in counts if all(box.optional for box in drawing.boxes if box.component == name)}
    nodes = [
        f'{name}["{name}<br/>{count} resources"]{":::optional" if name in optional else ""}'
        for name, count in sorted(counts.items())
    ]
    arrows = sorted(
        {(one.component, other.component) for one, other in drawing.arrows if one.component != other.component}
    )
    return _mermaid([*nodes, *(f"{one} --> {other}" for one, other in arrows)])


def _diagram(drawing: Drawing, component: str) -> str:
    own = [box for box in drawing.boxes if box.component == component]
    arrows = [arrow for arrow in drawing.arrows if arrow[0].component == component]
    others = sorted({target for _, target in arrows if target.component != component})
    return _mermaid(
        [
            f"subgraph {component}",
            *(f"  {box.drawn(box.label)}" for box in own),
            "end",
            *(box.drawn(f"{box.component}: {box.label}") for box in others),
            *(f"{one.id} --> {other.id}" for one, other in arrows),
        ]
    )


def _mermaid(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", "flowchart LR", *(f"  {line}" for line in lines), f"  {_DASHED}", "```", ""])


def _table(drawing: Drawing) -> str:
    rows = defaultdict[tuple[str, bool], list[Box]](list)
    for box in drawing.boxes:
        rows[box.kind, box.optional].append(box)
    lines = ["| type | how many | off by default | component |", "| --- | --- | --- | --- |"]
    for (kind, optional), boxes in sorted(rows.items()):
        where = ", ".join(sorted({box.component for box in boxes}))
        lines.append(f"| `{kind}` | {sum(len(box.names) for box in boxes)} | {'yes' if optional else ''} | {where} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(record_program(), record_complete()), encoding="utf-8")


if __name__ == "__main__":
    main()
