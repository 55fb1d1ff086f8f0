"""Who makes a value, who reads it, and which values cross into a set of ops or out of it.

Edges tell only of values that go from one op to another. To them come the
values that are *handed in*: the model's inputs, which no op makes, and the
inputs of a body, which the If, Loop or Scan that owns the body makes::

    x ─┬─▶ a ──▶ b ──▶ y         of {b}:  a enters, y leaves
       └────────▶ c ──▶ z        of {c}:  x enters (no source), z leaves

Weights are nobody's output and do not cross.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.flat import Edge, FlatGraph
from hexviz.model.once import once

__all__ = ["Crossing", "Uses"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A value that crosses the border of a set of ops; ops are positions.

    ``source`` makes it, ``None`` if it is handed in. ``readers`` are the ops
    on the far side: those of the set for a value that enters, the others for
    one that leaves; none, if it leaves as an output of the model only.
    """

    value: str
    source: int | None
    readers: tuple[int, ...]


class Uses:
    """Lookups on a flat graph; each table is built when it is first needed, linear in the graph."""

    def __init__(self, flat: FlatGraph) -> None:
        self._flat = flat

    def producer(self, value_id: str) -> int | None:
        """The position of the op that makes a value; ``None`` for an input or a weight."""
        return self._producers.get(value_id)

    def owner(self, value_id: str) -> int | None:
        """The position of the op that fills in the formal input of one of its bodies."""
        return self._owners.get(value_id)

    def readers(self, value_id: str) -> tuple[int, ...]:
        """The positions of the ops that read a value, in order.

        What a body yields is read by the op that owns the body.
        """
        source = self.producer(value_id)
        if source is not None:
            return tuple(
                sorted(
                    after
                    for after in self._flat.successors[source]
                    if any(edge.value == value_id for edge in self._edges_into(after))
                )
            )
        if value_id in self._flat.weights:  # rarely asked for, and one may have every op as reader
            handed_on = self._flat.handed_on
            return tuple(
                at
                for at, op in enumerate(self._flat.ops)
                if value_id in op.inputs or value_id in handed_on.get(at, ())
            )
        return tuple(self._handed.get(value_id, ()))

    def entering(self, positions: Iterable[int]) -> tuple[Crossing, ...]:
        """The values that ops at these positions read and others make, most read first."""
        inside = self._mask(positions)
        return self._crossings(~inside[self._sources] & inside[self._targets], {})

    def leaving(self, positions: Iterable[int]) -> tuple[Crossing, ...]:
        """The values that ops at these positions make for others or for the model's caller."""
        inside = self._mask(positions)
        outputs = {
            value: source
            for value in self._flat.outputs
            if (source := self.producer(value)) is not None and inside[source]
        }
        return self._crossings(inside[self._sources] & ~inside[self._targets], outputs)

    def _mask(self, positions: Iterable[int]) -> npt.NDArray[np.bool_]:
        # The last stands for what is handed in, which comes from outside of every set.
        inside = np.zeros(len(self._flat.ops) + 1, bool)
        inside[np.fromiter(positions, np.int64)] = True
        return inside

    def _crossings(
        self, crosses: npt.NDArray[np.bool_], outputs: Mapping[str, int]
    ) -> tuple[Crossing, ...]:
        sources: dict[str, int] = dict(outputs)
        readers: dict[str, list[int]] = {value: [] for value in outputs}
        for at in np.flatnonzero(crosses):
            value = self._names[at]
            sources[value] = int(self._sources[at])
            readers.setdefault(value, []).append(int(self._targets[at]))
        nowhere = len(self._flat.ops)
        found = [
            Crossing(
                value,
                None if sources[value] == nowhere else sources[value],
                tuple(sorted(readers[value])),
            )
            for value in sources
        ]
        return tuple(sorted(found, key=lambda one: -len(one.readers)))

    def _edges_into(self, target: int) -> Iterator[Edge]:
        edges = self._flat.edges  # in the order of their targets
        at = bisect_left(edges, target, key=attrgetter("target"))
        while at < len(edges) and edges[at].target == target:
            yield edges[at]
            at += 1

    @once
    def _producers(self) -> Mapping[str, int]:
        return {value: at for at, op in enumerate(self._flat.ops) for value in op.outputs if value}

    @once
    def _handed(self) -> Mapping[str, list[int]]:
        """Value that is handed in → the positions that read it."""
        handed = self._flat.values.keys() - self._producers.keys() - self._flat.weights.keys()
        found: dict[str, list[int]] = {}
        handed_on = self._flat.handed_on
        for at, op in enumerate(self._flat.ops):
            read = (*op.inputs, *handed_on[at]) if at in handed_on else op.inputs
            if not handed.isdisjoint(read):
                for value in handed.intersection(read):
                    found.setdefault(value, []).append(at)
        return found

    @once
    def _sources(self) -> npt.NDArray[np.int64]:
        nowhere = len(self._flat.ops)
        owners = self._owners
        handed = [
            owners.get(value, nowhere) for value, readers in self._handed.items() for _ in readers
        ]
        made = np.fromiter(map(attrgetter("source"), self._flat.edges), np.int64)
        return np.concatenate([made, np.array(handed, np.int64)])

    @once
    def _targets(self) -> npt.NDArray[np.int64]:
        handed = [at for readers in self._handed.values() for at in readers]
        made = np.fromiter(map(attrgetter("target"), self._flat.edges), np.int64)
        return np.concatenate([made, np.array(handed, np.int64)])

    @once
    def _names(self) -> list[str]:
        handed = [value for value, readers in self._handed.items() for _ in readers]
        return [*map(attrgetter("value"), self._flat.edges), *handed]

    @once
    def _owners(self) -> Mapping[str, int]:
        """Input of a body → the position of the op that owns the body."""
        bodies = [body for body in self._flat.bodies if body.owner]
        if not bodies:
            return {}
        positions = {op.id: at for at, op in enumerate(self._flat.ops)}
        return {
            body.ids[value.name]: positions[body.owner]
            for body in bodies
            if isinstance(body.proto, onnx.GraphProto)
            for value in body.proto.input
        }
