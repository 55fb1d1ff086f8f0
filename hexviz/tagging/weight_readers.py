"""Which ops compute with a weight: one op, one module again and again, or several modules.

A weight tells the module of the op that computes with it only where that is the
holder of the weight. Two ops on the two branches of one If are never run
together, so each of them is the only reader in its run::

    If(c)   then: Mul(x, sub.w2)     else: Div(x, sub.w2)      both are of sub

Where several ops compute with a weight, either one module is called several times,
or several modules held equal weights and a tool kept one of them::

    embeddings.word  LayerNorm(embeddings.norm.weight)  layer.0.query  …
    layer.0.output   LayerNorm(embeddings.norm.weight)  layer.1.query  …

The second LayerNorm ran between two modules of ``layer``, where
``embeddings.norm`` was not open. So a reader belongs to the holder of the
weight only if what is known before and after it allows that. Where the numbers
may be equal by chance, it also has to be the one reader that is next to
something of the holder's own surroundings: of several readers at most one is the
holder's, and the others are inherited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import numpy as np
import onnx
from onnx import numpy_helper

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance, category
from hexviz.tagging.bounds import Bounds, body_owners
from hexviz.tagging.order import order_of
from hexviz.tagging.places import Places
from hexviz.tagging.structure import structure_of

__all__ = ["Readers", "called_by_holder", "may_be_merged"]

_DEEPEST = 64
"""Bodies in bodies that are looked through for branches; files nest them a few deep."""

_MOST = 64
"""Readers of one weight of which it is worked out which can run together."""


class Readers:
    """The ops that compute with each weight of a graph.

    Layout ops (Transpose, Reshape) prepare a weight for its real reader and do
    not count; a Gather looks it up and does. Nor do ``calls`` of functions:
    ``passed`` maps an input of a function to the weight that it stands for,
    which is read by what reads that input.
    """

    def __init__(
        self,
        flat: FlatGraph,
        weights: Collection[str],
        passed: Mapping[str, str] = MappingProxyType({}),
        calls: Collection[int] = (),
    ) -> None:
        self._flat = flat
        self._passed = passed
        self._owners = body_owners(flat)
        self._readers: dict[str, list[int]] = {value: [] for value in weights}
        ops = flat.columns
        is_any = self._readers.keys().isdisjoint
        self.positions = [at for at, inputs in enumerate(ops.inputs) if not is_any(inputs)]
        """Of all ops that read a weight, also of those that do not count, in order."""
        for at in self.positions:
            read = [value for value in dict.fromkeys(ops.inputs[at]) if value in self._readers]
            if passed:
                read = list(dict.fromkeys([passed.get(value, value) for value in read]))
            if (
                at not in calls
                and category(ops.domains[at], ops.op_types[at], looks_up_weight=True) is None
            ):
                for value in read:
                    self._readers[value].append(at)

    def together(self, value: str, at: int) -> list[int]:
        """The positions of the readers of a weight that can run in one run with that at ``at``."""
        readers = self._readers[self._passed.get(value, value)]
        if len(readers) < 2 or not self._owners or len(readers) > _MOST:
            return readers
        mine = self._branches(at)
        return [one for one in readers if not _exclude(mine, self._branches(one))]

    def alone(self, value: str, at: int) -> bool:
        """Whether no other op that can run in one run with that at ``at`` computes with it."""
        together = self.together(value, at)
        return together == [at] or all(one == at for one in together)

    def of_one_kind(self, value: str, at: int) -> bool:
        """Whether all that compute with it do the same; a tied embedding is read in two ways."""
        together, op_types = self.together(value, at), self._flat.columns.op_types
        return len(together) < 2 or len({op_types[one] for one in together}) == 1

    def _branches(self, at: int) -> dict[int, str]:
        """The Ifs in whose branches an op lies → the path of that branch."""
        found: dict[int, str] = {}
        path = self._flat.ops[at].body
        for _ in range(_DEEPEST):
            owner = self._owners.get(path)
            if owner is None:
                break
            if self._flat.ops[owner].op_type == "If":
                found[owner] = path
            path = self._flat.ops[owner].body
        return found


def _exclude(one: Mapping[int, str], other: Mapping[int, str]) -> bool:
    return any(owner in other and other[owner] != path for owner, path in one.items())


def may_be_merged(tensor: onnx.TensorProto | None) -> bool:
    """Whether modules may have equal weights of this content by chance.

    Tools keep one of the initializers that hold the same bytes. Nobody trains or
    draws the same numbers twice, but every fresh normalisation has ones for
    weights and zeros for biases, and tables of positions are computed: what is
    uniform, whole numbers, or evenly spaced says nothing of whose it is. What
    cannot be read is judged by its rank: tables of two dimensions are drawn.
    """
    if tensor is None:
        return False
    if tensor.data_type not in _REAL:
        return True
    external = tensor.data_location == onnx.TensorProto.EXTERNAL
    if external or tensor.ByteSize() > _LARGEST:
        return len(tensor.dims) < 2
    try:
        content = numpy_helper.to_array(tensor).ravel()
    except (ValueError, TypeError):  # damaged: its data does not fit its dimensions
        return True
    content = content[:: max(1, content.size // _SAMPLE)].astype(np.float64)
    if content.size < _TELLING:
        return True
    steps = np.diff(content)
    spread = np.ptp(steps)
    return bool(not spread > 1e-6 * max(np.ptp(content), 1e-30))


_REAL = frozenset(
    {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.DOUBLE,
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.BFLOAT16,
    }
)

_TELLING = 3
"""Numbers from which on two modules do not hold the same ones by chance."""

_SAMPLE = 4096
"""Numbers of a weight that are looked at, about, evenly distributed over it."""

_LARGEST = 1 << 26
"""Bytes of a tensor up to which its content is looked at."""


def called_by_holder(
    flat: FlatGraph,
    declared: Mapping[int, Provenance],
    candidates: Mapping[int, tuple[str, str]],
    merged: Collection[str],
) -> list[int]:
    """The positions among ``candidates`` that belong to the holder of their weight.

    ``candidates`` maps a position to a weight's value id and the FQN of its holder,
    ``merged`` are the weights whose numbers may be equal by chance.
    """
    known = Places.of(declared, len(flat.columns.ids), structure_of(flat).paths)
    bounds = Bounds(flat, known, order_of(flat, known)[0])
    open_there = bounds.modules(np.fromiter(candidates, np.int64, len(candidates))).tolist()
    readers: dict[str, list[int]] = {}
    for (at, (value, holder)), module in zip(candidates.items(), open_there, strict=True):
        if names.is_within(holder, known.paths.names[module]):
            readers.setdefault(value, []).append(at)
    found: list[int] = []
    for value, positions in readers.items():
        if value in merged:
            found.extend(_nearest(bounds, positions, candidates[positions[0]][1]))
        else:
            found.extend(positions)
    return found


def _nearest(bounds: Bounds, positions: Iterable[int], holder: str) -> list[int]:
    """The one position that is nearer to the holder than all others, if there is one."""
    nearness = {at: _depth_shared(bounds.ends(at), holder) for at in positions}
    most = max(nearness.values())
    best = [at for at, depth in nearness.items() if depth == most]
    near = len(best) == 1 and most > _depth(bounds.module(best[0]))
    return best if near else []


def _depth_shared(ends: Iterable[str], holder: str) -> int:
    return max(_depth(names.common_ancestor(end, holder)) for end in ends)


def _depth(fqn: str) -> int:
    return fqn.count(".") + 1 if fqn else 0
