"""The ops of a graph in boxes in boxes, and the lines between them, as drawing tools want them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module

__all__ = ["Box", "Line", "carried_values", "lines_of_ends", "nested"]


class Box(NamedTuple):
    """A module on the way through a graph: its number, how deep it lies, and its ops in all."""

    number: int
    module: Module
    depth: int
    ops: int


class Line(NamedTuple):
    """A line between two things, each a letter and a number.

    ``o`` is the op at a position, ``i`` an input of the model, ``r`` one of its outputs.
    """

    source: str
    target: str
    values: Sequence[str]


def nested(graph: TaggedGraph) -> Iterator[Box | int | None]:
    """A box where one opens, the position of each op in it, ``None`` where the innermost closes.

    The root is no box: its ops come first. Modules without ops below them are left out.
    """
    own: list[list[int]] = [[] for _ in graph.modules]
    for at, number in enumerate(graph.columns.modules.tolist()):
        own[number].append(at)
    parents = graph.modules.columns.parents
    totals = np.array([len(ops) for ops in own], np.int64)
    for number in range(len(parents) - 1, 0, -1):  # those below a module come after it
        totals[parents[number]] += totals[number]
    around: list[int] = []
    yield from own[0]
    for number, module in enumerate(graph.modules):
        if not number or not totals[number]:
            continue
        while around and around[-1] != parents[number]:
            around.pop()
            yield None
        yield Box(number, module, len(around), int(totals[number]))
        around.append(number)
        yield from own[number]
    yield from (None for _ in around)


def carried_values(graph: TaggedGraph) -> dict[tuple[int, int], list[str]]:
    """Positions of two ops → the values that go from one to the other."""
    carried: dict[tuple[int, int], list[str]] = {}
    for edge in graph.edges:
        carried.setdefault((edge.source, edge.target), []).append(edge.value)
    return carried


def lines_of_ends(graph: TaggedGraph) -> Iterator[Line]:
    """The lines from the model's inputs, and those to its outputs."""
    given = {value.id: f"i{at}" for at, value in enumerate(graph.inputs)}
    for at, inputs in enumerate(graph.flat.columns.inputs if given else ()):
        for value in dict.fromkeys(inputs):
            if value in given:
                yield Line(given[value], f"o{at}", (value,))
    for at, result in enumerate(graph.outputs):
        maker = graph.flat.makers.get(result.id)
        source = given.get(result.id) if maker is None else f"o{maker}"
        if source is not None:
            yield Line(source, f"r{at}", (result.id,))
