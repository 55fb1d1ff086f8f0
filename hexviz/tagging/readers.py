"""Which ops compute with a weight: one op, one module again and again, or several modules.

A weight tells the module of the op that computes with it only where that is the
holder of the weight. Two ops on the two branches of one If are never run
together, so each of them is the only reader in its run::

    If(c)   then: Mul(x, sub.w2)     else: Div(x, sub.w2)      both are of sub
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

import numpy as np
import onnx
from onnx import numpy_helper

from hexviz.model.flat import FlatGraph
from hexviz.model.op import category
from hexviz.tagging.bounds import body_owners

__all__ = ["Readers", "may_be_merged"]

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
        for at, op in enumerate(flat.ops):
            read = [value for value in dict.fromkeys(op.inputs) if value in self._readers]
            if read and passed:
                read = list(dict.fromkeys([passed.get(value, value) for value in read]))
            if (
                read
                and at not in calls
                and category(op.domain, op.op_type, looks_up_weight=True) is None
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
        return all(one == at for one in self.together(value, at))

    def of_one_kind(self, value: str, at: int) -> bool:
        """Whether all that compute with it do the same; a tied embedding is read in two ways."""
        kinds = {self._flat.ops[one].op_type for one in self.together(value, at)}
        return len(kinds) <= 1

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
