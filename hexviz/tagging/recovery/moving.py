"""The ops that data flows through, in the order they ran, each with a token of what it does.

What is static (constants, weights, shapes) is left out; it is put back where it is used once the
blocks are found. A token tells ops apart by their type, by how many of their operands move, and by
what their attributes make of them: a pointwise, a depthwise or another convolution, the axes of a
transposition. Sizes are not part of it: blocks of all stages of a network are alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.structure import Mask, Structure, mixed, structure_of

__all__ = ["Moving", "find_moving"]

_MULTIPLYING = ("Conv", "MatMul", "Gemm", "Attention", "LSTM", "GRU", "RNN", "Linear")
"""Parts of the names of types whose ops multiply by weights, also of those that tools fuse."""

_ACTIVATIONS = frozenset(
    {
        *("Relu", "LeakyRelu", "PRelu", "Clip", "Elu", "Celu", "Selu", "Tanh", "Softplus", "Mish"),
        *("Sigmoid", "HardSigmoid", "HardSwish", "Silu", "Gelu", "QuickGelu"),
    }
)
_SCALING = frozenset({"BatchNormalization", "Mul", "Add", "Sub", "Div"})
_PLAIN = frozenset(
    {
        *("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Split", "Slice", "Concat"),
        *("Identity", "Cast", "CastLike", "Expand", "Gather", "GatherElements", "GatherND"),
        *("SequenceAt", "SplitToSequence", "Add", "Sub", "Mul", "Div", "Neg", "Dropout", "Tile"),
        *("Pad", "Where", "MatMul", "FusedMatMul", "Softmax", "Constant", "Shape"),
    }
)
"""Layout and plain arithmetic: one such op beside a product is no block yet."""

_CONVOLUTIONS = ("Conv", "ConvTranspose", "FusedConv", "NhwcFusedConv")


class Moving(NamedTuple):
    """The moving ops of a graph; a *place* is a number in their order, a *cut* lies before a place.

    ``ops`` maps places to positions, and ``place_of`` back, -1 for static ops. By place:
    ``tokens``; ``types``, numbers of the ops' types; ``last``, the last place that uses what is
    made here; ``width``, the output channels of the weight that is read here, 0 if none is;
    ``multiplies``, by a weight; ``telling``, neither layout nor plain arithmetic; ``convolves``,
    ``normalises``, ``concatenates``; ``joined``, brings several moving values together or finishes
    what does; ``operands``, how many places are read, in ``reads`` from ``begins[place]`` on. By
    cut: ``glued``, whether what follows only finishes what the op before it made (its
    activation or normalisation). By position: ``reads_matrix``, whether an op reads a weight of two
    dimensions or more.
    """

    ops: Ints
    place_of: Ints
    tokens: Ints
    types: Ints
    last: Ints
    width: Ints
    multiplies: Mask
    telling: Mask
    convolves: Mask
    normalises: Mask
    concatenates: Mask
    joined: Mask
    operands: Ints
    begins: Ints
    reads: Ints
    glued: Mask
    reads_matrix: Mask


def find_moving(flat: FlatGraph) -> Moving:
    """The moving ops of a graph. Each body is a stretch of its own in their order."""
    structure = structure_of(flat)
    static = structure.static
    if static.all():
        static = np.zeros(structure.size, np.bool_)
    order = np.argsort(structure.stream_ranks, kind="stable")
    ops = order[~static[order]]
    size = len(ops)
    place_of = np.full(structure.size, -1, np.int64)
    place_of[ops] = np.arange(size)
    sources, targets = place_of[structure.sources], place_of[structure.targets]
    moves = (sources >= 0) & (targets >= 0)
    sources, targets = sources[moves], targets[moves]
    last = np.arange(size)
    np.maximum.at(last, sources, targets)
    operands = np.bincount(targets, minlength=size)
    by_target = np.lexsort((sources, targets))
    dims = _dims(flat, structure)
    reads_matrix = _reads_matrix(flat, structure, static, dims)
    multiplies = _named(structure, _MULTIPLYING) & _through_static(structure, static, reads_matrix)
    plain = structure.of_types(set(_PLAIN))
    joined = operands >= 2
    joined[1:] |= (
        joined[:-1] & ~_named(structure, _MULTIPLYING)[ops][1:] & (last[:-1] == np.arange(1, size))
    )
    return Moving(
        ops=ops,
        place_of=place_of,
        tokens=np.unique(_tokens(flat, structure, static)[ops], return_inverse=True)[1],
        types=structure.op_types[ops],
        last=last,
        width=_widths(structure, dims)[ops],
        multiplies=multiplies[ops],
        telling=(~plain & ~multiplies)[ops],
        convolves=_named(structure, ("Conv",))[ops],
        normalises=_named(structure, ("Norm",))[ops],
        concatenates=structure.of_types({"Concat"})[ops],
        joined=joined,
        operands=operands,
        begins=np.concatenate(([0], np.cumsum(operands))),
        reads=sources[by_target],
        glued=_glued(structure, ops, (sources, targets), last, multiplies[ops]),
        reads_matrix=reads_matrix,
    )


def _named(structure: Structure, parts: Iterable[str]) -> Mask:
    """Whether any of these is part of the name of an op's type."""
    wanted = [any(part in name for part in parts) for name in structure.type_names]
    found: Mask = np.array(wanted, np.bool_)[structure.op_types]
    return found


