"""What Great Expectations imports and no gate uses: SciPy's statistics and Altair's charts, put off until somebody asks for
them, and Spark, SQLAlchemy and boto3, left out. With them it takes five seconds to import, without them less than two.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from threading import RLock
from types import ModuleType

_PUT_OFF = frozenset({"altair", "scipy.stats"})
_LEFT_OUT = frozenset({"boto3", "pyspark", "sqlalchemy"})
"""Great Expectations does without them where they are not installed."""

_loading = RLock()


class PutOffModule(ModuleType):
    """A module that is imported once something of it is asked for; `LazyLoader`'s also by whoever looks at its `__file__`."""

    def __getattr__(self, name: str) -> object:
        """What the module itself has of that name.

        Raises:
            AttributeError: it has nothing of that name.
        """
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(_imported(self), name)


def _imported(put_off: ModuleType) -> ModuleType:
    with _loading:
        found = sys.modules.get(put_off.__name__)
        if found and found is not put_off:
            return found
        assert put_off.__spec__
        spec = PathFinder.find_spec(put_off.__name__, put_off.__spec__.loader_state)
        assert spec
        assert spec.loader
        with ExitStack() as undo:
            undo.callback(sys.modules.__setitem__, put_off.__name__, put_off)
            module = sys.modules[put_off.__name__] = module_from_spec(spec)
            spec.loader.exec_module(module)
            undo.pop_all()
        return module


class _Putting(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return PutOffModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It is executed later."""


class _Finder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - Python's
    ) -> ModuleSpec | None:
        """The specification of what is put off; None of all else, which is found as ever.

        Raises:
            ModuleNotFoundError: it is left out.
        """
        if fullname not in _PUT_OFF | _LEFT_OUT or not _is_asked_by("great_expectations"):
            return None
        if fullname in _LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        known = PathFinder.find_spec(fullname, path)
        if known is None:
            return None
        spec = ModuleSpec(fullname, _Putting(), origin=known.origin, loader_state=path)
        spec.has_location = known.has_location
        spec.submodule_search_locations = known.submodule_search_locations
        return spec


def _is_asked_by(package: str) -> bool:
    """Whether one of the package's modules is what imports, itself or by others; other threads import what they like."""
    frame = sys._getframe()  # noqa: SLF001 - as `warnings` and `logging` find out who calls
    while frame.f_back:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package:
            return True
    return False


def put_off() -> None:
    """Have Great Expectations imported so from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
