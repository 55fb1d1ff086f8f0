"""Provenance and context in one sentence a person believes, made from the same record."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["context_sentence", "counterpart_type", "module_sentence", "source_file"]


def module_sentence(graph: TaggedGraph, op: Op) -> str:
    """How the op got its module."""
    sentence = _sentence(graph, op)
    if op.provenance.shared_by:
        others = _listing([graph.modules[one].tag for one in op.shared_by])
        sentence += f" It also does the work of {others}: a tool made one op of several."
    return sentence


def _sentence(graph: TaggedGraph, op: Op) -> str:
    why, place = op.provenance, _place(op.tag)
    if why.is_of_another_graph:
        return _transfer_sentence(graph, op, place)
    value = f"“{why.values[0]}”" if why.values else "it carries"
    steps = [_op(graph, step.op) for step in why.steps]
    first = steps[0] if steps else "an op"  # a stranger's record may lack its evidence
    witnesses = _listing([_op(graph, one) for one in why.witnesses])
    match why.kind:
        case "metadata":
            return f"Ran in {place}: the file's metadata records it."
        case "record by value":
            return (
                f"Ran in {place}: {value} was recorded there before the file was "
                "converted or rewritten, and the value kept its name."
            )
        case "record by structure":
            return (
                f"Ran in {place}: the file's map, written when it was tagged, has {value} "
                "there, which was computed the same way from and for the same."
            )
        case "doubles":
            return (
                f"Ran in {place}, between {_listing(steps)}: its doubles in sibling modules, "
                f"{witnesses}, are recorded there."
            )
        case "body":
            return f"Ran in {place} or below: it is in a body of {first}, which ran there."
        case "function":
            return f"Ran in {place} or below: it is in a function that {first} calls."
        case "two calls":
            calls = _listing(steps[:2])
            return f"Ran in {place} or below, between two calls of one module: {calls}."
        case "edge of the graph":
            return f"Ran in {place}: next to it lie {_listing(steps)} and the edge of the graph."
        case "trace within a module" | "trace between modules":
            return f"Ran in {place}, the deepest module open {_ends(steps)}."
        case "habit at the beginning":
            return (
                f"Placed in {place}, which it begins before {first}: modules of that kind all "
                f"begin so, whoever calls them; see {witnesses}."
            )
        case "habit at the end":
            return (
                f"Placed in {place}, which it ends after {first}: modules of that kind all end "
                f"so, whoever calls them; see {witnesses}."
            )
        case "own arithmetic":
            return f"Placed in {place}, which was computing itself and goes on with {first}."
        case "opens next" | "restored weight" | "consumers without order":
            return _users_sentence(graph, op, place)
        case "producers":
            return f"Placed in {place}, where its inputs meet: {_listing(steps)}."
    match why.rule:  # of which all kinds say the same, or the kind is not on record
        case "name":
            return f"Ran in {place}: the name {value} says so."
        case "weight":
            return f"Ran in {place}: it uses {value}, a weight of that module."
        case "override":
            return f"Placed in {place} by hand."
        case "root":
            return "Nothing is known of its module, so it stands at the root."
    return f"Placed in {place}, as the file records: decided by rule {why.rule}{_from(steps)}."


def _ends(steps: list[str]) -> str:
    if len(steps) == 2:
        return f"both at {steps[0]} and at {steps[1]}"
    return f"at all of {_listing(steps, most=4)}"


def _from(steps: list[str]) -> str:
    return f", from {_listing(steps)}" if steps else ""


def _users_sentence(graph: TaggedGraph, op: Op, place: str) -> str:
    users = [_op(graph, step.op) for step in op.provenance.steps if step.relation == "uses it"]
    after = [_op(graph, step.op) for step in op.provenance.steps if step.relation != "uses it"]
    named = _listing(users, total=len(graph.flat.successors[graph.positions[op.id]]))
    if after:
        opened = f"what opens next, {after[0]}"
        return f"Placed in {place}, which holds all its users ({named}) and {opened}."
    return f"Placed in {place}, where its users meet: {named}."


def source_file(graph: TaggedGraph) -> str:
    """The name of the file that the tags of a graph were transferred from."""
    return graph.transferred_from.file if graph.transferred_from else "the graph it was tagged from"


def counterpart_type(graph: TaggedGraph, op: Op, other: str) -> str:
    """The type of an op of the other graph that an op here has its tag from."""
    known = graph.transferred_from
    return (known.types.get(other) if known else None) or op.op_type


def _transfer_sentence(graph: TaggedGraph, op: Op, place: str) -> str:
    file = source_file(graph)
    first, *others = [
        f"{counterpart_type(graph, op, step.op)} “{step.op}”" for step in op.provenance.steps
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
    left_out = (len(names) if total is None else total) - len(shown)
    return ", ".join(shown) + (f" and {left_out} more" if left_out else "")


def _chain(names: list[str], most: int = 4) -> str:
    if len(names) <= most:
        return " → ".join(names)
    return f"{names[0]} → {names[1]} → … ({len(names) - 3} more) … → {names[-1]}"
