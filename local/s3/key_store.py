"""A bucket's versions by key, as moto keeps them, with its keys in order: a listing costs what it shows, not what there is.

moto looks at every key of the bucket for each page of a listing, and sorts those below the prefix. Ten years of sessions are
200,000 files, and each session that is published lists its own several times.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.account.moto_inside import FakeDeleteMarker, VersionedKeyStore

if TYPE_CHECKING:
    from collections.abc import Iterator

_AFTER_ALL = "\U0010ffff"


class KeyStore(VersionedKeyStore):  # type: ignore[misc]
    """moto's model of a bucket's keys; the overridden methods are those by which a key comes or goes."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._lock = threading.Lock()

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - moto's
        """One more version of the key."""
        self._note(key)
        super().__setitem__(key, value)

    def setlist(self, key: str, list_: Any) -> None:  # noqa: ANN401 - moto's
        """All versions of the key."""
        self._note(key)
        super().setlist(key, list_)

    def pop(self, key: str) -> None:
        """The key is gone."""
        super().pop(key)
        with self._lock:
            place = bisect_left(self._names, key)
            if self._names[place : place + 1] == [key]:
                del self._names[place]

    def names(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys below the prefix, in order, from the one after `after` on."""
        with self._lock:
            begin = max(bisect_left(self._names, prefix), bisect_right(self._names, after) if after else 0)
            end = bisect_left(self._names, prefix + _AFTER_ALL) if prefix else len(self._names)
            return iter(self._names[begin:end])

    def shown(self, prefix: str, after: str = "", most: int | None = None) -> VersionedKeyStore:
        """The keys of `names` that a listing shows, with their versions, up to `most` of them."""
        found = VersionedKeyStore()
        current = ((name, self.get(name)) for name in self.names(prefix, after))
        visible = ((name, key) for name, key in current if key is not None and not isinstance(key, FakeDeleteMarker))
        for name, key in islice(visible, most):
            found[name] = key
        return found

    def _note(self, key: str) -> None:
        with self._lock:
            if key not in self:
                insort(self._names, key)
