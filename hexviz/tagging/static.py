"""Which ops are static: made of constants, weights and shapes alone, for whoever uses them."""

from __future__ import annotations

from types import MappingProxyType

from hexviz.model.flat import FlatGraph

__all__ = ["static_ops"]

_DATA_INPUTS = MappingProxyType({"Shape": 0, "Size": 0, "CastLike": 1})
"""How many leading inputs an op reads data from, where it reads only shape or type of the rest."""


def static_ops(flat: FlatGraph) -> frozenset[int]:
    """Ops that no data of the model's inputs reaches; its shapes and types may."""
    values = {"", *flat.weights}  # an omitted input is ""
    found: set[int] = set()
    for at in flat.order:
        op = flat.ops[at]
        kept = _DATA_INPUTS.get(op.op_type)
        # What the bodies of an If capture is no input of it, but a predecessor.
        captured = () if kept is not None else flat.predecessors[at]
        if values.issuperset(op.inputs[:kept]) and found.issuperset(captured):
            found.add(at)
            values.update(op.outputs)
    return frozenset(found)
