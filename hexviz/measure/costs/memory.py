"""What is alive while each op runs: bytes of values from their making to their last reader.

::

    op          a        b        c          x is alive until b has read it, y until c has
    makes       x        y        z
    alive       x        x y      y z        the peak is the largest of these sums

Values only: weights are counted by themselves. A runtime that writes into the memory of an input,
or cuts all of it from one arena, needs less or more; what is counted is what a model asks of any.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from hexviz.measure.costs.runs import Ran
from hexviz.measure.costs.shapes import Tensor, bytes_of

__all__ = ["alive_at", "bytes_of_values"]


def bytes_of_values(ran: Ran, tensors: Mapping[str, Tensor | None]) -> dict[str, int | None]:
    """Value id → what it takes; a sequence what the tensors take that it was made of."""
    found = {value: bytes_of(tensor) for value, tensor in tensors.items()}
    for op in ran.flat.ops:
        parts = _MADE_OF.get(op.op_type)
        if parts is not None and not op.domain and op.outputs:
            sizes = [found.get(value) for value in op.inputs[parts] if value]
            found[op.outputs[0]] = None if None in sizes else sum(size or 0 for size in sizes)
    return found


_MADE_OF = MappingProxyType(
    {
        "Optional": slice(1),
        "SequenceConstruct": slice(None),
        "SequenceEmpty": slice(0),
        "SequenceInsert": slice(2),
        "SplitToSequence": slice(1),
    }
)
"""Op type → the inputs that the sequence it makes consists of."""


def alive_at(
    ran: Ran, sizes: Mapping[str, int | None], without: Collection[str]
) -> list[int | None]:
    """Bytes that are alive while each op runs, by position; ``None`` where a size is unknown.

    ``sizes`` are bytes by value id; the values in ``without`` take none. What is alive around the
    op that has a body is alive while the ops of the body run, too. Linear in what ops read.
    """
    first, last = _spans(ran)
    begin: dict[int, list[str]] = {}
    end: dict[int, list[str]] = {}
    for value, at in first.items():
        if value in last and value not in without:
            begin.setdefault(at, []).append(value)
            end.setdefault(last[value], []).append(value)
    own: list[tuple[int, int]] = []
    now: dict[str, int] = {}  # path of a body → bytes of its values that are alive
    unknown: dict[str, int] = {}
    for at, op in enumerate(ran.flat.ops):
        path = op.body
        for value in begin.get(at, ()):
            size = sizes.get(value)
            now[path] = now.get(path, 0) + (size or 0)
            unknown[path] = unknown.get(path, 0) + (size is None)
        own.append((now.get(path, 0), unknown.get(path, 0)))
        for value in end.get(at, ()):
            size = sizes.get(value)
            now[path] -= size or 0
            unknown[path] -= size is None
    found: list[int | None] = [None] * len(own)
    for at in reversed(range(len(own))):  # an op before those in its bodies
        amount, open_sizes = own[at]
        owner = ran.owners.get(ran.flat.ops[at].body)
        around = 0 if owner is None else found[owner]
        found[at] = None if open_sizes or around is None else amount + around
    return found


def _spans(ran: Ran) -> tuple[dict[str, int], dict[str, int]]:
    """Value → the op that makes it, and the last that reads it, both in the body it belongs to.

    What is handed in is there when the first op runs, and what is handed out until the end.
    """
    flat = ran.flat
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    home: dict[str, str] = {}
    begins: dict[str, int] = {}
    for at, op in enumerate(flat.ops):
        begins.setdefault(op.body, at)
    for body in flat.bodies:
        if body.path in begins:
            for value in body.inputs:
                first[value], home[value] = begins[body.path], body.path
    for at, op in enumerate(flat.ops):
        for value in op.outputs:
            if value:
                first[value] = last[value] = at
                home[value] = op.body
    for at, op in enumerate(flat.ops):
        for value in op.inputs:
            reader = _at_home(ran, value, at, home)
            if reader is not None:
                last[value] = max(last.get(value, 0), reader)
    for body in flat.bodies:
        for value in body.outputs:
            if home.get(value) == body.path:
                last[value] = len(flat.ops)
            elif body.owner:
                reader = _at_home(ran, value, ran.owners[body.path], home)
                if reader is not None:
                    last[value] = max(last.get(value, 0), reader)
    return first, last


def _at_home(ran: Ran, value: str, at: int, home: Mapping[str, str]) -> int | None:
    """The op of the value's own body in which the op at a position reads it."""
    path = home.get(value)
    if path is None:
        return None
    while ran.flat.ops[at].body != path:
        owner = ran.owners.get(ran.flat.ops[at].body)
        if owner is None:
            return None
        at = owner
    return at
