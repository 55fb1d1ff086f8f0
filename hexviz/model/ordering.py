"""An order in which things can run, as close to the listed one as it can be.

::

    listed   a(x')  b(a)  c(b')  x'(x)  b'(b)          x' and b' stand after their readers
    ordered  x'  a  b  b'  c                           each right before the first that needs it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["CycleError", "execution_order", "is_ordered"]


class CycleError(ValueError):
    """Something needs itself; ``number`` is on the cycle."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} needs itself")
        self.number = number


def is_ordered(needs: Sequence[Sequence[int]]) -> bool:
    """Whether each comes after all that it needs."""
    return all(need < at for at, several in enumerate(needs) for need in several)


def execution_order(needs: Sequence[Sequence[int]]) -> list[int]:
    """All numbers, each after those that it needs; what is in order stays as it is. Linear.

    >>> execution_order([(), (3,), (1,), ()])
    [0, 3, 1, 2]

    Raises:
        CycleError: if there is no such order.
    """
    fresh, begun, done = 0, 1, 2
    state = bytearray(len(needs))
    order: list[int] = []
    for first in range(len(needs)):
        if state[first] != fresh:
            continue
        state[first] = begun
        stack: list[tuple[int, Iterator[int]]] = [(first, iter(needs[first]))]
        while stack:
            at, left = stack[-1]
            for need in left:
                if state[need] == begun:
                    raise CycleError(need)
                if state[need] == fresh:
                    state[need] = begun
                    stack.append((need, iter(needs[need])))
                    break
            else:
                state[at] = done
                order.append(at)
                stack.pop()
    return order
