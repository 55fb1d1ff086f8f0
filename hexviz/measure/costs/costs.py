"""What a model costs, by op and by module: parameters, weight bytes, MACs, FLOPs, activations.

::

    costs   sizes ─▶ shapes ─▶ formulas ─▶ × how often it runs ─▶ sums by module ─▶ totals

A figure that nothing tells is ``None``, and so is a sum over one: what is known of it is beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import onnx

from hexviz.measure.costs.formulas import Call, Work, work
from hexviz.measure.costs.memory import alive_at, bytes_of_values
from hexviz.measure.costs.runs import Ran, times, times_run, write_out
from hexviz.measure.costs.shapes import (
    Dims,
    Tensor,
    open_dimensions,
    set_sizes,
    tensors_of,
    usual_sizes,
)
from hexviz.measure.costs.weights import Weight, own_parameters, total_of_weights, weights_of
from hexviz.measure.sums import sums_by_module, totals
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph

__all__ = ["Cost", "Costs", "ModuleCost", "costs", "default_sizes"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What an op, a module or a model costs in one run; ``None`` where nothing tells.

    ``parameters`` counts elements, ``weight_bytes`` what all stored numbers take, buffers and
    constants too. ``macs`` are multiply-accumulates of products of matrices and convolutions,
    ``flops`` two for each and the operations of all others. ``activation_bytes`` are those of all
    values that are made, ``peak_bytes`` the most that is alive while one of the ops runs. Of a sum
    that is ``None``, ``known_macs``, ``known_flops`` and ``known_activation_bytes`` are what is
    known of it, and ``unknown`` is the number of ops whose MACs are not.
    """

    parameters: int | None
    weight_bytes: int | None
    macs: int | None
    flops: int | None
    activation_bytes: int | None
    peak_bytes: int | None
    unknown: int
    known_macs: int
    known_flops: int
    known_activation_bytes: int


class ModuleCost(NamedTuple):
    """A module's own ops, and all with those of the modules below."""

    own: Cost
    total: Cost


@dataclass(frozen=True, slots=True)
class Costs:
    """What a model costs.

    ``modules`` maps every FQN to its costs, ``ops`` are those of each op by its position in the
    graph's ``ops``. ``symbols`` maps every open dimension to the size that it was given.
    ``parameters_from`` is ``modules`` where the file keeps PyTorch's count, ``weights`` where the
    numbers are counted that ops use as weights.
    """

    model: Cost
    modules: Mapping[str, ModuleCost]
    ops: tuple[Cost, ...]
    symbols: Mapping[str, int | None]
    parameters_from: str

    @property
    def peak_bytes(self) -> int | None:
        """The most bytes that are alive at once; ``None`` if a size is unknown."""
        return self.model.peak_bytes

    def module_dict(self, fqn: str) -> dict[str, int | None]:
        """A module's own costs by name, and its totals as ``total_…``."""
        own, total = self.modules[fqn]
        return asdict(own) | {f"total_{name}": figure for name, figure in asdict(total).items()}

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types: ``costs``, ``modules`` by FQN, ``ops`` by position."""
        return {
            "costs": self.model_dict(),
            "modules": {fqn: self.module_dict(fqn) for fqn in self.modules},
            "ops": [asdict(one) for one in self.ops],
        }

    def model_dict(self) -> dict[str, Any]:
        """The model's costs by name, with the ``symbols`` that they are for."""
        return asdict(self.model) | {
            "symbols": dict(self.symbols),
            "parameters_from": self.parameters_from,
        }


def costs(graph: TaggedGraph, *, symbols: Mapping[str, int] | None = None) -> Costs:
    """What a graph costs, with sizes for its open dimensions (``{"batch": 1, "seq": 128}``).

    The ops of a function count for each call, those of a Loop or Scan for each turn, and of an If
    those of the dearer branch. What depends on a size that is not given is ``None``.

    Raises:
        MeasureError: if the model has no such open dimension, or a size is none.
    """
    given = dict(symbols or {})
    with collector_paused():
        known = open_dimensions(graph.proto, _given_inputs(graph), given)
        ran = write_out(graph)
        set_sizes(ran.proto, given)
        tensors = _with_weights(tensors_of(ran.proto, ran.flat), ran)
        weights, named_again = weights_of(graph, ran, tensors)
        sizes = bytes_of_values(ran, tensors)
        sums = _sums(ran, tensors, sizes, named_again | ran.tensors.keys())
        modules = _by_module(graph, ran, sums, weights)
        return Costs(
            model=modules[""].total,
            modules=modules,
            ops=_by_op(graph, ran, sums, weights),
            symbols=known,
            parameters_from="weights" if graph.modules[""].parameters is None else "modules",
        )


def default_sizes(graph: TaggedGraph) -> dict[str, int]:
    """Sizes for all open dimensions of a graph, which people see figures for if they say none.

    1 for the first axis of an input, 128 for any other.
    """
    return usual_sizes(_given_inputs(graph))


def _given_inputs(graph: TaggedGraph) -> list[onnx.ValueInfoProto]:
    return [one for one in graph.proto.graph.input if one.name not in graph.flat.weights]


def _with_weights(found: Mapping[str, Tensor | None], ran: Ran) -> Mapping[str, Tensor | None]:
    stored = {
        value: Tensor(tensor.data_type, tuple(max(0, dim) for dim in tensor.dims))
        for value, tensor in ran.tensors.items()
    }
    return {**found, **stored}


