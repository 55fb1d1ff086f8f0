"""What was dropped on a window: where it lies, which the page does not learn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Drops"]

_LASTS = 30.0  # seconds in which the page asks for what was dropped on it


class Drops:
    """The files of the last drop. The page says a name; each file is given out once.

    So a script on the page can open what a person has just dropped on it, and nothing else.
    """

    def __init__(self, lasts: float = _LASTS) -> None:
        self._lasts = lasts
        self._lock = threading.Lock()
        self._paths: list[Path] = []
        self._since = 0.0

    def put(self, paths: Iterable[Path]) -> None:
        """A person dropped these; what was dropped before is forgotten."""
        with self._lock:
            self._paths = list(paths)
            self._since = time.monotonic()

    def take(self, name: str) -> Path | None:
        """The file of this name, if it was dropped a moment ago."""
        with self._lock:
            if time.monotonic() - self._since > self._lasts:
                self._paths = []
            found = next((path for path in self._paths if path.name == name), None)
            if found is not None:
                self._paths.remove(found)
            return found
