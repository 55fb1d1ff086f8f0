"""The certificate of a part: what it is made of and what was found out about it, and in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import onnx

from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.subgraph import Hole, Reason, Subgraph
from hexviz.extraction.verify import Verification, verification_record
from hexviz.model.bodies import function_path
from hexviz.model.function_calls import callees
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.op import Op

if TYPE_CHECKING:
    from hexviz.extraction.check import Checks

__all__ = [
    "WHY",
    "boundary",
    "came_along",
    "kept_by_why",
    "report",
    "size",
    "unjudged_in_words",
    "value_bytes",
    "weight_bytes",
]


def report(
    graph: TaggedGraph,
    selected: ModuleSelection,
    policy: str,
    subgraph: Subgraph,
    model: onnx.ModelProto,
    *,
    values: Mapping[str, Value],
    checks: Checks,
    verification: Verification | None,
) -> dict[str, Any]:
    """All that is known of a part, in JSON's types.

    ``graph`` is the whole, ``model`` the part; ``values`` are those at its border, by name.
    Sizes are in bytes, ``null`` where a dimension is not a number.
    ``verification`` is ``null`` until the part has been verified.
    """
    return {
        "model": graph.name,
        "selection": {
            "modules": sorted(selected.modules),
            "exclude": sorted(selected.exclude),
            "ops": sorted(selected.ops),
        },
        "policy": policy,
        **boundary(graph, selected, subgraph, values),
        "size": {
            "nodes": len(model.graph.node),
            "nodes_of_whole": len(graph.proto.graph.node),
            "weights": len(subgraph.weights),
            "weight_bytes": weight_bytes(graph, subgraph.weights),
            "bytes": model.ByteSize(),
            "functions": len(model.functions),
        },
        "checks": checks.record(),
        "verification": None if verification is None else verification_record(verification),
    }


def boundary(
    graph: TaggedGraph,
    selected: ModuleSelection,
    subgraph: Subgraph,
    values: Mapping[str, Value] = MappingProxyType({}),
) -> dict[str, Any]:
    """The part of the report that needs no model to be built: what is kept, and what is cut.

    ``kept`` counts ops; ``carried`` lists those that the policy added, with
    the reason; ``enclosed`` those that were not selected and run in a body of
    one that is kept. ``around`` lists the ops that are kept because selected
    ones run inside of them, and which modules come along with each. ``inputs``
    and ``outputs`` are the values cut, ``holes`` the ops that dataflow leaves
    the part for and comes back from. ``values`` are those whose type is known
    better than the graph knows it.
    """
    ops = [graph.ops[at] for at in graph.flat.top]
    carried = set(subgraph.carried())
    core = set(subgraph.core())
    inner, enclosed = _inner(graph, selected, subgraph)

    def crossing(name: str, readers: Iterable[int]) -> dict[str, Any]:
        maker = graph.top.maker.get(name)
        return {
            **_value(values.get(name) or graph.value(name)),
            "from": None if maker is None else _about(ops[maker]),
            "read_by": _modules(ops[node] for node in readers),
        }

    readers = graph.top.readers
    return {
        "kept": {
            "ops": len(subgraph.why) + inner,
            "selected": sum(why == "selected" for why in subgraph.why.values()),
            "carried": len(carried),
            "why": dict(Counter(subgraph.why.values())),
        },
        "carried": [
            {**_about(ops[node]), "why": subgraph.why[node]}
            for node in subgraph.why
            if node in carried
        ],
        "enclosed": enclosed,
        "around": _around(graph, selected, subgraph),
        "inputs": [
            crossing(name, (node for node in readers.get(name, ()) if node in subgraph.why))
            for name in subgraph.inputs
        ],
        "outputs": [
            {
                **crossing(name, (node for node in readers.get(name, ()) if node not in core)),
                "model_output": name in graph.top.outputs,
            }
            for name in subgraph.outputs
        ],
        "holes": [_hole(ops, hole) for hole in subgraph.holes],
    }


def _inner(
    graph: TaggedGraph, selected: ModuleSelection, subgraph: Subgraph
) -> tuple[int, list[str]]:
    """How many ops lie in bodies of kept ones, and the ids of those that nobody selected."""
    inner = [at for node in subgraph.why for at in graph.flat.ops_of(node)[0]]
    chosen = set(selected.positions(graph)) if inner else set()
    return len(inner), [graph.ops[at].id for at in inner if at not in chosen]


def _around(
    graph: TaggedGraph, selected: ModuleSelection, subgraph: Subgraph
) -> list[dict[str, Any]]:
    """The ops that came whole since a part of them was selected, each with what is in it.

    ``selected`` and ``besides`` are modules of ops inside, chosen and not;
    ``ops`` counts those that nobody chose.
    """
    nodes = [node for node, why in subgraph.why.items() if why == "encloses"]
    if not nodes:
        return []
    chosen = set(selected.positions(graph))
    found = []
    for node in nodes:
        inner = [*graph.flat.ops_of(node)[0], *_in_functions(graph, node)]
        others = [at for at in inner if at not in chosen]
        found.append(
            {
                **_about(graph.ops[graph.flat.top[node]]),
                "selected": _modules(graph.ops[at] for at in inner if at in chosen),
                "besides": _modules(graph.ops[at] for at in others),
                "ops": len(others),
            }
        )
    return found


def _in_functions(graph: TaggedGraph, node: int) -> list[int]:
    """The positions of the ops in all functions that a node of the top graph calls."""
    paths = {function_path(*key) for key in callees(graph.proto, [graph.proto.graph.node[node]])}
    ops = graph.flat.ops
    return [at for at in range(graph.flat.functions) if ops[at].body.partition("/")[0] in paths]


def _about(op: Op) -> dict[str, str]:
    return {"op": op.id, "op_type": op.op_type, "module": op.module}


def _value(value: Value) -> dict[str, Any]:
    return {
        "name": value.name,
        "type": str(value),
        "dtype": value.dtype,
        "shape": None if value.shape is None else list(value.shape),
        "bytes": value_bytes(value),
    }


def _modules(ops: Iterable[Op]) -> list[str]:
    return list(dict.fromkeys(op.module for op in ops))


def _hole(ops: Sequence[Op], hole: Hole) -> dict[str, Any]:
    return {
        "ops": [ops[node].id for node in hole.nodes],
        "modules": _modules(ops[node] for node in hole.nodes),
        "enters": list(hole.enters),
    }


def weight_bytes(graph: TaggedGraph, weights: Iterable[str]) -> int:
    """The size of some initializers; one of a type without a fixed size counts nothing."""
    return sum(value_bytes(graph.value(name)) or 0 for name in weights)


def value_bytes(value: Value) -> int | None:
    """The size of a value; ``None`` where a dimension is no number or the type has no size."""
    if value.shape is None or value.dtype is None:
        return None
    try:
        kind = onnx.TensorProto.DataType.Value(value.dtype.upper())
        width = onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize
    except (ValueError, KeyError):
        return None
    sizes = [dim for dim in value.shape if isinstance(dim, int)]
    return math.prod(sizes) * width if len(sizes) == len(value.shape) else None


WHY: Mapping[str, str] = {
    "selected": "selected",
    "encloses": "a selected op runs inside of it",
    "hole": "fills a hole",
    "constant": "a constant that is read",
    "context": "serves what is kept",
    "shape": "arithmetic on shapes",
    "upstream": "needed to run from the model's inputs",
}
"""Why an op is kept: a :data:`Reason` in words."""

_PARTS: Mapping[Reason, str] = {
    "selected": "selected",
    "encloses": "around selected ones",
    "hole": "in filled holes",
}


def kept_by_why(document: Mapping[str, Any]) -> list[str]:
    """How many ops are kept, by why, of a report or of :func:`boundary`'s part of it."""
    why: Mapping[Reason, int] = document["kept"]["why"]
    parts = [
        f"{why[one]:,} {name}{_named(document) if one == 'encloses' else ''}"
        for one, name in _PARTS.items()
        if one in why
    ]
    inner = document["kept"]["ops"] - sum(why.values())
    parts += [f"{inner:,} in their bodies"] * bool(inner)
    carried = document["kept"]["carried"]
    return parts + [f"{carried:,} carried along"] * bool(carried)


