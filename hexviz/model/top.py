"""The top graph by name: what each of its nodes reads and makes, bodies included.

A node with bodies reads what they capture; what they make and what they are
handed stays inside::

    y = If(c) { then: t = Add(x, k) }      reads c, x, k      makes y

Read from the protobuf, because that is what a part is cut from, byte by byte.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import onnx

from hexviz.model.gc_control import collector_rests
from hexviz.model.once import once

__all__ = ["FunctionKey", "TopGraph", "called", "callees", "callers", "calls", "captured", "key_of"]

FunctionKey = tuple[str, str, str]
"""Domain, name and overload of a function."""


@dataclass(frozen=True)
class TopGraph:
    """Nodes of a model's top graph are numbers here: their positions in its list.

    ``reads`` and ``makes`` hold, per node, names of values without repetition
    and without omitted ones. ``maker`` maps a value to the node that makes it.
    ``weights`` maps the name of an initializer to its place in the list of
    initializers, ``sparse_weights`` that of a sparse one to its place in theirs.
    """

    proto: onnx.ModelProto
    reads: tuple[tuple[str, ...], ...]
    makes: tuple[tuple[str, ...], ...]
    maker: Mapping[str, int]
    weights: Mapping[str, int]
    sparse_weights: Mapping[str, int]

    @classmethod
    def of(cls, proto: onnx.ModelProto) -> TopGraph:
        """Linear in the graph. No two nodes make one value: reading has refused that."""
        graph = proto.graph
        with collector_rests():
            reads = tuple([_distinct(_reads(node)) for node in graph.node])
            makes = tuple([_distinct(tuple(node.output)) for node in graph.node])
            maker = {name: at for at, names in enumerate(makes) for name in names}
        return cls(
            proto=proto,
            reads=reads,
            makes=makes,
            maker=maker,
            weights={tensor.name: at for at, tensor in enumerate(graph.initializer)},
            sparse_weights={
                tensor.values.name: at for at, tensor in enumerate(graph.sparse_initializer)
            },
        )

    @once
    def readers(self) -> Mapping[str, Sequence[int]]:
        """Value → the nodes that read it, in order."""
        found: dict[str, list[int]] = {}
        with collector_rests():
            for at, names in enumerate(self.reads):
                for name in names:
                    found.setdefault(name, []).append(at)
        return found

    @once
    def inputs(self) -> Mapping[str, onnx.ValueInfoProto]:
        """The model's inputs that are not initializers, in order."""
        return {
            value.name: value
            for value in self.proto.graph.input
            if value.name not in self.weights and value.name not in self.sparse_weights
        }

    @once
    def outputs(self) -> Mapping[str, onnx.ValueInfoProto]:
        """The model's outputs, in order."""
        return {value.name: value for value in self.proto.graph.output}

    @once
    def notes(self) -> Mapping[str, int]:
        """Value → the place of its type in the graph's ``value_info``."""
        return {value.name: at for at, value in enumerate(self.proto.graph.value_info)}

    def told(self, name: str) -> onnx.ValueInfoProto | None:
        """What the file itself says of the type and shape of a value."""
        if name in self.inputs:
            return self.inputs[name]
        if name in self.outputs:
            return self.outputs[name]
        at = self.notes.get(name)
        return None if at is None else self.proto.graph.value_info[at]

    @once
    def makers(self) -> Sequence[tuple[int, ...]]:
        """Node → the nodes that make what it reads, each once."""
        maker = self.maker
        with collector_rests():
            return [_once([maker[name] for name in names if name in maker]) for names in self.reads]

    @once
    def users(self) -> Sequence[tuple[int, ...]]:
        """Node → the nodes that read what it makes, each once."""
        readers = self.readers
        with collector_rests():
            return [
                _once([user for name in names for user in readers.get(name, ())])
                for names in self.makes
            ]


def _once(nodes: list[int]) -> tuple[int, ...]:
    return tuple(nodes) if len(nodes) < 2 else tuple(dict.fromkeys(nodes))


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) == len(names) and "" not in names:  # most are, and this is the fast way
        return names
    return tuple(dict.fromkeys(name for name in names if name))


def _reads(node: onnx.NodeProto) -> tuple[str, ...]:
    if any(attribute.type in _BODIES for attribute in node.attribute):
        return (*node.input, *captured(node))
    return tuple(node.input)


_BODIES = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def captured(node: onnx.NodeProto) -> Iterator[str]:
    """The names that a node's bodies, however deep, take from the graph around the node."""
    nobody: MutableMapping[str, None] = {}
    pending: list[tuple[onnx.GraphProto, ChainMap[str, None]]] = [
        (body, ChainMap(nobody)) for body in _bodies(node)
    ]
    while pending:
        graph, around = pending.pop()
        known = around.new_child()
        known.update(dict.fromkeys(value.name for value in graph.input))
        known.update(dict.fromkeys(tensor.name for tensor in graph.initializer))
        known.update(dict.fromkeys(tensor.values.name for tensor in graph.sparse_initializer))
        # Names of its own go first, also those that are made later: it need not be sorted.
        for inner in graph.node:
            known.update(dict.fromkeys(inner.output))
        for inner in graph.node:
            yield from (name for name in inner.input if name and name not in known)
            pending.extend((body, known) for body in _bodies(inner))
        yield from (value.name for value in graph.output if value.name not in known)


def called(nodes: Iterable[onnx.NodeProto]) -> set[FunctionKey]:
    """What these nodes and all in their bodies would call, were it a function."""
    return set(calls(nodes))


def calls(nodes: Iterable[onnx.NodeProto]) -> Iterator[FunctionKey]:
    """As :func:`called`, once for each node."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        yield node.domain, node.op_type, node.overload
        for body in _bodies(node):
            pending.extend(body.node)


def key_of(function: onnx.FunctionProto) -> FunctionKey:
    """What calls of a function name it by."""
    return function.domain, function.name, function.overload


def callees(proto: onnx.ModelProto, nodes: Iterable[onnx.NodeProto]) -> set[FunctionKey]:
    """The functions that these nodes call, directly or through others."""
    bodies = {key_of(one): one.node for one in proto.functions}
    if not bodies:
        return set()
    found: set[FunctionKey] = set()
    pending = called(nodes) & bodies.keys()
    while pending:
        found |= pending
        pending = called(node for key in pending for node in bodies[key]) & bodies.keys() - found
    return found


def callers(proto: onnx.ModelProto, wanted: Iterable[FunctionKey]) -> set[FunctionKey]:
    """These functions and all that call one of them, directly or through others."""
    inside = {key_of(one): called(one.node) for one in proto.functions}
    found = set(wanted)
    while more := {key for key, inner in inside.items() if inner & found} - found:
        found |= more
    return found


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
