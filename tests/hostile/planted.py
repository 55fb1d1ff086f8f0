"""Faults put into a child process on purpose, to see that the watch finds each of them.

What the file says decides which; any other file is opened as always.
"""

from __future__ import annotations

import os
from pathlib import Path

from hexviz.api import TaggedGraph
from hexviz.errors import ReadError
from tests.hostile import pipeline

FAULTS = ("crash", "hang", "hog", "wrong error", "no clear line")

_opened = pipeline.opened


def _planted(path: Path) -> TaggedGraph:
    match path.read_bytes():
        case b"crash":
            os.abort()
        case b"hang":
            while True:
                pass
        case b"hog":
            hoard: list[bytes] = []
            while True:
                hoard.append(b"x" * (1 << 24))
        case b"wrong error":
            raise KeyError("a name")
        case b"no clear line":
            error = ReadError("")
            error.args = ("two\nlines",)
            raise error
    return _opened(path)


def plant() -> None:
    """From now on, this process opens files by :func:`_planted`."""
    pipeline.opened = _planted
