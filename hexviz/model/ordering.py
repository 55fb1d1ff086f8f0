"""An order in which ops can run, as close to the listed one as it can be.

::

    listed   a(x')  b(a)  c(b')  x'(x)  b'(b)          x' and b' stand after their readers
    ordered  x'  a  b  b'  c                           each right before the first that needs it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hexviz.errors import ReadError
from hexviz.model.columns import FlatColumns
from hexviz.model.flat import Body, Neighbours

__all__ = ["CycleError", "execution_order", "run_order"]


class CycleError(ValueError):
    """Something needs itself; ``number`` is on the cycle."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} needs itself")
        self.number = number


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


def run_order(
    ops: FlatColumns,
    bodies: Sequence[Body],
    owned: Mapping[int, Sequence[str]],
    predecessors: Neighbours,
) -> list[int]:
    """The positions of all ops in an order in which they can run; each body stays together.

    ``owned`` holds the paths of the bodies of an op, by its position.

    An op that reads a value of a body further out holds back, in that body, the
    op whose body it runs in::

        y = If(c) { then: t = Add(x, k) }      k is listed after y: k, t, y
        k = Neg(x)

    Raises:
        ReadError: if there is a cycle.
    """
    owner = {path: at for at, paths in owned.items() for path in paths}
    members: dict[str, list[int]] = {body.path: [] for body in bodies}
    for at, path in enumerate(ops.bodies):
        members[path].append(at)
    needs: dict[str, list[list[int]]] = {
        path: [[] for _ in inside] for path, inside in members.items()
    }
    calls: dict[str, set[str]] = {body.path: set() for body in bodies if not body.owner}
    levels: list[str] = []  # the bodies around, outermost first, and itself
    holders: list[int] = []  # the ops that own them
    depth: dict[str, int] = {}  # how far out each of them is
    for body in bodies:  # what is inside of one follows it
        own = owner.get(body.path, -1)
        while levels and (own < 0 or levels[-1] != ops.bodies[own]):
            del depth[levels.pop()]
            holders.pop()
        depth[body.path] = len(levels)
        levels.append(body.path)
        holders.append(own)
        for at in members[body.path]:
            for source in predecessors[at]:
                home = ops.bodies[source]
                if home not in depth:
                    # What its own bodies put out, or the result of a function.
                    root = home.partition("/")[0]
                    if root in calls and root != levels[0]:
                        calls[levels[0]].add(root)
                    continue
                level = depth[home]
                reader = at if home == body.path else holders[level + 1]
                needs[home][ops.numbers[reader]].append(ops.numbers[source])
    paths = [body.path for body in bodies if not body.owner]
    numbers = {path: at for at, path in enumerate(paths)}
    before = [[numbers[one] for one in calls[path]] for path in paths]
    try:
        first = [paths[at] for at in execution_order(before)]
    except CycleError as error:
        raise ReadError(
            f"The functions of the graph call each other without end ({paths[error.number]!r}), "
            "so no runtime can run it: export the model again."
        ) from error
    order: list[int] = []
    # The top graph comes last, whatever it calls.
    pending: list[str | int] = [*reversed([path for path in first if path] + [""])]
    while pending:
        one = pending.pop()
        if isinstance(one, int):
            order.append(one)
            continue
        inside = members[one]
        try:
            places = execution_order(needs[one])
        except CycleError as error:
            raise ReadError(
                f"The graph contains a cycle through op {ops.ids[inside[error.number]]!r}, so no "
                "runtime can run it: export the model again."
            ) from error
        for place in reversed(places):
            pending.append(inside[place])
            pending.extend(reversed(owned.get(inside[place], [])))
    return order
