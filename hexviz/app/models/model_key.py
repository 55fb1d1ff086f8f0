"""What a link says of a model: the digest of its content, and the name it goes by there.

::

    ?model=6b86b273…-bert.onnx         the content, as whoever made the link calls it
    ?model=6b86b273…                   a link of hexviz 0.1, or a correction: its digest alone

The name belongs to the link and not to the content: two people who send the same bytes
under two names both keep theirs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from hexviz.errors import SourceError

__all__ = ["PATTERN", "ModelKey", "label_of", "shown_name"]

_LONGEST = 120  # characters of a name
_UNUSUAL = re.compile(r"[^\w.\- ]")

PATTERN = rf"[0-9a-f]{{64}}(?:-[\w.\- ]{{1,{_LONGEST}}})?"
"""What every key matches."""


class ModelKey(NamedTuple):
    """The SHA-256 of a model's content, or of a correction, and a name, ``""`` if none is said."""

    digest: str
    name: str = ""

    @classmethod
    def of(cls, key: object) -> ModelKey:
        """A key as a link, or a browser, has it.

        Raises:
            SourceError: if it is none.
        """
        if not isinstance(key, str) or not re.fullmatch(PATTERN, key):
            raise SourceError("That is no link to a model: open one.")
        return cls(key[:64], key[65:])

    def __str__(self) -> str:
        return f"{self.digest}-{self.name}" if self.name else self.digest


def label_of(name: str) -> str:
    """What a stranger's file is called here, whatever it was called there.

    >>> label_of("../../<b>etc</b>/net 1.onnx")
    'net 1.onnx'
    """
    return _UNUSUAL.sub("_", Path(name).name)[:_LONGEST] or "upload.onnx"


def shown_name(path: Path) -> str:
    """What people call a file; a name that is no text cannot leave the server as it is."""
    return path.name if path.name.isprintable() else label_of(path.name)
