"""Which stage an export is in, for progress bars and timings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

__all__ = ["Progress", "Stages"]

Progress = Callable[[str, float], None]
"""Called with a stage's name as it begins and the share of stages behind it, in 0..1."""


class Stages:
    """Walks through named stages in order, timing each and reporting its beginning.

    The fraction reported is the share of *stages* done, not of time: how long
    the rest takes is not known. A stage that never begins is simply skipped.
    """

    def __init__(self, names: Sequence[str], progress: Progress | None) -> None:
        self.timings: dict[str, float] = {}
        self._names = tuple(names)
        self._progress = progress
        self._current: str | None = None
        self._since = 0.0

    def enter(self, name: str) -> None:
        """End the current stage, if any, and begin ``name``; entering it twice changes nothing."""
        if name == self._current:
            return
        self._end()
        self._current = name
        if self._progress is not None:
            self._progress(name, self._names.index(name) / len(self._names))
        self._since = time.perf_counter()

    def finish(self) -> None:
        """End the last stage and report ``"done"``."""
        self._end()
        if self._progress is not None:
            self._progress("done", 1.0)

    def _end(self) -> None:
        if self._current is not None:
            spent = time.perf_counter() - self._since
            self.timings[self._current] = self.timings.get(self._current, 0.0) + spent
            self._current = None
