"""Which nodes of the top graph a part keeps, and what crosses its border.

The *core* is what was selected; what a policy adds are *copies*: the rest of
the model keeps its own. So the values that leave a part are those of its core,
by whatever policy::

    x ─▶ Add ───────────┐                           core: MatMul
    y ─▶ Shape ─▶ Gather ─▶ Reshape ─▶ MatMul ─▶    exclude_safe     reads Reshape's value
                                                    include_context  reads Add's value and y
                                                    include_all      reads x and y

A body cannot be cut: an op in one brings the If, Loop or Scan that it runs in,
and an op of a function every call of the function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hexviz.errors import SelectionError
from hexviz.extraction.constants import Constants
from hexviz.extraction.selection import ModuleSelection
from hexviz.model.bodies import function_path
from hexviz.model.function_calls import callers, calls, key_of
from hexviz.model.graph import TaggedGraph
from hexviz.model.top_graph import TopGraph

__all__ = [
    "POLICIES",
    "Hole",
    "Policy",
    "Reason",
    "Subgraph",
    "known_policy",
    "subgraph",
    "subgraph_around",
]

Policy = Literal["exclude_safe", "include_context", "include_all"]

POLICIES: tuple[Policy, ...] = get_args(Policy)
"""The policies of :func:`subgraph`, from the smallest part to the largest."""

Reason = Literal["selected", "encloses", "hole", "constant", "context", "shape", "upstream"]
"""Why a node is kept. The first three are core; the others are carried along.

``encloses``: a selected op runs in one of its bodies, or in the function it calls.
``hole``: dataflow leaves the selection and comes back through it.
``constant``: a Constant, or what depends on weights alone. ``context``: an
auxiliary op that serves what is kept. ``shape``: arithmetic on shapes.
``upstream``: whatever else is needed to run from the model's own inputs.
"""

_CORE = frozenset({"selected", "encloses", "hole"})


@dataclass(frozen=True, slots=True)
class Hole:
    """Nodes outside through which dataflow leaves the core and enters it again.

    ``enters`` are the values that come back.
    """

    nodes: tuple[int, ...]
    enters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subgraph:
    """What a part is made of; nodes are numbers of the top graph.

    ``why`` maps each kept node, in an order in which they can run, to its reason. ``inputs`` and
    ``outputs`` are the values at the border, ``weights`` the initializers that
    are read or handed out. ``holes`` are those left open.
    """

    why: Mapping[int, Reason]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: tuple[str, ...]
    holes: tuple[Hole, ...]

    def core(self) -> Iterator[int]:
        """The nodes that were selected, or came inseparably with one that was."""
        return (node for node, why in self.why.items() if why in _CORE)

    def carried(self) -> Iterator[int]:
        """The nodes that the policy added."""
        return (node for node, why in self.why.items() if why not in _CORE)


def known_policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        SelectionError: if there is none.
    """
    for policy in POLICIES:
        if policy == name:
            return policy
    raise SelectionError(f"No policy is named {name!r}: take one of {', '.join(POLICIES)}.")


def subgraph(
    graph: TaggedGraph,
    selected: ModuleSelection,
    policy: Policy,
    *,
    fill_holes: bool = False,
    constants: Constants | None = None,
) -> Subgraph:
    """What a selection keeps by a policy; linear in the graph.

    ``fill_holes`` takes into the core what dataflow goes through when it
    leaves and enters again. ``constants`` is what is known of the graph's arithmetic
    on shapes, for whoever asks about one graph again and again.

    Raises:
        SelectionError: if nothing is selected.
    """
    core = _core(graph, selected)
    if not core:
        raise SelectionError("The selection holds no op: select more, or exclude less.")
    if fill_holes:
        holes = _holes(graph, core)
        core.update((node, "hole") for hole in holes for node in hole.nodes)
    return subgraph_around(graph, core, policy, whole=selected.holds(""), constants=constants)


def subgraph_around(
    graph: TaggedGraph,
    core: Mapping[int, Reason],
    policy: Policy,
    *,
    whole: bool = False,
    constants: Constants | None = None,
) -> Subgraph:
    """What a policy adds to a core, and the border of both.

    ``whole``: what the model hands through, its inputs and weights that are
    outputs, is given back as well. ``constants`` is as in :func:`subgraph`.
    """
    top = graph.top
    constants = constants or Constants(graph)
    why: dict[int, Reason] = {**core, **_carried(graph, core, policy, constants)}
    why = {node: why[node] for node in _sorted(graph, why)}
    outputs = _outputs(graph, core, constants, whole=whole)
    read = dict.fromkeys(name for node in why for name in top.reads[node])
    handed_on = [name for name in outputs if name not in top.maker]
    read.update(dict.fromkeys(handed_on))
    entering = [name for name in read if name not in top.maker or top.maker[name] not in why]
    weights = tuple(name for name in entering if _is_weight(top, name))
    inputs = _in_order(graph, (name for name in entering if not _is_weight(top, name)))
    # What runs from the model's inputs has all that dataflow goes through.
    holes = () if policy == "include_all" else _left_open(_holes(graph, core), inputs)
    return Subgraph(why, inputs, outputs, weights, tuple(holes))


def _core(graph: TaggedGraph, selected: ModuleSelection) -> dict[int, Reason]:
    """The nodes that are selected, and those that selected ops run in."""
    flat = graph.flat
    core: dict[int, Reason] = {}
    functions: set[str] = set()
    for at in selected.positions(graph):
        owner = flat.owners[at]
        if owner == at:
            core[flat.ops[at].number] = "selected"
        elif owner is not None:
            core.setdefault(flat.ops[owner].number, "encloses")
        else:
            functions.add(flat.ops[at].body.partition("/")[0])
    if functions:
        for node in _callers(graph, functions):
            core.setdefault(node, "encloses")
    return core


