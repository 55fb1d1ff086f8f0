"""Provenance and context in one sentence a person believes, made from the same record."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.tagging.bounds import are_two_calls

__all__ = ["context_sentence", "counterpart_type", "module_sentence", "owner_of", "source_file"]


def module_sentence(graph: TaggedGraph, op: Op) -> str:
    """How the op got its module."""
    sentence = _sentence(graph, op)
    if op.provenance.shared_by:
        others = _listing([graph.modules[one].tag for one in op.shared_by])
        sentence += f" It also does the work of {others}: a tool made one op of several."
    return sentence


def _sentence(graph: TaggedGraph, op: Op) -> str:
    place = _place(op.tag)
    if op.provenance.is_of_another_graph:
        return _transfer_sentence(graph, op, place)
    names = [_op(graph, near) for near in op.provenance.evidence]
    values = op.provenance.values
    match op.provenance.rule:
        case "metadata":
            return f"Ran in {place}: the file's metadata records it."
        case "name":
            return f"Ran in {place}: the name {_first(values)} says so."
        case "weight":
            return f"Ran in {place}: it uses {_first(values)}, a weight of that module."
        case "value":
            return (
                f"Ran in {place}: {_first(values)} was recorded there before the file was "
                "converted or rewritten, and the value kept its name."
            )
        case "renamed":
            return (
                f"Ran in {place}: the file's map, written when it was tagged, has {_first(values)} "
                "there, which was computed the same way from and for the same."
            )
        case "trace":
            return _trace_sentence(graph, op, place, names)
        case "consumers":
            return _consumers_sentence(graph, op, place)
        case "producers":
            return _producers_sentence(graph, op, place, names)
        case "override":
            return f"Placed in {place} by hand."
    return "Nothing is known of its module, so it stands at the root."


def source_file(graph: TaggedGraph) -> str:
    """The file that the tags of a graph were transferred from, as people are told of it."""
    return graph.transferred_from.file if graph.transferred_from else "the graph it was tagged from"


def counterpart_type(graph: TaggedGraph, op: Op, other: str) -> str:
    """The type of an op of the other graph that an op here has its tag from."""
    known = graph.transferred_from
    return (known.types.get(other) if known else None) or op.op_type


def _transfer_sentence(graph: TaggedGraph, op: Op, place: str) -> str:
    file = source_file(graph)
    first, *others = [
        f"{counterpart_type(graph, op, other)} “{other}”" for other in op.provenance.evidence
    ]
    match op.provenance.rule:
        case "value":
            return f"Ran in {place}: it makes the value of {first} in {file}, which kept its name."
        case "renamed":
            return (
                f"Ran in {place}: it is {first} of {file} by another name, computed from and for "
                "the same."
            )
        case "fused":
            stands = f", and stands for {_listing(others)} there" if others else ""
            return f"Ran in {place}: it gives the value of {first} in {file}{stands}."
        case "inserted":
            return f"Placed in {place}: a tool inserted it, and it serves {first} of {file}."
        case "run":
            return (
                f"Ran in {place}: both files were run, and it gives the value of {first} in {file}."
            )
    return f"Ran in {place}: it is {first} of {file}, with the same name, type and surroundings."


def owner_of(graph: TaggedGraph, op: Op) -> Op | None:
    """The If, Loop or Scan in whose body an op is; ``None`` in the top graph and in functions."""
    owner = next((body.owner for body in graph.flat.bodies if body.path == op.body), "")
    return graph.op(owner) if owner else None


def _consumers_sentence(graph: TaggedGraph, op: Op, place: str) -> str:
    at = graph.positions[op.id]
    users = {graph.ops[after].id for after in graph.flat.successors[at]}
    named = [_op(graph, near) for near in op.provenance.evidence if near in users]
    others = [_op(graph, near) for near in op.provenance.evidence if near not in users]
    if op.provenance.witnesses:
        alike = [_op(graph, one) for one in op.provenance.witnesses]
        led = [_op(graph, near) for near in op.provenance.evidence]
        return (
            f"Placed in {place}, which it begins before {_listing(led)}: modules of that kind all "
            f"begin so, whoever calls them; see {_listing(alike)}."
        )
    told = _listing(named, total=len(users))
    if others:
        return (
            f"Placed in {place}, which holds all its users ({told}) "
            f"and what opens next, {others[0]}."
        )
    return f"Placed in {place}, where its users meet: {told}."


def _trace_sentence(graph: TaggedGraph, op: Op, place: str, names: list[str]) -> str:
    if op.provenance.witnesses:
        doubles = [_op(graph, one) for one in op.provenance.witnesses]
        return (
            f"Ran in {place}, between {_listing(names)}: its doubles in sibling modules, "
            f"{_listing(doubles)}, are recorded there."
        )
    owner = owner_of(graph, op)
    if owner is not None and list(op.provenance.evidence) == [owner.id]:
        return f"Ran in {place} or below: it is in a body of {names[0]}, which ran there."
    if len(names) == 2 and _is_between_calls(graph, op):
        return f"Ran in {place} or below, between two calls of one module: {_listing(names)}."
    if len(names) == 2:
        return f"Ran in {place}, the deepest module open both at {names[0]} and at {names[1]}."
    if len(names) > 2:
        return f"Ran in {place}, the deepest module open at all of {_listing(names, most=4)}."
    return f"Ran in {place}: next to it lie {_listing(names)} and the edge of the graph."


def _is_between_calls(graph: TaggedGraph, op: Op) -> bool:
    ends = [graph.positions[near] for near in op.provenance.evidence if near in graph.positions]
    if len(ends) != 2:
        return False
    one, two = ends
    modules = {graph.ops[one].module, graph.ops[two].module}
    return len(modules) == 1 and op.module not in modules and are_two_calls(graph.flat, one, two)


def _producers_sentence(graph: TaggedGraph, op: Op, place: str, names: list[str]) -> str:
    if op.provenance.witnesses:
        others = [_op(graph, one) for one in op.provenance.witnesses]
        return (
            f"Placed in {place}, which it ends after {names[0]}: modules of that kind all end so, "
            f"whoever calls them; see {_listing(others)}."
        )
    if op.provenance.candidates:
        return f"Placed in {place}, which was computing itself and goes on with {names[0]}."
    return f"Placed in {place}, where its inputs meet: {_listing(names)}."


def _first(values: tuple[str, ...]) -> str:
    return f"“{values[0]}”" if values else "it carries"


def context_sentence(graph: TaggedGraph, op: Op) -> str | None:
    """How an auxiliary op got its context; ``None`` for a primary op."""
    context = op.context
    if context is None:
        return None
    if context.rule == "root":
        return "No context: it neither feeds a primary op nor is fed by one."
    *through, source = context.evidence
    sentence = f"Context inherited from {_op(graph, source)} in {_place(graph.op(source).tag)}"
    if through:
        sentence += f", through {_chain([_op(graph, step) for step in through])}"
    if context.rule == "producers":
        sentence += "; it feeds no primary op, so what feeds it decides"
    if len(context.users) > 1:
        sentence += f". It serves {len(context.users)} modules, which meet in {_place(context.tag)}"
    return sentence + "."


def _op(graph: TaggedGraph, op_id: str) -> str:
    at = graph.positions.get(op_id)
    if at is None:
        return op_id
    return f"{graph.ops[at].op_type} “{op_id}”"


def _place(tag: str) -> str:
    return tag if tag != "/" else "the root"


def _listing(names: list[str], *, most: int = 3, total: int | None = None) -> str:
    shown = names[:most]
    rest = (len(names) if total is None else total) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _chain(names: list[str], most: int = 4) -> str:
    if len(names) <= most:
        return " → ".join(names)
    return f"{names[0]} → {names[1]} → … ({len(names) - 3} more) … → {names[-1]}"
