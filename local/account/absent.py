"""Packages that are installed for others, and that a process does without."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib.abc import MetaPathFinder


def do_without(packages: Collection[str]) -> None:
    """Let imports of these packages find none, in this process from now on, as where they are not installed.

    A None in `sys.modules`, Python's own way, is no way for what Cython compiled: its `import` takes the None for the package.
    """
    sys.meta_path.insert(0, _Absent(frozenset(packages)))


@dataclass(frozen=True)
class _Absent(MetaPathFinder):
    packages: frozenset[str]

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in self.packages:
            raise ModuleNotFoundError(f"this process does without {fullname}", name=fullname)
