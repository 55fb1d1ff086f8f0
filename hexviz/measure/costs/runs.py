"""What runs, and how often: calls of functions written out, bodies of loops, branches of an If.

A function is written out for each of its calls, because its ops cost something else in each::

    file       f: MatMul (a, w)        y = f(x, w1)      z = f(y, w2)
    written    y = MatMul(x, w1)       z = MatMul(y, w2)            both are the op of f

The ops of a Loop or Scan run as often as it turns, if that is known. Of an If one branch runs: the
figures are those of a run in which every If takes its dearer branch, so ops in the other run never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx.checker
import onnx.inliner

from hexviz.errors import ReadError
from hexviz.measure.costs.shapes import Tensor
from hexviz.model import fqn as names
from hexviz.model.attributes import plain_value
from hexviz.model.bodies import graphs_of
from hexviz.model.cached import cached_property
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.function_calls import Calls, can_be_inlined, find_calls, root_body
from hexviz.model.graph import TaggedGraph
from hexviz.model.tensors import tensor_elements
from hexviz.model.types import light

__all__ = ["Ran", "times_run", "write_out"]


@dataclass(frozen=True)
class Ran:
    """A graph with its functions written out.

    ``proto`` has no large weights. ``origins`` maps each position in ``flat`` to that of the op in
    the tagged graph, ``modules`` to the module of the op, or of the call that it is written out
    for, where that says more. ``tensors`` are all weights of ``flat``, the large ones too.
    """

    proto: onnx.ModelProto
    flat: FlatGraph
    origins: Sequence[int]
    modules: Sequence[str]
    tensors: Mapping[str, onnx.TensorProto]

    @cached_property
    def owners(self) -> Mapping[str, int]:
        """Path of a body → the position of the op that has it."""
        positions = {op.id: at for at, op in enumerate(self.flat.ops)}
        return {body.path: positions[body.owner] for body in self.flat.bodies if body.owner}


def write_out(graph: TaggedGraph) -> Ran:
    """The graph with all calls written out; as it is where it has none, or too many to write."""
    flat = graph.flat
    modules = [op.module for op in graph.ops]
    as_it_is = Ran(
        light(graph.proto, flat.run_order), flat, range(len(flat.ops)), modules, flat.tensors
    )
    calls = find_calls(flat)
    if not can_be_inlined(graph.proto) or _written_ops(flat, calls) > _MOST_WRITTEN:
        del as_it_is.proto.functions[:]  # inference would follow every call
        return as_it_is
    if not calls.callee:
        return as_it_is
    file_order = range(len(graph.proto.graph.node))
    try:
        inlined = onnx.inliner.inline_local_functions(light(graph.proto, file_order))
        written = flatten(inlined)
    except (onnx.checker.ValidationError, RuntimeError, ValueError, ReadError):
        return as_it_is  # a model may be wrong in places: two functions of one name
    origins: dict[int, int] = {}
    homes: dict[int, str] = {}
    for at, original, module in _counterparts(graph, written, calls.callee):
        origins[at], homes[at] = original, module
    if len(origins) < len(written.ops):  # the inliner left something out or put something in
        return as_it_is
    ids = {flat.values[value]: value for value in flat.tensors if value in flat.ids.values()}
    large = {
        written.ids[name]: flat.tensors[value] for name, value in ids.items() if name in written.ids
    }
    order = range(len(written.ops))
    return Ran(
        light(inlined, written.run_order),
        written,
        [origins[at] for at in order],
        [homes[at] for at in order],
        {**written.tensors, **large},
    )


_MOST_WRITTEN = 200_000
"""Ops with all calls written out, at most: some seconds."""


def _written_ops(flat: FlatGraph, calls: Calls) -> int:
    often = {"": 1}
    for path, ats in calls.callers.items():  # callers come before what they call
        often[path] = sum(often.get(root_body(flat.ops[at].body), 0) for at in ats)
    return sum(often.get(root_body(op.body), 0) for op in flat.ops)


def _counterparts(
    graph: TaggedGraph, written: FlatGraph, callee: Mapping[int, str]
) -> Iterator[tuple[int, int, str]]:
    """Position written out, position in the file, module: both are walked side by side.

    The inliner puts the nodes of a function where the call stood, in their order.
    """
    places = {(op.body, op.number): at for at, op in enumerate(graph.flat.ops)}
    new_places = {(op.body, op.number): at for at, op in enumerate(written.ops)}
    bodies = {body.path: body.proto for body in graph.flat.bodies}

    frames = [(iter(range(len(bodies[""].node))), "", "", _count(), "")]
    while frames:  # a chain of functions may be longer than Python's own stack
        numbers, path, new_path, nodes, module = frames[-1]
        number = next(numbers, None)
        if number is None:
            frames.pop()
            continue
        at = places[path, number]
        op = graph.ops[at]
        home = op.module if names.is_within(op.module, module) else module
        home = home if names.is_within(home, op.module) else op.module
        if at in callee:
            called = callee[at]
            frames.append((iter(range(len(bodies[called].node))), called, new_path, nodes, home))
            continue
        new = new_places.get((new_path, next(nodes)))
        if new is None or written.ops[new].op_type != op.op_type:
            frames.pop()
            continue
        yield new, at, home
        inner, new_inner = graph.flat.ops[at], written.ops[new]
        for name, _ in reversed(list(graphs_of(inner.node))):
            body, new_body = f"{inner.id}/{name}", f"{new_inner.id}/{name}"
            frames.append((iter(range(len(bodies[body].node))), body, new_body, _count(), home))


def _count() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def times_run(
    ran: Ran, tensors: Mapping[str, Tensor | None], macs: Sequence[int | None]
) -> list[int | None]:
    """How often each op runs in one run of the model; ``None`` where nobody knows.

    ``macs`` are those of one run of each op, which tell the dearer branch of an If.
    """
    flat = ran.flat
    if len(flat.bodies) == 1:
        return [1] * len(flat.ops)
    inside: dict[int, list[str]] = {}
    for path, owner in ran.owners.items():
        inside.setdefault(owner, []).append(path)
    spent: dict[str, int] = {}  # path → known MACs of one run of the body
    taken: dict[str, int | None] = {}  # path → how often it runs in one run of its op
    for at, op in enumerate(flat.ops):  # bodies come before the ops that have them
        cost = macs[at] or 0
        paths = inside.get(at, [])
        if op.op_type == "If":
            dearer = max(paths, key=lambda path: spent.get(path, 0), default="")
            taken.update((path, int(path == dearer)) for path in paths)
        else:
            turns = _turns(ran, tensors, at)
            taken.update(dict.fromkeys(paths, turns))
        cost += sum(spent.get(path, 0) * (taken[path] or 0) for path in paths)
        spent[op.body] = spent.get(op.body, 0) + cost
    found: list[int | None] = [None] * len(flat.ops)
    runs: dict[str, int | None] = {"": 1}
    for at in reversed(range(len(flat.ops))):  # an op before those in its bodies
        found[at] = own = runs.get(flat.ops[at].body)
        for path in inside.get(at, []):
            runs[path] = times(taken[path], own)
    return found


def times(one: int | None, other: int | None) -> int | None:
    """The product; nothing stays nothing, however often it happens."""
    if one == 0 or other == 0:
        return 0
    return None if one is None or other is None else one * other


def _turns(ran: Ran, tensors: Mapping[str, Tensor | None], at: int) -> int | None:
    """How often the body of a Loop or Scan runs, where the file settles it."""
    op = ran.flat.ops[at]
    if op.domain:
        return None
    body = dict(graphs_of(op.node)).get("body")
    if op.op_type == "Scan" and body is not None:
        return _scanned(ran, tensors, at)
    if op.op_type != "Loop" or body is None or not op.inputs or not body.output:
        return None
    count = _constant(ran, op.inputs[0])
    starts = op.inputs[1] if len(op.inputs) > 1 else ""
    if count is None or (starts and _constant(ran, starts) is None):
        return None
    if starts and not _constant(ran, starts):
        return 0
    goes_on = body.output[0].name
    # What a body yields as its condition is handed on, or made from what never changes.
    path = f"{op.id}/body"
    ids = next(one.ids for one in ran.flat.bodies if one.path == path)
    value = ids.get(goes_on, "")
    for _ in range(_LONGEST_CHAIN):
        if len(body.input) > 1 and value == ids.get(body.input[1].name):
            return max(0, count)
        maker = ran.flat.makers.get(value)
        if maker is None or ran.flat.ops[maker].op_type not in ("Identity", "Cast"):
            break
        value = ran.flat.ops[maker].inputs[0]
    return max(0, count) if _constant(ran, value) else None


_LONGEST_CHAIN = 8


def _scanned(ran: Ran, tensors: Mapping[str, Tensor | None], at: int) -> int | None:
    op = ran.flat.ops[at]
    attributes = {one.name: plain_value(one) for one in op.node.attribute}
    scanned = attributes.get("num_scan_inputs")
    if not isinstance(scanned, int) or not 0 < scanned <= len(op.inputs):
        return None
    value = op.inputs[-scanned]
    axes = attributes.get("scan_input_axes")
    axis = int(axes[0]) if isinstance(axes, tuple) and axes else 0
    tensor = tensors.get(value)
    if tensor is None or tensor.dims is None or not -len(tensor.dims) <= axis < len(tensor.dims):
        return None
    return tensor.dims[axis]


def _constant(ran: Ran, value: str) -> int | None:
    """A number that the file stores."""
    tensor = ran.tensors.get(value)
    maker = ran.flat.makers.get(value)
    if tensor is None and maker is not None and ran.flat.ops[maker].op_type == "Constant":
        for attribute in ran.flat.ops[maker].node.attribute:
            if attribute.name == "value":
                tensor = attribute.t
            elif attribute.name == "value_int":
                return int(attribute.i)
    if tensor is None:
        return None
    elements = tensor_elements(tensor)
    if elements is None or np.size(elements) != 1 or elements.dtype.kind not in "iub":
        return None
    return int(elements.reshape(-1)[0])
