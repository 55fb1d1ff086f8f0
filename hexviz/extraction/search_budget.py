"""The time that one search may take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hexviz.errors import QueryError

__all__ = ["TOO_SLOW", "Budget"]

TOO_SLOW = "The search takes too long on this model: use fewer or simpler terms."

Item = TypeVar("Item")


class Budget:
    """The time that all of one request may take: a search made to be slow ends, not the server.

    It counts this thread's processor time, so that other requests take nothing from it.
    """

    def __init__(self, seconds: float = 1.5) -> None:
        self._end = time.thread_time() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left.

        Raises:
            QueryError: if none are.
        """
        left = self._end - time.thread_time()
        if left <= 0:
            raise QueryError(TOO_SLOW)
        return left

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, as long as there is time left.

        Raises:
            QueryError: once there is not.
        """
        for at, item in enumerate(items):
            if not at % 32:
                _ = self.left
            yield item

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, no time is counted."""
        start = time.thread_time()
        try:
            yield
        finally:
            self._end += time.thread_time() - start
