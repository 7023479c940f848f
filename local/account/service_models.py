"""The descriptions of AWS's services that moto and boto3 read, half of which is documentation."""

from __future__ import annotations

from typing import Any

from botocore.loaders import JSONFileLoader, Loader


def load_leanly() -> None:
    """Let this process keep no word of the descriptions' documentation."""
    Loader.FILE_LOADER_CLASS = _LeanLoader


class _LeanLoader(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - JSON
        """What the file without the ending of its name holds; None where there is no such file."""
        # Each reader has its own: moto adds operations to those that it has read.
        return _undocumented(super().load_file(file_path))


def _undocumented(found: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(found, dict):
        # A member may be called so as well; what describes it is no text.
        return {
            name: "" if name == "documentation" and isinstance(value, str) else _undocumented(value)
            for name, value in found.items()
        }
    if isinstance(found, list):
        return [_undocumented(value) for value in found]
    return found
