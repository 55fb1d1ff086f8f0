"""What is selected in a view, by the name that code has for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, get_args

from hexviz.app.protocol import MOST_OPS
from hexviz.errors import SelectionError
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.near_names import near_names
from hexviz.model.op import Op

__all__ = ["Kind", "Selectable", "Selection", "resolve"]

Kind = Literal["op", "ops", "module", "call", "value", "edge"]


class Selection(str):
    """A name, and of what ``kind`` of thing it is the name.

    An op's id, a module's FQN (``""`` is the root), an input's or output's name: what the methods
    of a graph take. Of several ops, their ids as JSON; of a call or a line, what the page calls it.

    >>> chosen = Selection("encoder.layer.0", "module")
    >>> chosen == "encoder.layer.0", chosen.kind
    (True, 'module')
    """

    kind: Kind

    def __new__(cls, name: str, kind: Kind) -> Selection:
        """A name of a kind."""
        found = super().__new__(cls, name)
        found.kind = kind
        return found

    def __reduce__(self) -> tuple[type[Selection], tuple[str, Kind]]:
        return Selection, (str(self), self.kind)

    def __repr__(self) -> str:
        return f"Selection({str(self)!r}, {self.kind!r})"

    @property
    def ops(self) -> tuple[str, ...]:
        """The ids of the ops that are selected themselves; none if that is something else.

        >>> Selection('["a", "b"]', "ops").ops
        ('a', 'b')
        """
        if self.kind == "ops":
            return tuple(json.loads(self))
        return (str(self),) if self.kind == "op" else ()


Selectable = Selection | Op | Module | str | Sequence[str]
"""What can be selected: by name, by tag, several ops by their ids, or the thing itself."""


def resolve(graph: TaggedGraph, what: Selectable) -> Selection:
    """What a person names.

    Raises:
        SelectionError: if there is no such thing, with near names, or if it may be two things.
    """
    match what:
        case Selection(kind=kind):
            if kind in ("op", "module", "value") and kind not in _kinds(graph, what):
                raise SelectionError(f"There is no {kind} {str(what)!r} in this graph.")
            if kind not in get_args(Kind):
                raise SelectionError(f"There is no kind of selection {kind!r}.")
            return what
        case Op(id=op_id):
            return resolve(graph, Selection(op_id, "op"))
        case Module(fqn=fqn):
            return resolve(graph, Selection(fqn, "module"))
        case str():
            return _named(graph, what)
    ids = list(what)
    if not ids or len(ids) > MOST_OPS:
        raise SelectionError(f"One selection holds 1 to {MOST_OPS} ops: these are {len(ids):,}.")
    for one in ids:
        resolve(graph, Selection(one, "op"))
    if len(ids) == 1:
        return Selection(ids[0], "op")
    return Selection(json.dumps(ids), "ops")


def _named(graph: TaggedGraph, name: str) -> Selection:
    kinds = _kinds(graph, name)
    if "op" in kinds and "module" in kinds:
        raise SelectionError(
            f"{name!r} is an op and a module: say graph.op({name!r}) or graph.modules[{name!r}]."
        )
    if kinds:
        return Selection(name, kinds[0])
    fqn = graph.modules.by_tag.get(name)
    if fqn is not None:
        return Selection(fqn, "module")
    known = (*(module.fqn for module in graph.modules), *graph.positions, *_ends(graph))
    near = ", ".join(near_names(name, known))
    raise SelectionError(
        f"There is no op, module, input or output {name!r} in this graph"
        f"{f': did you mean {near}?' if near else ': search in the view, or list graph.modules.'}"
    )


def _kinds(graph: TaggedGraph, name: str) -> list[Kind]:
    """What a name may be of: an op before the output that it makes."""
    kinds: list[Kind] = []
    if name in graph.positions:
        kinds.append("op")
    if name in graph.modules:
        kinds.append("module")
    if name in _ends(graph):
        kinds.append("value")
    return kinds


def _ends(graph: TaggedGraph) -> set[str]:
    return {value.id for value in (*graph.inputs, *graph.outputs)}
