"""Provenance and context, each in a sentence of at most 25 words, made from the same record."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.wording import counted, listed

__all__ = [
    "context_sentence",
    "counterpart_type",
    "doubted_sentence",
    "module_sentence",
    "source_file",
]


def module_sentence(graph: TaggedGraph, op: Op) -> str:
    """How the op got its module, in at most 25 words."""
    why, place = op.provenance, _place(op.tag)
    if why.is_of_another_graph:
        return _transfer_sentence(graph, op, place)
    value = f"“{why.values[0]}”" if why.values else "it carries"
    steps = [_op(graph, step.op) for step in why.steps]
    around = listed(steps) or "an op"  # a stranger's record may lack its evidence
    first = steps[0] if steps else "an op"
    relations = {step.relation for step in why.steps}
    witnesses = listed([_op(graph, one) for one in why.witnesses])
    match why.kind:
        case "metadata":
            return f"Ran in {place}: the file's metadata records it."
        case "record by value":
            return (
                f"Ran in {place}: {value} was recorded there before the file was rewritten, and "
                "kept its name."
            )
        case "record by structure":
            return (
                f"Ran in {place}: the file's map has {value} there, computed the same way from "
                "and for the same."
            )
        case "doubles":
            double = _op(graph, why.witnesses[0]) if why.witnesses else "another op"
            return (
                f"Ran in {place}, between {around}, like its doubles in sibling modules, "
                f"such as {double}."
            )
        case "body":
            return f"Ran in {place} or below: it is in a body of {first}, which ran there."
        case "function":
            return f"Ran in {place} or below: it is in a function that {first} calls."
        case "two calls":
            calls = " and ".join(steps[:2])
            return f"Ran in {place} or below, between two calls of one module: {calls}."
        case "edge of the graph":
            return f"Ran in {place}, between {around} and the edge of the graph."
        case "trace within a module" | "trace between modules":
            return f"Ran in {place}, the deepest module open {_ends(steps)}."
        case "habit at the beginning":
            return (
                f"Placed in {place}, which it begins before {first}, as all modules of that kind "
                f"begin: see {witnesses}."
            )
        case "habit at the end":
            return (
                f"Placed in {place}, which it ends after {first}, as all modules of that kind "
                f"end: see {witnesses}."
            )
        case "own arithmetic":
            return f"Placed in {place}, which was computing itself and goes on with {first}."
        case "pair at the beginning" | "pair at the end":
            undone = steps[1] if len(steps) > 1 else "another op"
            return f"Placed in {place} next to {first}: at its other end, {undone} undoes it."
        case "only work at the beginning" | "only work at the end":
            return f"Placed in {place} next to {first}: without it, that would only call others."
        case "border at the beginning":
            return f"Placed in {place}, which it probably begins before {first}."
        case "border at the end":
            return f"Placed in {place}, which it probably ends after {first}."
        case "opens next" | "restored weight" | "consumers without order":
            return _users_sentence(graph, op, place)
        case "producers":
            return f"Placed in {place}, where its inputs meet: {around}."
        case "repeated block":
            of = f"In {place}, one of {_copies(graph, op)} of a block"
            if not steps:
                return f"{of}, of which no other has this op. Nothing in the file names it."
            return f"{of}: {first} is the same op of another. Nothing in the file names it."
        case "pattern of ops":
            return f"In {place}, found by the pattern of its ops. Nothing in the file names it."
        case "serves one block":
            how = (
                "it is in a body of" if relations == {"holds its body"} else "used there alone, by"
            )
            return f"In {place}, a block that nothing in the file names: {how} {around}."
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


def doubted_sentence(op: Op, source: str) -> str:
    """The same of an op that the audit accuses: who says so, and not that it is so.

    ``source`` is the file that tags were transferred from.
    """
    place = _place(op.tag)
    match op.provenance.origin:
        case "declared":
            by = {"name": "by a name", "weight": "by a weight's name"}
            how = by.get(op.provenance.rule, "in its metadata")
            return f"Said by the file, {how}: {place}. The audit doubts it."
        case "transferred":
            return f"Taken from {source}: {place}. The audit doubts it."
        case "inherited":
            return f"Concluded from the ops around it: {place}. The audit doubts it."
        case "recovered":
            return f"Recovered from what the graph repeats: {place}. The audit doubts it."
    return f"Placed in {place}. The audit doubts it."


def _copies(graph: TaggedGraph, op: Op) -> str:
    """How many copies the op's block has."""
    known = op.module in graph.modules
    copies = graph.modules[op.module].copies if known else 0
    return f"{copies} copies" if copies > 1 else "several copies"


def _ends(steps: list[str]) -> str:
    if len(steps) == 2:
        return f"both at {steps[0]} and at {steps[1]}"
    return f"at all of {listed(steps)}"


def _from(steps: list[str]) -> str:
    return f", from {listed(steps)}" if steps else ""


def _users_sentence(graph: TaggedGraph, op: Op, place: str) -> str:
    users = [_op(graph, step.op) for step in op.provenance.steps if step.relation == "uses it"]
    after = [_op(graph, step.op) for step in op.provenance.steps if step.relation != "uses it"]
    total = len(graph.flat.successors[graph.positions[op.id]])
    named = listed(users, total=total) if users else counted(total, "op")
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
            stands = f", and stands for {listed(others)} there" if others else ""
            return f"Ran in {place}: it gives the value of {first} in {file}{stands}."
        case "inserted":
            return f"Placed in {place}: a tool inserted it, and it serves {first} of {file}."
        case "run":
            return (
                f"Ran in {place}: both files were run, and it gives the value of {first} in {file}."
            )
    return f"Ran in {place}: it is {first} of {file}, with the same name, type and surroundings."


def context_sentence(graph: TaggedGraph, op: Op) -> str | None:
    """What an auxiliary op is for, in at most 25 words; ``None`` for a primary op."""
    context = op.context
    if context is None:
        return None
    if context.rule == "root":
        return "No context: it neither feeds a primary op nor is fed by one."
    *through, last = context.evidence
    types = [graph.op(step).op_type for step in through]
    nearest = _op(graph, last)
    if len(context.users) > 1:
        meeting = f"of {len(context.users)} modules that meet in {_place(context.tag)}"
        named = f"ops {meeting}, the nearest {nearest}"
    else:
        named = f"{nearest} in {_place(graph.op(last).tag)}"
    if context.rule == "producers":
        return f"Follows {named}{_via(types[::-1])}; no primary op needs it."
    return f"Needed by {named}{_via(types)}."


def _op(graph: TaggedGraph, op_id: str) -> str:
    at = graph.positions.get(op_id)
    if at is None:
        return op_id
    return f"{graph.ops[at].op_type} “{op_id}”"


def _place(tag: str) -> str:
    return tag if tag != "/" else "the root"


def _via(types: list[str], most: int = 4) -> str:
    """The types of the ops on the way, in the order in which they run."""
    if len(types) > most:
        types = [*types[:2], "…", types[-1]]
    return f", via {' → '.join(types)}" if types else ""
