"""Names from a model's file as text that every format can hold, and keys that stay apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

__all__ = ["Keys", "encoded", "legal", "shortened"]

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write (2.2, Characters), not even escaped."""

_PICTURES = 0x2400  # where Unicode has pictures of the control characters


def legal(text: str) -> str:
    """The text with what cannot be written shown: control characters as their pictures.

    >>> legal("a\\x00b\\tc\\ud800")
    'a␀b\\tc�'
    """
    if text.isascii() and text.isprintable():  # nearly always, and ten times as fast
        return text
    return _ILLEGAL.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    number = ord(found[0])
    return chr(_PICTURES + number) if number < 0x20 else "\ufffd"


def shortened(text: str, most: int = 300) -> str:
    """The text, without what is beyond ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


_AT_ONCE = 1024


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Many pieces of text as UTF-8, some at a time, so that nothing holds all of them."""
    left = iter(pieces)
    while some := list(islice(left, _AT_ONCE)):
        yield "".join(some).encode()


class Keys:
    """Keys for things of one file, each once: two names that are written alike get two keys.

    >>> keys = Keys()
    >>> keys.new("a\\x00"), keys.new("a\\x01"), keys.new("a␀")
    ('a␀', 'a␁', 'a␀~2')
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def new(self, name: str) -> str:
        """A key for one more thing."""
        key = legal(name)
        while (count := self._counts.get(key, 0) + 1) > 1:
            self._counts[key] = count
            key = f"{key}~{count}"  # which may be a name of the file, too
        self._counts[key] = 1
        return key
