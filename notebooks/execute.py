"""Execute the notebook from top to bottom, and keep it with its figures, and as a page; `make notebook` does it.

Both are kept below the home of the account on the laptop, so that the notebook in the repository stays without outputs. The page has its
figures and styles in it: it opens in a browser without a network.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

from flows.settings import load_settings

NOTEBOOK = Path(__file__).with_name("ibovespa.ipynb")
_CELL_TIMEOUT = 300  # seconds
_WITHOUT_NETWORK = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
"""
"""nbconvert's own page without what it loads from other machines: formulas, widgets and diagrams, which the notebook has not."""

_LOADS = re.compile(
    r"""(\b(src|href)=["']?|@import\s[^;]*?|url\(["']?|\bimport\b[^;<]{0,200}?["'])(https?:)?//[\w.-]+"""
)


def main() -> int:
    """Run it; a cell that fails is shown with its error, and is an exit code of 1."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    target = load_settings().home / "notebooks" / NOTEBOOK.name
    # Through sockets of this machine's files, which nobody else can listen to.
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc")
    folder = {"metadata": {"path": str(NOTEBOOK.parents[1])}}
    client = NotebookClient(notebook, km=kernel, timeout=_CELL_TIMEOUT, resources=folder)
    try:
        client.execute()
    except CellExecutionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    page = target.with_suffix(".html")
    content = as_page(notebook)
    if found := _LOADS.search(content):
        sys.stderr.write(f"{page} would load from the network: {found[0]}\n")
        return 1
    page.write_text(content, encoding="utf-8")
    figures = sum(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    sys.stdout.write(
        f"{len(notebook.cells)} cells, {figures} figures: {target}\nOpen it in a browser: {page.as_uri()}\n"
    )
    return 0


def as_page(notebook: nbformat.NotebookNode) -> str:
    """The notebook as a page that loads nothing."""
    exporter = HTMLExporter(raw_template=_WITHOUT_NETWORK, embed_images=True)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    page, _ = exporter.from_notebook_node(notebook)
    return str(page)


if __name__ == "__main__":
    sys.exit(main())
