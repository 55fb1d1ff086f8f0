"""Whose each weight is, what it takes, and which of them are parameters.

A weight that several modules use is stored once: it counts once in every total that contains it,
and belongs to its first owner: the first in the tree of those that may hold it::

    wte.weight   Gather in wte, MatMul in lm_head     own of wte, in the totals of both and the root

Which stored numbers are parameters, and which buffers or constants, only PyTorch knows. Where the
file keeps its count for each module, that is what counts.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import onnx

from hexviz.measure.costs.copies import copies_of
from hexviz.measure.costs.runs import Ran
from hexviz.measure.costs.shapes import Tensor, bytes_of
from hexviz.model import fqn as names
from hexviz.model.attributes import plain_value
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleTree
from hexviz.model.tensors import tensor_elements
from hexviz.tagging.module_sources import owners_of_weights

__all__ = ["Weight", "own_parameters", "total_of_weights", "weights_of"]


class Weight(NamedTuple):
    """A stored tensor.

    ``elements`` counts it as a parameter, 0 for what can be none. ``nbytes`` is what it takes, with
    its data, also where that was left out of the file. ``owner`` is its first owner, ``used`` are
    all modules that own or read it, and ``is_named`` says that it has a module's name. ``reader``
    is the position of the first op that reads it, or that holds it (Constant), in the tagged graph;
    ``None`` if none does. ``sharers`` are modules that hold the same parameter as a copy, which
    has no elements of its own.
    """

    elements: int
    nbytes: int | None
    owner: str
    used: tuple[str, ...]
    reader: int | None
    is_named: bool = False
    sharers: tuple[str, ...] = ()


_BUFFERS: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "BatchNormalization": frozenset({3, 4}),
        "ConvInteger": frozenset({2, 3}),
        "DequantizeLinear": frozenset({1, 2}),
        "DynamicQuantizeMatMul": frozenset({2, 3}),
        "GatherBlockQuantized": frozenset({1, 2, 3}),
        "MatMulBnb4": frozenset({2}),
        "MatMulInteger": frozenset({2, 3}),
        "MatMulIntegerToFloat": frozenset({2, 3, 4, 5}),
        "MatMulNBits": frozenset({2, 3, 4}),
        "QAttention": frozenset({3, 4, 6, 7}),
        "QGemm": frozenset({1, 2, 4, 5, 7, 8}),
        "QLinearConv": frozenset({1, 2, 4, 5, 6, 7}),
        "QLinearMatMul": frozenset({1, 2, 4, 5, 6, 7}),
        "QuantizeLinear": frozenset({1, 2}),
    }
)
"""Op type → inputs that are running statistics, scales or zero points."""

_QUANTISED: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "ConvInteger": frozenset({1}),
        "DequantizeLinear": frozenset({0}),
        "DynamicQuantizeLSTM": frozenset({1, 2}),
        "DynamicQuantizeMatMul": frozenset({1}),
        "GatherBlockQuantized": frozenset({0}),
        "MatMulBnb4": frozenset({1}),
        "MatMulInteger": frozenset({1}),
        "MatMulIntegerToFloat": frozenset({1}),
        "MatMulNBits": frozenset({1}),
        "QAttention": frozenset({1}),
        "QGemm": frozenset({3, 6}),
        "QLinearConv": frozenset({3, 8}),
        "QLinearMatMul": frozenset({3}),
    }
)
"""Op type → inputs that are weights as whole numbers."""

_STATES: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "DynamicQuantizeLSTM": frozenset({5, 6}),
        "GRU": frozenset({5}),
        "LSTM": frozenset({5, 6}),
        "RNN": frozenset({5}),
    }
)
"""Op type → inputs that are the state to begin with: a constant, unless a module names it."""

_RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)
_WITH_BODIES = frozenset({"If", "Loop", "Scan", "SequenceMap"})

_PACKED = frozenset({"MatMulBnb4", "MatMulNBits"})
"""Op types that hold several elements of a weight in each byte; K and N tell how many they are."""

_REAL = frozenset(
    {
        onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16,
        onnx.TensorProto.BFLOAT16, onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128,
    }
)  # fmt: skip


def weights_of(
    graph: TaggedGraph, ran: Ran, tensors: Mapping[str, Tensor | None]
) -> tuple[list[Weight], frozenset[str]]:
    """All weights, and the values that are made of nothing but weights.

    Those are made once, before the first run: they are no activations.
    """
    named = {
        value: owner
        for value, owner in owners_of_weights(graph.flat).items()
        if owner in graph.modules
    }
    sparse = {one.values.name: one for one in graph.proto.graph.sparse_initializer}
    alias: dict[str, str] = {value: value for value in ran.tensors}
    reads: dict[str, list[tuple[int, int]]] = {value: [] for value in ran.tensors}
    found: list[Weight] = []
    constants: set[str] = set()
    for at, op in enumerate(ran.flat.ops):
        if op.op_type == "Constant" and not op.domain:
            constants.update(op.outputs)
            origin, home = ran.origins[at], ran.modules[at]
            nbytes = bytes_of(tensors.get(op.outputs[0])) if op.outputs else 0
            found.append(Weight(0, nbytes, home, (home,), origin))
        elif op.op_type == "Identity" and op.inputs[:1] and op.inputs[0] in alias and op.outputs:
            alias[op.outputs[0]] = alias[op.inputs[0]]
            constants.add(op.outputs[0])
        else:
            for place, value in enumerate(op.inputs):
                if value in alias:
                    reads[alias[value]].append((at, place))
            read = [value for value in op.inputs if value]
            is_fixed = all(value in constants or value in alias for value in read)
            if read and is_fixed and op.op_type not in _RANDOM and op.op_type not in _WITH_BODIES:
                constants.update(op.outputs)
    homes = {
        value: [*dict.fromkeys(ran.modules[at] for at, _ in ats)] for value, ats in reads.items()
    }
    counted = {
        value: _elements(tensor, [(ran, *one) for one in reads[value]], named.get(value))
        for value, tensor in ran.tensors.items()
    }
    copies = copies_of(
        {value: tensor for value, tensor in ran.tensors.items() if counted[value]},
        named,
        homes,
        lambda tensor: tensor_elements(tensor, base_dir=graph.base_dir),
    )
    sharers: dict[str, list[str]] = {}
    for copy, original in copies.items():
        sharers.setdefault(original, []).extend(homes[copy])
    places = {module.fqn: at for at, module in enumerate(graph.modules)}
    top_ids = set(ran.flat.ids.values())
    for value, tensor in ran.tensors.items():
        named_owner = named.get(value)
        modules = dict.fromkeys(homes[value])
        owner = _first_owner(
            graph.modules, named_owner, modules, max(0, math.prod(tensor.dims)), places
        )
        modules = {owner: None} | modules
        first = next(iter(reads[value]), None)
        stored = sparse.get(ran.flat.values[value]) if value in top_ids else None
        found.append(
            Weight(
                elements=0 if value in copies else counted[value],
                nbytes=_nbytes(tensor) if stored is None else _nbytes_sparse(stored),
                owner=owner,
                used=tuple(modules),
                reader=None if first is None else ran.origins[first[0]],
                is_named=named_owner is not None,
                sharers=tuple(sharers.get(value, ())),
            )
        )
    return found, frozenset(constants)


def _first_owner(
    tree: ModuleTree,
    named: str | None,
    readers: Iterable[str],
    count: int,
    places: Mapping[str, int],
) -> str:
    """The module that comes first in the tree, of the one it is named for and those that hold it.

    A reader holds a weight if it has no modules below, and as many parameters at least.
    """
    if named is None:
        return next(iter(readers), "")
    holders = [
        fqn
        for fqn in readers
        if fqn in tree and not tree[fqn].children and (tree[fqn].parameters or 0) >= count
    ]
    return min([named, *holders], key=places.__getitem__)


def _elements(
    tensor: onnx.TensorProto, reads: Sequence[tuple[Ran, int, int]], owner: str | None
) -> int:
    count = max(0, math.prod(tensor.dims))
    uses = [(ran.flat.ops[at], place) for ran, at, place in reads]
    if tensor.data_type not in _REAL:
        for op, place in uses:
            if place in _QUANTISED.get(op.op_type, ()):
                return _unpacked(op.node, count)
        return 0
    if uses and all(place in _BUFFERS.get(op.op_type, ()) for op, place in uses):
        return 0
    if owner is None and uses and all(place in _STATES.get(op.op_type, ()) for op, place in uses):
        return 0
    # A number that no module owns is an epsilon, or a scale.
    return count if owner is not None or (tensor.dims and count > 1) else 0


def _unpacked(node: onnx.NodeProto, count: int) -> int:
    if node.op_type not in _PACKED:
        return count
    sizes = {one.name: plain_value(one) for one in node.attribute}
    rows, columns = sizes.get("K"), sizes.get("N")
    return rows * columns if isinstance(rows, int) and isinstance(columns, int) else count


def _nbytes(tensor: onnx.TensorProto) -> int | None:
    if tensor.data_type == onnx.TensorProto.STRING:
        return sum(len(text) for text in tensor.string_data)
    return bytes_of(Tensor(tensor.data_type, tuple(max(0, dim) for dim in tensor.dims)))


def _nbytes_sparse(stored: onnx.SparseTensorProto) -> int | None:
    """Values and indices: what the file stores."""
    values, indices = _nbytes(stored.values), _nbytes(stored.indices)
    return None if values is None or indices is None else values + indices


def total_of_weights(
    tree: ModuleTree,
    weights: Iterable[Weight],
    figures: Iterable[int | None],
    *,
    shared: bool = False,
) -> dict[str, int | None]:
    """FQN → the sum over all weights that it or a module below uses, each once.

    With ``shared`` a module that holds a copy uses the weight that it is a copy of.
    """
    found: dict[str, int | None] = {module.fqn: 0 for module in tree}
    for weight, figure in zip(weights, figures, strict=True):
        around: set[str] = {""}
        for fqn in (*weight.used, *weight.sharers) if shared else weight.used:
            above: str | None = fqn if fqn in tree else tree.nearest(fqn)
            while above is not None and above not in around:
                around.add(above)
                above = tree[above].parent
        for fqn in around:
            known = found[fqn]
            found[fqn] = None if known is None or figure is None else known + figure
    return found


def own_parameters(tree: ModuleTree, weights: Iterable[Weight]) -> dict[str, int | None]:
    """FQN → the parameters that first belong to the module itself, from PyTorch's totals.

    A module's total is its own and what is below; what several modules below share is in each of
    their totals, and only once in that::

        root 100 = own + transformer 100 + lm_head 40 − 40 shared        own of the root: 0
                                                                         own of lm_head: 0

    What is shared is told by modules that have several names. Where a total is still too small, a
    weight that several modules read, a module of which no weight has the name, or a count that
    several modules have, may explain exactly what is missing. ``None`` where nothing does.
    """
    below: dict[str, int] = {}
    for module in tree:
        if module.parent is not None:
            below[module.parent] = below.get(module.parent, 0) + (module.parameters or 0)
    found: dict[str, int | None] = {
        module.fqn: None
        if module.parameters is None
        else module.parameters - below.get(module.fqn, 0)
        for module in tree
    }
    for module in tree:
        known = module.parent is not None and tree[module.parent].same_as
        if module.same_as and module.parameters and not known:
            _add(found, _meeting(tree, module.fqn, module.same_as), module.parameters)
    found.update((module.fqn, 0) for module in tree if module.same_as)
    copies = list(_copies(tree, weights))
    named = {weight.owner for weight in weights if weight.is_named}
    for module in reversed([*tree]):
        lack = -(found[module.fqn] or 0)
        if lack > 0:
            later = _explained(tree, found, module.fqn, lack, copies, named)
            found[module.fqn] = None if later is None else 0
            for fqn, count in later or ():
                _add(found, fqn, -count)
    return found


def _add(found: dict[str, int | None], fqn: str, count: int) -> None:
    known = found[fqn]
    found[fqn] = None if known is None else known + count


def _meeting(tree: ModuleTree, one: str, other: str) -> str:
    """The deepest module of the tree that holds both."""
    return tree.nearest(names.common_ancestor(one, other))


Copy = tuple[str, int, str]
"""A module that reads a weight after its owner, the size, and the module that holds both."""


def _copies(tree: ModuleTree, weights: Iterable[Weight]) -> Iterator[Copy]:
    for weight in weights:
        for fqn in weight.used if weight.elements else ():
            held = tree[fqn].parameters if fqn in tree else None
            if fqn != weight.owner and held is not None and held >= weight.elements:
                yield fqn, weight.elements, _meeting(tree, fqn, weight.owner)


def _explained(
    tree: ModuleTree,
    found: Mapping[str, int | None],
    fqn: str,
    lack: int,
    copies: Iterable[Copy],
    named: Collection[str],
) -> list[tuple[str, int]] | None:
    """The later holders of what is shared below a module, each with as many as it shares."""
    here = [
        (holder, count)
        for holder, count, around in copies
        if around == fqn and (found[holder] or 0) >= count
    ]
    for size in dict.fromkeys(count for _, count in here):
        chosen = [(holder, count) for holder, count in here if count == size]
        if size * len(chosen) == lack:
            return chosen
    if here and sum(count for _, count in here) == lack:
        return here
    below = [
        holder
        for holder in found
        if holder != fqn and names.is_within(holder, fqn) and not tree[holder].children
    ]
    # A copy that was transposed beforehand has no name: one module without any may be its holder.
    nameless = [holder for holder in below if found[holder] == lack and holder not in named]
    if len(nameless) == 1:
        return [(nameless[0], lack)]
    by_count: dict[int, list[str]] = {}
    for holder in below:
        if own := found[holder]:
            by_count.setdefault(own, []).append(holder)
    chosen_counts = [
        count for count, holders in by_count.items() if count * (len(holders) - 1) == lack
    ]
    if len(chosen_counts) != 1:
        return None
    count = chosen_counts[0]
    return [(holder, count) for holder in by_count[count][1:]]
