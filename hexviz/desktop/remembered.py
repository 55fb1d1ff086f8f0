"""How the window was left: its size and place, the folder of dialogs, the look of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hexviz.cache import Cache
from hexviz.errors import WriteError
from hexviz.model.files import write_atomically

__all__ = ["SMALLEST", "Remembered", "Screen", "is_look", "load", "save"]

_FOLDER = "desktop"
_FILE = "window.json"

SMALLEST = (480, 320)
"""Pixels that a window has at least."""
_GRIP = 80  # pixels of a window's upper edge that have to be in sight to move it by

_LOOK = re.compile(r"[\w=&.-]{0,200}", re.ASCII)


class Screen(NamedTuple):
    """Where a screen lies among the others, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Remembered(msgspec.Struct, frozen=True):
    """What the next window begins with. Sizes are in pixels, without what the desktop adds."""

    width: int = 1280
    height: int = 840
    x: int | None = None
    """Left edge; ``None`` lets the desktop choose."""
    y: int | None = None
    is_maximized: bool = False
    folder: str = ""
    """Where the last dialog ended."""
    look: str = ""
    """The page's own cookie: theme, and widths of panels."""

    def on(self, screens: Iterable[Screen]) -> Remembered:
        """The same in sight: a screen may be gone, or smaller than it was.

        >>> Remembered(4000, 700, 5000, 0).on([Screen(0, 0, 1920, 1080)]).width
        1920
        """
        known = list(screens)
        if not known:
            return self
        x, y = self.x, self.y
        home = next((one for one in known if self._is_held_by(one)), None)
        if home is None:
            home, x, y = known[0], None, None
        width = max(SMALLEST[0], min(self.width, home.width))
        height = max(SMALLEST[1], min(self.height, home.height))
        return self.but(width=width, height=height, x=x, y=y)

    def but(self, **changes: Any) -> Remembered:
        """The same with some of it changed."""
        return msgspec.structs.replace(self, **changes)

    def _is_held_by(self, screen: Screen) -> bool:
        """Whether so much of the window's upper edge is on a screen that it can be moved."""
        if self.x is None or self.y is None:
            return False
        left, right = max(self.x, screen.x), min(self.x + self.width, screen.x + screen.width)
        return right - left >= _GRIP and screen.y <= self.y <= screen.y + screen.height - _GRIP


def is_look(cookie: str) -> bool:
    """Whether a text can be the page's cookie; the page's scripts may write any."""
    return _LOOK.fullmatch(cookie) is not None


def load(cache: Cache) -> Remembered:
    """What is on record; what cannot be read counts as forgotten.

    Raises:
        WriteError: if there is no cache folder and none can be made.
    """
    try:
        content = (cache.folder(_FOLDER) / _FILE).read_bytes()
        found = msgspec.json.decode(content, type=Remembered)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return Remembered()
    return found if is_look(found.look) else found.but(look="")


def save(cache: Cache, remembered: Remembered) -> None:
    """Keep it; where nothing can be written, the next window begins as the first did."""
    try:
        path: Path = cache.folder(_FOLDER) / _FILE
        write_atomically(path, [msgspec.json.encode(remembered)], private=True)
    except WriteError:
        return
