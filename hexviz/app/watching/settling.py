"""When a file that is being written is finished, from nothing but how it looks again and again.

::

    same ──looks different──▶ writing ──quiet for a moment──▶ settled ──read──▶ same
      ▲                        ▲   │                             │
      │                        └───┼── looks different ──────────┤ cannot be read
      └── looks as before          └── missing for long ──▶ stuck ◀── nor after a while
          (deleted for a moment)

There is no signal for "finished": whoever writes may pause, and a file that is replaced is missing
for a moment. So a file that looks the same twice is tried; one that cannot be read then is waited
for, and tried once more before anybody is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from hexviz.app.models.kept_pictures import FileState

__all__ = ["PATIENCE", "QUIET", "Look", "Phase", "Settling", "look_at"]

QUIET = 0.2
"""Seconds for which a file looks the same before it is tried."""

PATIENCE = 3.0
"""Seconds after the last change after which a file is tried for the last time."""

Look = tuple[FileState | None, ...]
"""Some files as the system tells of them at a moment; ``None`` for one that is not there."""

Phase = Literal["same", "writing", "settled", "stuck"]


def look_at(paths: Iterable[Path]) -> Look:
    """How these files look now."""
    return tuple(_state(path) for path in paths)


def _state(path: Path) -> FileState | None:
    try:
        return FileState.of(path)
    except (OSError, RuntimeError):  # the latter of links in a circle
        return None


class Settling:
    """What to think of some files, look by look; ``known`` is how those look that are shown."""

    def __init__(self, known: Look | None = None) -> None:
        self._known = known
        self._seen: Look | None = None
        self._since = 0.0
        self._tries = 0

    def see(self, look: Look, now: float) -> Phase:
        """What a look at the files says, at a time in seconds.

        ``settled`` asks to read them: :meth:`accept` says that this could be done.
        """
        if look == self._known:
            self._seen = None
            return "same"
        if look != self._seen:
            self._seen, self._since, self._tries = look, now, 0
            return "writing"
        waited = now - self._since
        if None in look:
            return "writing" if waited < PATIENCE else "stuck"
        if waited >= (QUIET, PATIENCE)[min(self._tries, 1)] and self._tries < 2:
            self._tries += 1
            return "settled"
        return "writing" if self._tries < 2 else "stuck"

    def accept(self) -> None:
        """What was seen last has been read, and is what is shown from now on."""
        self._known, self._seen = self._seen, None