def _dims(flat: FlatGraph, structure: Structure) -> list[tuple[int, tuple[int, ...]]]:
    """The stored weights that ops read, by number of the value, and their dimensions."""
    values = flat.edge_columns.values
    found = []
    for number in np.unique(structure.read[structure.weights[structure.read]]).tolist():
        tensor = flat.tensors.get(values[number])
        if tensor is not None:
            found.append((number, tuple(tensor.dims)))
    return found


def _reads_matrix(
    flat: FlatGraph, structure: Structure, static: Mask, dims: list[tuple[int, tuple[int, ...]]]
) -> Mask:
    """Whether an op reads a weight of two dimensions or more, static ops also through others."""
    wide = np.zeros(len(structure.weights), np.bool_)
    wide[[number for number, size in dims if len(size) >= 2]] = True
    found = np.zeros(structure.size, np.bool_)
    np.logical_or.at(found, structure.readers, wide[structure.read])
    found |= structure.of_types({"ConstantOfShape"}) & static
    nodes = flat.columns.nodes
    for at in np.flatnonzero(structure.of_types({"Constant"})).tolist():
        found[at] = any(len(one.t.dims) >= 2 for one in nodes[at].attribute if one.name == "value")
    starts, sources = flat.links_up
    begin, feeding = starts.tolist(), sources.tolist()
    known = found.tolist()
    for at in np.flatnonzero(static & ~found).tolist():
        known[at] = any(known[one] for one in feeding[begin[at] : begin[at + 1]])
    return np.array(known, np.bool_)


def _through_static(structure: Structure, static: Mask, found: Mask) -> Mask:
    """What holds of ops or of the static ops that they read."""
    result = found.copy()
    pairs = static[structure.sources]
    np.logical_or.at(result, structure.targets[pairs], found[structure.sources[pairs]])
    return result


def _widths(structure: Structure, dims: list[tuple[int, tuple[int, ...]]]) -> Ints:
    """The output channels of the weight that each op reads: of its bias, if it has one."""
    sizes = np.zeros(len(structure.weights), np.int64)
    is_vector = np.zeros(len(structure.weights), np.bool_)
    for number, size in dims:
        if size:
            is_vector[number] = len(size) == 1
            # Of a convolution's weight the first are the output channels, of a matrix the last.
            width = size[0] if len(size) in (1, 3, 4, 5) else size[-1]
            sizes[number] = width if 1 < width < 1 << 62 else 0
    found = np.zeros(structure.size, np.int64)
    read = structure.read
    for vectors in (False, True):
        use = structure.weights[read] & (is_vector[read] == vectors) & (sizes[read] > 0)
        found[structure.readers[use]] = sizes[read[use]]
    return found


def _tokens(flat: FlatGraph, structure: Structure, static: Mask) -> npt.NDArray[np.uint64]:
    """A hash of what each op does, by position."""
    makers = structure.makers[structure.read]
    moves = np.where(
        makers >= 0, ~static[np.maximum(makers, 0)], ~structure.weights[structure.read]
    )
    moving = np.bincount(structure.readers[moves], minlength=structure.size)
    fixed = np.bincount(structure.readers[~moves], minlength=structure.size)
    kinds = structure.op_types * 64 + np.minimum(moving, 7) * 2 + (fixed > 0)
    details = np.zeros(structure.size, np.uint64)
    nodes = flat.columns.nodes
    axes: dict[tuple[int, ...], int] = {}
    for at in np.flatnonzero(structure.of_types({"Transpose"})).tolist():
        for one in nodes[at].attribute:
            if one.name == "perm":
                details[at] = 8 + axes.setdefault(tuple(one.ints), len(axes))
    for at in np.flatnonzero(structure.of_types(set(_CONVOLUTIONS))).tolist():
        grouped, pointwise = False, True
        for one in nodes[at].attribute:
            if one.name == "group":
                grouped = one.i > 1
            elif one.name == "kernel_shape":
                pointwise = all(size == 1 for size in one.ints)
        details[at] = 1 + 2 * grouped + pointwise
    return mixed(kinds.astype(np.uint64)) ^ mixed(details)


def _glued(
    structure: Structure, ops: Ints, links: tuple[Ints, Ints], last: Ints, multiplies: Mask
) -> Mask:
    """By cut whether it lies between an op and what only finishes what that made.

    That is an activation, a normalisation or a bias of what nothing else reads, or both parts of
    ``x · sigmoid(x)``.
    """
    sources, targets = links
    size = len(ops)
    users = np.bincount(sources, minlength=size)
    operands = np.bincount(targets, minlength=size)
    source = np.full(size, -1, np.int64)
    source[targets] = sources
    places = np.arange(size)
    follows = (operands == 1) & (source == places - 1)
    activates, scales = (structure.of_types(set(types))[ops] for types in (_ACTIVATIONS, _SCALING))
    users_before = np.concatenate(([0], users[:-1]))
    only = follows & (users_before == 1)
    scaled_before = np.concatenate(([False], (only & scales)[:-1]))
    multiplied_before = np.concatenate(([False], multiplies[:-1]))
    gated = follows & activates & (users_before == 2)
    gated &= np.concatenate(([0], last[:-1])) == places + 1
    product = structure.of_types({"Mul"})[ops] & (operands == 2)
    gated &= np.concatenate((product[1:], [False]))
    found = np.zeros(size + 1, np.bool_)
    found[:size] = (only & (activates | (scales & (multiplied_before | scaled_before)))) | gated
    found[1:] |= gated
    return found
