"""The top graph of a model as a slice of its flat graph: what each node reads and makes.

A node with bodies reads what they capture; what they make and what they are
handed stays inside::

    y = If(c) { then: t = Add(x, k) }      reads c, x, k      makes y

Values go by their names, because that is what a part is cut by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import eq

import onnx

from hexviz.model.cached import cached_property
from hexviz.model.flat import FlatGraph
from hexviz.model.gc_control import collector_paused
from hexviz.model.rows import Rows

__all__ = ["TopGraph"]


@dataclass(frozen=True)
class TopGraph:
    """Nodes of a model's top graph are numbers here: their positions in its list.

    ``reads`` and ``makes`` hold, per node, names of values without repetition
    and without omitted ones. ``maker`` maps a value to the node that makes it.
    ``weights`` maps the name of an initializer to its place in the list of
    initializers, ``sparse_weights`` that of a sparse one to its place in theirs.
    """

    graph: onnx.GraphProto
    reads: tuple[tuple[str, ...], ...]
    makes: tuple[tuple[str, ...], ...]
    maker: Mapping[str, int]
    weights: Mapping[str, int]
    sparse_weights: Mapping[str, int]

    @classmethod
    def of(cls, flat: FlatGraph, graph: onnx.GraphProto) -> TopGraph:
        """The slice of a flat graph that was made from a model with this top graph. Linear."""
        inputs, outputs, top = flat.columns.inputs, flat.columns.outputs, flat.top
        plain = not _has_bodies(flat) and all(map(eq, flat.ids, flat.ids.values()))
        with collector_paused():
            maker: Mapping[str, int]
            if plain:
                reads = [_distinct(inputs[at]) for at in top]
                makes = [_distinct(outputs[at]) for at in top]
            else:
                name = flat.values.__getitem__
                reads = [tuple(map(name, _distinct(values))) for values in _reads(flat)]
                makes = [tuple(map(name, _distinct(outputs[at]))) for at in top]
            if plain and top == range(len(top)):
                maker = flat.makers
            else:
                maker = {value: at for at, made in enumerate(makes) for value in made}
        return cls(
            graph=graph,
            reads=tuple(reads),
            makes=tuple(makes),
            maker=maker,
            weights={tensor.name: at for at, tensor in enumerate(graph.initializer)},
            sparse_weights={
                tensor.values.name: at for at, tensor in enumerate(graph.sparse_initializer)
            },
        )

    @cached_property
    def readers(self) -> Mapping[str, Sequence[int]]:
        """Value → the nodes that read it, in order."""
        found: dict[str, list[int]] = {}
        with collector_paused():
            for at, names in enumerate(self.reads):
                for name in names:
                    found.setdefault(name, []).append(at)
        return found

    @cached_property
    def inputs(self) -> Mapping[str, onnx.ValueInfoProto]:
        """The model's inputs that are not initializers, in order."""
        return {
            value.name: value
            for value in self.graph.input
            if value.name not in self.weights and value.name not in self.sparse_weights
        }

    @cached_property
    def outputs(self) -> Mapping[str, onnx.ValueInfoProto]:
        """The model's outputs, in order."""
        return {value.name: value for value in self.graph.output}

    @cached_property
    def notes(self) -> Mapping[str, int]:
        """Value → the place of its type in the graph's ``value_info``."""
        names = [value.name for value in self.graph.value_info[:]]
        return {name: at for at, name in enumerate(names)}

    def declared(self, name: str) -> onnx.ValueInfoProto | None:
        """What the file itself says of the type and shape of a value."""
        if name in self.inputs:
            return self.inputs[name]
        if name in self.outputs:
            return self.outputs[name]
        at = self.notes.get(name)
        return None if at is None else self.graph.value_info[at]

    @cached_property
    def makers(self) -> Sequence[tuple[int, ...]]:
        """Node → the nodes that make what it reads, each once."""
        maker, reads = self.maker, self.reads
        return _lazy(
            len(reads), lambda node: _once([maker[name] for name in reads[node] if name in maker])
        )

    @cached_property
    def users(self) -> Sequence[tuple[int, ...]]:
        """Node → the nodes that read what it makes, each once."""
        readers, makes = self.readers, self.makes
        return _lazy(
            len(makes),
            lambda node: _once([one for name in makes[node] for one in readers.get(name, ())]),
        )


def _lazy(count: int, near: Callable[[int], tuple[int, ...]]) -> Sequence[tuple[int, ...]]:
    """What is next to each node, looked up once for those that somebody asks for."""
    one = cache(near)
    return Rows(count, one, lambda: map(one, range(count)))


def _once(nodes: list[int]) -> tuple[int, ...]:
    return tuple(nodes) if len(nodes) < 2 else tuple(dict.fromkeys(nodes))


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) == len(values) and "" not in values:  # most are, and this is the fast way
        return values
    return tuple(dict.fromkeys(value for value in values if value))


def _reads(flat: FlatGraph) -> Iterator[tuple[str, ...]]:
    """Per node the ids of what it and the ops in its bodies read from the top graph."""
    inputs = flat.columns.inputs
    if not _has_bodies(flat):
        yield from map(inputs.__getitem__, flat.top)
        return
    # Of the bodies are the values that they make, store or are handed. All others, also those
    # that nothing makes, they can only get from around them.
    made = zip(flat.columns.bodies, flat.columns.outputs, strict=True)
    own = {value for path, values in made if path for value in values}
    own.update(value for body in flat.bodies if body.path for value in body.inputs)
    own.update(flat.weights.keys() - flat.ids.values())
    for node, at in enumerate(flat.top):
        read = list(inputs[at])
        if flat.starts[node] < at or at in flat.handed_on:
            for inner in range(flat.starts[node], at + 1):
                read += inputs[inner]
                read += flat.handed_on.get(inner, ())
        yield tuple(value for value in read if value not in own)


def _has_bodies(flat: FlatGraph) -> bool:
    """Whether a node of the top graph has a body with ops, or one that hands a value on."""
    return bool(flat.handed_on) or flat.functions + len(flat.top) < len(flat.columns.ids)