_MOST_NAMED = 4  # of a kind, in a sentence


def came_along(document: Mapping[str, Any]) -> list[str]:
    """One sentence for each op that could not be cut through: what came whole, and what with it."""
    return [_came_whole(one) for one in document["around"]]


def unjudged_in_words(unjudged: Sequence[str]) -> str:
    """What ONNX's checker refuses in the whole file as well, in a sentence; empty if nothing."""
    if not unjudged:
        return ""
    more = f"; and {len(unjudged) - 1:,} more" if len(unjudged) > 1 else ""
    return (
        f"ONNX's checker says of the whole file too, so it was not judged here: {unjudged[0]}{more}"
    )


def _came_whole(around: Mapping[str, Any]) -> str:
    inside = _few([fqn or "the root" for fqn in around["selected"]])
    line = (
        f"{around['op_type']} {around['op']} comes whole, because a body cannot be cut and it has "
        f"ops of {inside} inside"
    )
    if not around["ops"]:
        return f"{line}."
    besides = _few([fqn or "the root" for fqn in around["besides"]])
    count = "1 op that was" if around["ops"] == 1 else f"{around['ops']:,} ops that were"
    return f"{line}: along with them, {count} not selected, of {besides}."


def _named(document: Mapping[str, Any]) -> str:
    """The ops around selected ones, in brackets."""
    around = [f"{one['op_type']} {one['op']}" for one in document["around"]]
    return f" ({_few(around)})"


def _few(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many.

    >>> _few(["a"]), _few(["a", "b", "c"]), _few(list("abcdef"))
    ('a', 'a, b and c', 'a, b, c, d and 2 more')
    """
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def size(count: float) -> str:
    """Decimal units, as disks and file managers count.

    >>> size(12), size(65_536), size(3_200_000_000)
    ('12 B', '65.5 kB', '3.2 GB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:,.1f} TB"
