"""A bounded store of finished layouts, owned by whoever serves the page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["LayoutCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LayoutCache(Generic[K, V]):
    """Keeps the ``size`` most recently used entries; safe to share between threads."""

    def __init__(self, size: int = 512) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The entry, or ``None``."""
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep an entry, dropping the one that was not used for longest if there are too many."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty cache is still one: `cache or other` must not drop it
