"""What the docs site does to the pages, which read as plain Markdown too.

- A page of the navigation that is not there is left out.
- A Mermaid diagram is drawn when the site is built, by Mermaid itself in a JavaScript engine: readers need no script.
- A page that would load anything from a network is refused.
- A link out of `docs/`, to a source file, is shown as that file's path: the site carries pages only.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

import mermaidx
from mkdocs.exceptions import PluginError

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["']?https?:[^"'> ]*|<link[^>]+href=["']?https?:[^"'> ]*"""
)
_DIAGRAM = re.compile(r"^```mermaid\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
_LOOK = {"theme": "neutral", "flowchart": {"htmlLabels": False, "wrappingWidth": 480}}
_OUT = re.compile(r"\[(?P<text>[^\]]+)\]\(\.\./(?P<path>[^)]+)\)")


def on_config(config: Any) -> Any:  # noqa: ANN401 - mkdocs's
    """Leave out what is not there."""
    config["nav"] = _present(config["nav"], Path(config["docs_dir"]))
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - mkdocs's
    """Draw diagrams, and show links to source files as their paths."""
    drawn = _DIAGRAM.sub(lambda found: _picture(found["source"]), markdown)
    return _OUT.sub(lambda found: _as_path(found["text"], found["path"]), drawn)


def on_post_page(output: str, page: Any, **_: Any) -> str:  # noqa: ANN401 - mkdocs's
    """Refuse what needs a network to be read.

    Raises:
        PluginError: the page loads something from elsewhere.
    """
    if found := _LOADED.search(output):
        raise PluginError(f"{page.file.src_path} loads from a network: {found[0]}")
    return output


@cache
def _picture(source: str) -> str:
    svg = mermaidx.render(source, config=_LOOK).svg()
    data = base64.b64encode(svg.encode()).decode()
    return f'<img class="diagram" alt="Diagram of what this section says" src="data:image/svg+xml;base64,{data}">'


def _present(items: list[Any], docs: Path) -> list[Any]:
    kept = []
    for item in items:
        if isinstance(item, str):
            kept += [item] if (docs / item).exists() else []
        else:
            ((title, below),) = item.items()
            kept.append({title: _present(below, docs)})
    return kept


def _as_path(text: str, path: str) -> str:
    plain = path.split("#", maxsplit=1)[0]
    return f"`{plain}`" if text.strip("`") in (plain, Path(plain).name) else f"{text} (`{plain}`)"
