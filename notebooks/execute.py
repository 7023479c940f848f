"""Execute the notebook from top to bottom, and keep it with its figures; `make notebook` does it.

It is kept below the home of the account on the laptop, so that the notebook in the repository stays without outputs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from flows.settings import load_settings

NOTEBOOK = Path(__file__).with_name("ibovespa.ipynb")
_CELL_TIMEOUT = 300  # seconds; the first cell starts the account


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
    figures = sum(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    sys.stdout.write(f"{len(notebook.cells)} cells, {figures} figures: {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
