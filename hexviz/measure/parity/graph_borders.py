"""The values at the borders of modules of one graph, and what may stand for them in another.

::

    reference   MatMul ─ Add "y" ─▶ Relu            y leaves its module
    graph       DynamicQuantizeLinear ─ MatMulInteger ─ Cast ─ Mul ─ Add "y" ─▶ Relu
    graph       Gemm "g" ─ Reshape "y" ─▶ Relu      g and y hold the same: both may stand for y
    graph       … Gather "y_q" ─ DequantizeLinear "y" ─▶ Relu      and so do y_q and y

The matching of two graphs (:mod:`hexviz.matching`) knows a value however it is carried on: by
casts, quantisation or layout. All values of the top graph that one is carried on to are its
*family*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hexviz.matching.pair_growth import Growth
from hexviz.matching.side import Side
from hexviz.matching.skeleton import Skeleton
from hexviz.measure.parity.dequantised import FLOAT
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph

__all__ = [
    "BorderValue",
    "border_values",
    "families",
    "held_by",
    "modules_between",
    "representatives",
]


@dataclass(frozen=True, slots=True)
class BorderValue:
    """A value that ops of another module compute with, or that is a result of the model.

    ``root`` is its number in the graph's skeleton, ``source`` the name of the only value that its
    op moves on from, if it is only one (the op may have done nothing to it). ``readers`` are the
    other modules that compute with it; if all of them are below the value's own, ``handed_to`` is
    one of them.
    """

    name: str
    root: int
    module: str
    handed_to: str
    source: str = ""
    readers: frozenset[str] = frozenset()


def border_values(graph: TaggedGraph, side: Side) -> Iterator[BorderValue]:
    """The values of the top graph at borders, in order of execution; linear in the graph.

    By their roots: what carries a value on does no arithmetic.
    """
    skeleton = side.graph
    results = {skeleton.roots[value] for value in skeleton.outputs}
    for number, node in enumerate(skeleton.nodes):
        if node.is_carrier or node.calls or skeleton.flat.ops[node.position].body:
            continue
        own = graph.ops[node.position].module
        # An embedding that is looked up at constant places is a constant, and a module's output.
        is_auxiliary = graph.ops[node.position].auxiliary is not None
        for value in node.outputs:
            if value < 0 or (skeleton.constant[value] and is_auxiliary):
                continue
            others = {
                graph.ops[skeleton.nodes[reader].position].module
                for reader, _ in skeleton.readers[value]
            } - {own}
            if value in results or others:
                inside = value not in results and all(names.is_within(one, own) for one in others)
                moving = side.moving(number)
                yield BorderValue(
                    skeleton.ids[value],
                    value,
                    own,
                    handed_to=min(others) if inside else "",
                    source=skeleton.ids[moving[0]] if len(moving) == 1 else "",
                    readers=frozenset(others),
                )


def held_by(graph: TaggedGraph, growth: Growth, border: BorderValue) -> tuple[str, bool]:
    """The module whose op makes a border value in the other graph, and whether the op became none.

    The value's own module, unless its op became none there (a Relu that the quantisation does as
    well): then that of the value that the op was made from.
    """
    skeleton, root, module = growth.before.graph, border.root, border.module
    is_dissolved = False
    while growth.last.get(growth.values.get(root, -1)) == root:
        node = skeleton.makers[root]
        moving = growth.before.moving(node) if node >= 0 else ()
        if node < 0 or node in growth.nodes or len(moving) != 1:
            break
        is_dissolved = True
        root = moving[0]
        before = skeleton.makers[root]
        if before < 0:
            break
        module = graph.ops[skeleton.nodes[before].position].module
    return module, is_dissolved


def families(growth: Growth, graph: TaggedGraph) -> dict[int, list[str]]:
    """Root of the reference → the values of the top graph that hold it, one carried on to the next.

    Those of the reference's name first, then in order of execution; before all of them the floats
    of an 8-bit value, because ops on 8 bits do not read what a file dequantises for others.
    """
    mine, theirs = growth.before.graph, growth.after.graph
    carried: dict[int, list[str]] = {}
    for value, root in enumerate(theirs.roots):
        if theirs.ids[value] in graph.top.maker and not _is_blocked(graph, theirs.ids[value]):
            carried.setdefault(root, []).append(theirs.ids[value])
    found = {}
    for root, counterpart in growth.values.items():
        # Of several values of the reference that are one here, ops between them became none (a
        # Relu that the quantisation does as well): it is the last of them.
        if growth.last.get(counterpart, root) == root:
            known = carried.get(counterpart, [])
            own = mine.ids[root]
            found[root] = sorted(known, key=lambda name: (not name.endswith(FLOAT), name != own))
    return found


_BLOCKED = "com.microsoft.nchwc"
"""Where ops of ONNX Runtime are that hold channels in blocks: as many elements in another order."""


def _is_blocked(graph: TaggedGraph, value: str) -> bool:
    node = graph.proto.graph.node[graph.top.maker[value]]
    return bool(node.domain == _BLOCKED and node.op_type != "ReorderOutput")


def representatives(
    graph: TaggedGraph, skeleton: Skeleton, family: Mapping[int, Sequence[str]]
) -> dict[int, str]:
    """Root → the name of the value of the reference to compare: the root's own if it can be.

    Where only values that it is carried on to have their names in the other graph (layout differs
    before them), the first of these.
    """
    found: dict[int, str] = {}
    for value, root in enumerate(skeleton.roots):
        name = skeleton.ids[value]
        if root in family and name in family[root] and name in graph.top.maker:
            found.setdefault(root, name)
    return found


def modules_between(
    graph: TaggedGraph, skeleton: Skeleton, roots: Collection[int]
) -> dict[int, frozenset[str]]:
    """Root → the modules of the ops that it is computed by from others of these roots.

    Ops that hand a value on, or compute constants, are left out.
    """
    found: dict[int, frozenset[str]] = {}
    held = set(roots)
    for root in held:
        pending, seen = [skeleton.makers[root]], set()
        while pending:
            node = pending.pop()
            if node < 0 or node in seen:
                continue
            seen.add(node)
            for value in skeleton.nodes[node].inputs:
                before = skeleton.roots[value] if value >= 0 else -1
                if before >= 0 and before not in held and not skeleton.constant[before]:
                    pending.append(skeleton.makers[before])
        positions = (skeleton.nodes[node].position for node in seen)
        found[root] = frozenset(
            graph.ops[at].module for at in positions if graph.ops[at].auxiliary is None
        )
    return found
