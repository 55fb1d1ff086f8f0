"""Rows of columns as a sequence, each made when somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

__all__ = ["Rows"]

Row = TypeVar("Row")


class Rows(Sequence[Row]):
    """An immutable sequence that keeps none of its rows: each is made anew when it is looked at.

    ``one`` makes the row at a position from 0 to ``size - 1``, ``every`` all of them in order,
    which takes less than one at a time. Equal to any sequence of equal rows.
    """

    __slots__ = ("_every", "_one", "_size")

    def __init__(
        self, size: int, one: Callable[[int], Row], every: Callable[[], Iterator[Row]]
    ) -> None:
        self._size = size
        self._one = one
        self._every = every

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        places = range(self._size)[at]  # raises as a tuple would
        return self._one(places) if isinstance(places, int) else tuple(map(self._one, places))

    def __iter__(self) -> Iterator[Row]:
        return self._every()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]  # rows may hold what has none

    def __repr__(self) -> str:
        return repr(tuple(self))


def _equal(one: object, other: object) -> bool:
    return one == other