def _done(ran: Ran, tensors: Mapping[str, Tensor | None]) -> list[Work]:
    """What one run of each op computes."""
    dims: dict[str, Dims | None] = {
        value: None if tensor is None else tensor.dims for value, tensor in tensors.items()
    }
    return [
        work(
            op.domain,
            Call(
                op.node,
                tuple([dims.get(value) for value in op.inputs]),
                tuple([dims.get(value) for value in op.outputs]),
            ),
        )
        for op in ran.flat.ops
    ]


class _Sum(NamedTuple):
    """What is known, each with the number of ops of which it is not; ``peak`` is a maximum."""

    macs: int = 0
    no_macs: int = 0
    flops: int = 0
    no_flops: int = 0
    activation_bytes: int = 0
    no_activation_bytes: int = 0
    peak: int = 0
    no_peak: int = 0


_NOTHING = _Sum()


def _plus(one: _Sum, other: _Sum) -> _Sum:
    if one is _NOTHING:
        return other
    return _Sum(
        one.macs + other.macs,
        one.no_macs + other.no_macs,
        one.flops + other.flops,
        one.no_flops + other.no_flops,
        one.activation_bytes + other.activation_bytes,
        one.no_activation_bytes + other.no_activation_bytes,
        max(one.peak, other.peak),
        one.no_peak + other.no_peak,
    )


def _sums(
    ran: Ran,
    tensors: Mapping[str, Tensor | None],
    sizes: Mapping[str, int | None],
    without: frozenset[str],
) -> list[_Sum]:
    """The figures of each op over a run of the model; ``without`` are values that take nothing."""
    done = _done(ran, tensors)
    runs = times_run(ran, tensors, [one.macs for one in done])
    peaks = alive_at(ran, sizes, without)
    found = []
    for op, one, often, peak in zip(ran.flat.ops, done, runs, peaks, strict=True):
        made = _made(op.outputs, sizes, without)
        macs, flops, made = times(one.macs, often), times(one.flops, often), times(made, often)
        found.append(
            _Sum(
                macs or 0,
                int(macs is None),
                flops or 0,
                int(flops is None),
                made or 0,
                int(made is None),
                peak or 0,
                int(peak is None),
            )
        )
    return found


def _made(
    outputs: Iterable[str], sizes: Mapping[str, int | None], without: frozenset[str]
) -> int | None:
    total = 0
    for value in outputs:
        if value and value not in without:
            size = sizes.get(value)
            if size is None:
                return None
            total += size
    return total


def _cost(found: _Sum, parameters: int | None, weight_bytes: int | None) -> Cost:
    return Cost(
        parameters=parameters,
        weight_bytes=weight_bytes,
        macs=None if found.no_macs else found.macs,
        flops=None if found.no_flops else found.flops,
        activation_bytes=None if found.no_activation_bytes else found.activation_bytes,
        peak_bytes=None if found.no_peak else found.peak,
        unknown=found.no_macs,
        known_macs=found.macs,
        known_flops=found.flops,
        known_activation_bytes=found.activation_bytes,
    )


def _by_op(
    graph: TaggedGraph, ran: Ran, sums: Iterable[_Sum], weights: Iterable[Weight]
) -> tuple[Cost, ...]:
    """The costs of each op; of one in a function, those of all calls."""
    own = [_NOTHING] * len(graph.ops)
    for origin, one in zip(ran.origins, sums, strict=True):
        own[origin] = _plus(own[origin], one)
    parameters = [0] * len(graph.ops)
    held: list[int | None] = [0] * len(graph.ops)
    for weight in weights:
        if weight.reader is not None:
            parameters[weight.reader] += weight.elements
            known = held[weight.reader]
            held[weight.reader] = (
                None if known is None or weight.nbytes is None else known + weight.nbytes
            )
    return tuple(map(_cost, own, parameters, held))


def _by_module(
    graph: TaggedGraph, ran: Ran, sums: Iterable[_Sum], weights: Sequence[Weight]
) -> dict[str, ModuleCost]:
    tree = graph.modules
    own = sums_by_module(tree, zip(ran.modules, sums, strict=True), _NOTHING, _plus)
    whole = totals(tree, own, _NOTHING, _plus)
    nbytes = [weight.nbytes for weight in weights]
    elements = [weight.elements for weight in weights]
    bytes_below = total_of_weights(tree, weights, nbytes)
    own_bytes = _own_of_weights(graph, weights, nbytes)
    counted = total_of_weights(tree, weights, elements, shared=True)
    own_counted = _own_of_weights(graph, weights, elements)
    own_told = own_parameters(tree, weights)
    found = {}
    for module in tree:
        fqn, is_told = module.fqn, module.parameters is not None
        found[fqn] = ModuleCost(
            _cost(own[fqn], own_told[fqn] if is_told else own_counted[fqn], own_bytes[fqn]),
            _cost(whole[fqn], module.parameters if is_told else counted[fqn], bytes_below[fqn]),
        )
    return found


def _own_of_weights(
    graph: TaggedGraph, weights: Iterable[Weight], figures: Iterable[int | None]
) -> dict[str, int | None]:
    pairs = zip([weight.owner for weight in weights], figures, strict=True)
    return sums_by_module(graph.modules, pairs, 0, _plus_if_known)


def _plus_if_known(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
