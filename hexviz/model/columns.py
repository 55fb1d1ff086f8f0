"""Lists of texts, of tuples and of what repeats, as arrays that are read at once.

100,000 texts are one text with separators, tuples of numbers are one array and
their lengths, and what many ops share is a table and a number for each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Arrays", "coded", "ragged", "text", "to_ragged", "to_text"]

Arrays = dict[str, npt.NDArray[Any]]
"""Arrays by name, as numpy's ``.npz`` holds them."""

Kind = TypeVar("Kind", bound=Hashable)

_END = "\0"


def text(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Texts as bytes, each with its end.

    Raises:
        ValueError: if one of them holds the character that ends them.
    """
    joined = "".join([one + _END for one in texts])
    if joined.count(_END) != len(texts):
        raise ValueError("a text holds a NUL character")
    return np.frombuffer(joined.encode(), np.uint8)


def to_text(array: npt.NDArray[np.uint8]) -> list[str]:
    """The inverse of :func:`text`."""
    return array.tobytes().decode().split(_END)[:-1]


def ragged(rows: Iterable[Sequence[int]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Tuples of numbers: how long each is, and all of them one after the other."""
    listed = list(rows)
    lengths = np.fromiter(map(len, listed), np.int32, len(listed))
    numbers = np.fromiter((one for row in listed for one in row), np.int32, int(lengths.sum()))
    return lengths, numbers


def to_ragged(
    lengths: npt.NDArray[np.int32], numbers: npt.NDArray[np.int32], meaning: Sequence[Kind]
) -> list[tuple[Kind, ...]]:
    """The inverse of :func:`ragged`, each number replaced by what it stands for."""
    flat = [meaning[one] for one in numbers.tolist()]
    ends = list(accumulate(lengths.tolist()))
    return [tuple(flat[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def coded(kinds: Iterable[Kind]) -> tuple[npt.NDArray[np.int32], list[Kind]]:
    """A number for each, and what the numbers stand for."""
    codes: dict[Kind, int] = {}
    numbers = [codes.setdefault(kind, len(codes)) for kind in kinds]
    return np.array(numbers, np.int32), list(codes)