def _callers(graph: TaggedGraph, functions: set[str]) -> Iterator[int]:
    """The top graph's nodes that call one of these functions, directly or through others."""
    proto = graph.proto
    wanted = callers(
        proto, (key for key in map(key_of, proto.functions) if function_path(*key) in functions)
    )
    return (at for at, node in enumerate(proto.graph.node) if not wanted.isdisjoint(calls([node])))


def _carried(
    graph: TaggedGraph, core: Mapping[int, Reason], policy: Policy, constants: Constants
) -> dict[int, Reason]:
    """Walk upstream from the core as far as the policy goes."""
    top = graph.top
    if policy == "include_all":
        return _walk(top, core, lambda _: "upstream")

    def constant(node: int) -> Reason | None:
        return "constant" if constants.is_constant(node) else None

    if policy == "exclude_safe":
        return _walk(top, core, constant)

    def serves(node: int) -> Reason | None:
        if constant(node):
            return "constant"
        if graph.ops[graph.flat.top[node]].auxiliary:
            return "context"
        return "shape" if constants.is_shape_arithmetic(node) else None

    return _walk(top, core, serves)


def _walk(
    top: TopGraph, core: Iterable[int], reason: Callable[[int], Reason | None]
) -> dict[int, Reason]:
    found: dict[int, Reason] = {}
    inside = set(core)
    pending = list(core)
    while pending:
        for maker in top.makers[pending.pop()]:
            if maker not in inside and (why := reason(maker)) is not None:
                inside.add(maker)
                found[maker] = why
                pending.append(maker)
    return found


def _outputs(
    graph: TaggedGraph, core: Mapping[int, Reason], constants: Constants, *, whole: bool
) -> tuple[str, ...]:
    """The values of the core that others read, or that the model gives back.

    A constant is copied to whoever needs it and does not leave, unless nothing
    else does.
    """
    top = graph.top
    given_back = [
        name for name in top.outputs if (top.maker[name] in core if name in top.maker else whole)
    ]
    leaving = dict.fromkeys(given_back)
    constant_values: list[str] = []
    for node in _sorted(graph, core):
        for name in top.makes[node]:
            if any(reader not in core for reader in top.readers.get(name, ())):
                if constants.is_constant(node):
                    constant_values.append(name)
                else:
                    leaving.setdefault(name)
    if leaving or constant_values:
        return tuple(leaving or constant_values)
    # Nobody uses what this module makes; what it makes last is its result all the same.
    return tuple(
        name for node in sorted(core) for name in top.makes[node] if name not in top.readers
    )


def _sorted(graph: TaggedGraph, nodes: Iterable[int]) -> list[int]:
    """Nodes in an order in which they can run: a file need not list them so."""
    return sorted(nodes, key=graph.flat.top.__getitem__)


def _in_order(graph: TaggedGraph, inputs: Iterable[str]) -> tuple[str, ...]:
    """The model's own inputs first, as the model has them; then by the node that makes them."""
    given = {name: at for at, name in enumerate(graph.top.inputs)}
    made, positions = graph.top.maker, graph.flat.top

    def place(name: str) -> tuple[bool, int]:
        return name in made, positions[made[name]] if name in made else given.get(name, 0)

    return tuple(sorted(inputs, key=place))


def _is_weight(top: TopGraph, name: str) -> bool:
    return name in top.weights or name in top.sparse_weights


def _left_open(holes: Iterable[Hole], inputs: Iterable[str]) -> Iterator[Hole]:
    """The holes that a value still comes back through: a policy may have carried the rest along."""
    border = frozenset(inputs)
    for hole in holes:
        enters = tuple(name for name in hole.enters if name in border)
        if enters:
            yield Hole(hole.nodes, enters)


def _holes(graph: TaggedGraph, core: Mapping[int, Reason]) -> tuple[Hole, ...]:
    """Nodes that depend on the core and that the core depends on, connected ones together."""
    top, positions = graph.top, graph.flat.top
    # All ways from one node to another lead through nodes that run between them.
    ends = [positions[node] for node in core]
    run = range(min(ends), max(ends) + 1)
    between = _reached(core, top.users, positions, run)
    between &= _reached(core, top.makers, positions, run)
    holes = []
    while between:
        group = {between.pop()}
        pending = deque(group)
        while pending:
            node = pending.popleft()
            near = {*top.makers[node], *top.users[node]} & between
            between -= near
            group |= near
            pending.extend(near)
        enters = [
            name
            for node in _sorted(graph, group)
            for name in top.makes[node]
            if any(reader in core for reader in top.readers.get(name, ()))
        ]
        holes.append(Hole(tuple(_sorted(graph, group)), tuple(enters)))
    return tuple(sorted(holes, key=lambda hole: [positions[node] for node in hole.nodes]))


def _reached(
    core: Iterable[int],
    neighbours: Sequence[tuple[int, ...]],
    positions: Sequence[int],
    run: range,
) -> set[int]:
    """All with positions in ``run`` that is reached from the core, itself left out."""
    inside = set(core)
    reached: set[int] = set()
    pending = list(inside)
    while pending:
        for near in neighbours[pending.pop()]:
            if positions[near] in run and near not in inside and near not in reached:
                reached.add(near)
                pending.append(near)
    return reached
