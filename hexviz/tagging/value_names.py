"""The audit's checks of values: those that nothing makes, and names that a body makes again.

Neither is about tags. Both are why a runtime refuses a file that hexviz opens::

    y = Reshape(x, shape)            nothing makes ``shape``: a tool folded it and lost it
    h = Relu(x); If(c) { h = … }     the body makes ``h`` again, which can be seen in it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import onnx

from hexviz.model.flat import Body, FlatGraph
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.tagging.finding import Finding

__all__ = ["missing_values", "shadowed_values"]

_MOST_NAMES = 8
"""Names that one message has."""

_AGAIN = "Export the model again; if a tool changed the file since, leave that step out."


def missing_values(graph: TaggedGraph) -> Iterator[Finding]:
    """Values that ops read, or that bodies or the model put out, and that nothing makes.

    Values that the same ops read, or that one body puts out, are one finding.
    """
    flat = graph.flat
    made = _made(flat)
    readers: dict[str, list[str]] = {}
    if set(flat.edge_columns.values) - made - {""}:
        ids = flat.columns.ids
        for at, inputs in enumerate(flat.columns.inputs):
            for value in dict.fromkeys(inputs):
                if value and value not in made:
                    readers.setdefault(value, []).append(ids[at])
    groups: dict[tuple[str, ...], list[str]] = {}
    for value, ops in readers.items():
        groups.setdefault(tuple(ops), []).append(flat.values[value])
    homes: dict[str, str] = {}
    if readers:
        homes = {name: op.body for op in flat.ops for name in op.node.output}
    for reading, lost in groups.items():
        first = f"{graph.op(reading[0]).op_type} “{reading[0]}”"
        others = len(reading) - 1
        who = f"{first} reads" if not others else f"{first} and {counted(others, 'other op')} read"
        inside = next((homes[name] for name in lost if homes.get(name)), "")
        more = f"; the body {inside} makes one, for itself alone" if inside else ""
        yield _missing(f"{who} {_named(lost)}, which nothing makes{more}.", reading)
    for body, lost in _lost_outputs(flat, made):
        owner = (body.owner,) if body.owner else ()
        where = f"The body {body.path}" if body.path else "The model"
        yield _missing(f"{where} puts out {_named(lost)}, which nothing makes.", owner)


def _missing(message: str, ops: tuple[str, ...]) -> Finding:
    return Finding("missing-value", "error", ops, message, f"No runtime can run this. {_AGAIN}")


def _made(flat: FlatGraph) -> set[str]:
    """The ids of all values that there are: made by ops, stored, or handed in."""
    return {*flat.makers, *flat.weights, *flat.given}


def _lost_outputs(flat: FlatGraph, made: set[str]) -> Iterator[tuple[Body, list[str]]]:
    """Each body that puts out what nothing makes, with the names of that."""
    paths = {}
    if len(flat.bodies) > 1:
        paths = dict(zip(flat.columns.ids, flat.columns.bodies, strict=True))
    bodies = {body.path: body for body in flat.bodies}
    for body in flat.bodies:
        lost = []
        for name in dict.fromkeys(_outputs(body)):
            here: Body | None = body
            # A body may put out what it captures.
            while here is not None and here.ids.get(name) not in made:
                here = bodies[paths[here.owner]] if here.owner else None
            if here is None:
                lost.append(name)
        if lost:
            yield body, lost


def _inputs(body: Body) -> list[str]:
    if isinstance(body.proto, onnx.FunctionProto):
        return list(body.proto.input)
    return [value.name for value in body.proto.input]


def _outputs(body: Body) -> list[str]:
    if isinstance(body.proto, onnx.FunctionProto):
        return list(body.proto.output)
    return [value.name for value in body.proto.output]


class _Place(NamedTuple):
    """Where a name is made: how deep its body lies, and the number of the op there.

    -1 for what is there from the start.
    """

    depth: int
    number: int


class _Scope(NamedTuple):
    """A body that is open, and where its names were made outside of it."""

    path: str
    hidden: dict[str, _Place | None]


def shadowed_values(graph: TaggedGraph) -> Iterator[Finding]:
    """Names that a body gives to what it makes, and that could be seen in it: one per body.

    ONNX forbids it of the outputs of ops where the outer value comes first, and
    ONNX Runtime refuses the file: an error. Both allow it of a body's inputs
    and weights, where it is worth knowing.
    """
    flat = graph.flat
    if len(flat.bodies) < 2:
        return
    owners = {op.id: op for op in flat.ops}
    makers: dict[str, list[tuple[str, int]]] = {}
    for op in flat.ops:
        makers.setdefault(op.body, []).extend((name, op.number) for name in op.node.output if name)
    visible: dict[str, _Place | None] = {}
    scopes: list[_Scope] = []
    entered: list[int] = []
    """By depth, the number of the op in whose body the next one lies."""
    for body in flat.bodies:  # each is followed by those in it
        outer = owners[body.owner] if body.owner else None
        while scopes and (outer is None or scopes[-1].path != outer.body):
            visible.update(scopes.pop().hidden)
            entered.pop()
        made = dict(makers.get(body.path, ()))
        given = dict.fromkeys(filter(None, chain(_inputs(body), _stored(body))), -1)
        if outer is not None:
            entered[-1] = outer.number
            again, hidden = (
                [
                    name
                    for name in names
                    if (place := visible.get(name)) and place.number < entered[place.depth]
                ]
                for names in (made, given)
            )
            yield from _shadowed(body, again, hidden)
        own = {name: _Place(len(scopes), number) for name, number in (made | given).items()}
        scopes.append(_Scope(body.path, {name: visible.get(name) for name in own}))
        entered.append(0)
        visible.update(own)


def _shadowed(body: Body, again: list[str], hidden: list[str]) -> Iterator[Finding]:
    if again:
        yield Finding(
            "shadowed-value",
            "error",
            (body.owner,),
            f"The body {body.path} makes {_named(again)} again: outer values of the same name can "
            "be seen in it.",
            "ONNX forbids it, and ONNX Runtime refuses the file: give the values of the body "
            "names of their own.",
        )
    if hidden:
        yield Finding(
            "shadowed-value",
            "info",
            (body.owner,),
            f"In the body {body.path}, {_named(hidden)} is an input or a weight of its own, and "
            "hides the outer value.",
            "Runtimes allow it; a tool that joins bodies may mix them up.",
        )


def _stored(body: Body) -> Iterator[str]:
    if isinstance(body.proto, onnx.GraphProto):
        yield from (tensor.name for tensor in body.proto.initializer)
        yield from (tensor.values.name for tensor in body.proto.sparse_initializer)


def _named(names: Sequence[str]) -> str:
    listed = ", ".join(f"“{name}”" for name in names[:_MOST_NAMES])
    return f"{listed} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else listed
