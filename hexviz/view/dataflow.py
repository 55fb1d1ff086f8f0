"""What drawing needs of the values that ops exchange: of the file alone, whatever the tags.

The ends of edges are numbers: positions of ops, then the model's inputs, then its outputs::

    x ──▶ a ──▶ b ──▶ y         a 0, b 1, x 2, y 3;    edges 0→1 (of the ops), 2→0, 1→3

All edits of a file share one of these, and both placements of its auxiliary ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from hexviz.model.cached import cached_property
from hexviz.model.columns import EdgeColumns, Ints
from hexviz.model.flat import FlatGraph

__all__ = ["Bools", "Dataflow", "Links"]

Bools = npt.NDArray[np.bool_]

_SIZES = frozenset({"Shape", "Size"})


class Links:
    """Those on the other side of the edges at each position: ``others[starts[at]:starts[at + 1]]``.

    Where several values go the same way, it is there several times. Plain lists, as they are read
    one after the other.
    """

    def __init__(self, own: Ints, others: Ints, size: int) -> None:
        self.starts: list[int] = np.searchsorted(own, np.arange(size + 1)).tolist()
        self.others: list[int] = others.tolist()

    def of(self, at: int) -> list[int]:
        """The positions beside one."""
        return self.others[self.starts[at] : self.starts[at + 1]]


class Dataflow:
    """The edges of a graph, those of the model's inputs and outputs included, and what they tell.

    ``sources``, ``targets`` and ``numbers`` are the ends of the edges and the numbers of the values
    in ``values``. ``alive`` tells which ops depend on the model's inputs, other than through
    shapes. ``lone`` are the ops that read nothing that is worked out or given, and feed one op.
    """

    def __init__(self, flat: FlatGraph) -> None:
        self._flat = flat
        self.n_ops = len(flat.columns.ids)
        self.inputs = tuple([value for value in flat.inputs if value not in flat.weights])
        self.outputs = flat.outputs
        edges = flat.edge_columns
        numbers, values = _by_appearance(edges)
        ends, more = self._ends(values)
        self.values = (*values, *more)
        self.sources: Ints = np.concatenate([edges.sources, ends[:, 0]])
        self.targets: Ints = np.concatenate([edges.targets, ends[:, 1]])
        self.numbers: Ints = np.concatenate([numbers, ends[:, 2]])
        self.alive = self._alive()
        self.lone = self._lone()

    def _ends(self, values: Sequence[str]) -> tuple[Ints, list[str]]:
        """The edges of inputs and outputs, and their values beside those that ops exchange."""
        flat = self._flat
        given = {value: self.n_ops + at for at, value in enumerate(self.inputs)}
        left = {value: self.n_ops + len(given) + at for at, value in enumerate(self.outputs)}
        numbers = {value: at for at, value in enumerate(values) if value in left}
        n_known = len(values)
        more: dict[str, int] = {}

        def number(value: str) -> int:
            known = numbers.get(value)
            return known if known is not None else more.setdefault(value, n_known + len(more))

        reads, makes = flat.columns.inputs, flat.columns.outputs
        makers = {flat.makers[value] for value in left if value in flat.makers}
        found: list[tuple[int, int, int]] = []
        for at in sorted({*self._reading, *makers}):
            found += [
                (given[value], at, number(value)) for value in dict.fromkeys(reads[at])
                if value in given
            ]  # fmt: skip
            found += [(at, left[value], number(value)) for value in makes[at] if value in left]
        found += [
            (end, left[value], number(value)) for value, end in given.items() if value in left
        ]
        return np.array(found, np.int64).reshape(-1, 3), list(more)

    @cached_property
    def _reading(self) -> list[int]:
        """The positions of the ops that read inputs of the model."""
        apart = map(frozenset(self.inputs).isdisjoint, self._flat.columns.inputs)
        return [at for at, reads_none in enumerate(apart) if not reads_none]

    def _alive(self) -> Bools:
        sizes = np.array([one in _SIZES for one in self._flat.columns.op_types], np.bool_)
        alive = bytearray(self.n_ops)
        for at in self._reading:
            alive[at] = not sizes[at]
        edges = self._flat.edge_columns
        passes = ~sizes[edges.targets]
        # In the order of the targets, and positions are an order in which the ops can run.
        pairs = zip(edges.sources[passes].tolist(), edges.targets[passes].tolist(), strict=True)
        for source, target in pairs:
            if alive[source]:
                alive[target] = 1
        return np.frombuffer(alive, np.bool_)

    def _lone(self) -> Bools:
        edges = self._flat.edge_columns
        reads = np.zeros(self.n_ops, np.bool_)
        reads[edges.targets] = True
        reads[self._reading] = True
        first, last = self.ends_of_readers
        feeds = first == last
        leaving = self.sources[self.targets >= self.n_ops + len(self.inputs)]
        feeds[leaving[leaving < self.n_ops]] = False
        found: Bools = ~reads & feeds & (first >= 0)
        return found

    @cached_property
    def ends_of_readers(self) -> tuple[Ints, Ints]:
        """The first and the last reader of each op among the ops; -1 if it has none."""
        edges = self._flat.edge_columns
        last = np.full(self.n_ops, -1, np.int64)
        np.maximum.at(last, edges.sources, edges.targets)
        first = last.copy()
        np.minimum.at(first, edges.sources, edges.targets)
        return first, last

    @cached_property
    def readers(self) -> Links:
        """The ops that read what each op makes."""
        edges = self._flat.edge_columns
        order = np.argsort(edges.sources, kind="stable")
        return Links(edges.sources[order], edges.targets[order], self.n_ops)

    @cached_property
    def read(self) -> Links:
        """The ops that make what each op reads."""
        edges = self._flat.edge_columns
        return Links(edges.targets, edges.sources, self.n_ops)

    @cached_property
    def inputs_made_at(self) -> tuple[Ints, Ints]:
        """Of all inputs of all ops, as they list them, the positions of the ops that make them.

        -1 for what no op makes. Before it, how many inputs each op lists.
        """
        reads = self._flat.columns.inputs
        counts = np.fromiter(map(len, reads), np.int64, self.n_ops)
        values = [value for several in reads for value in several]
        makers = map(self._flat.makers.get, values, repeat(-1))
        return counts, np.fromiter(makers, np.int64, len(values))


def _by_appearance(edges: EdgeColumns) -> tuple[Ints, list[str]]:
    """The numbers of the values of edges in the order in which they appear, and these values."""
    first = np.full(len(edges.values), len(edges.numbers))
    np.minimum.at(first, edges.numbers, np.arange(len(edges.numbers)))
    used = np.flatnonzero(first < len(edges.numbers))
    used = used[np.argsort(first[used])]
    numbers = np.empty(len(edges.values), np.int64)
    numbers[used] = np.arange(len(used))
    return numbers[edges.numbers], [edges.values[at] for at in used.tolist()]
