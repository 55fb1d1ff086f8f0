"""What if auxiliary ops were placed by another policy: the answers, and what would move.

::

    a: enc ──▶ t: ? ──▶ q: enc.att.q       consumers   enc.att     where t's users meet
    c: ? ──────▶ t └──▶ k: enc.att.k       producers   enc         where what feeds t meets
                                           ancestor    enc         the common ancestor of both

``inference`` is hexviz's own answer to the same question. A policy answers for
every auxiliary op that no person placed, also where the exporter recorded a
module, and for every primary op whose module is not on record.
"""

from __future__ import annotations

from collections.abc import Mapping

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ON_RECORD
from hexviz.tagging.inherit import inherit

__all__ = ["POLICIES", "changes", "from_consumers", "from_producers", "what_if"]

POLICIES = ("consumers", "producers", "ancestor", "inference")
"""The policies that :func:`what_if` knows."""


def what_if(graph: TaggedGraph, policy: str) -> dict[int, str]:
    """Position → FQN, for every op of the graph, as ``policy`` would have it. Linear.

    Ops that a person placed, and primary ops whose module is declared, keep
    theirs. Every answer is a module of the tree.

    Raises:
        ValueError: if the policy is none of :data:`POLICIES`.
    """
    flat = graph.flat
    fixed = {
        at: op.provenance
        for at, op in enumerate(graph.ops)
        if op.provenance.origin == "manual"
        or (op.provenance.origin in ON_RECORD and op.auxiliary is None)
    }
    known = {at: why.module for at, why in fixed.items()}
    match policy:
        case "consumers":
            answers = from_consumers(flat, known)
        case "producers":
            answers = from_producers(flat, known)
        case "ancestor":
            answers = from_consumers(flat, known)
            for at, above in _upstream(flat, known).items():
                if above is not None:
                    answers[at] = names.common_ancestor(answers[at], above)
        case "inference":
            inherited = inherit(flat, fixed, graph.modules.infos()).provenance
            answers = {at: why.module for at, why in inherited.items()}
        case _:
            raise ValueError(f"No policy is named {policy!r}: take one of {', '.join(POLICIES)}.")
    return {at: graph.modules.nearest(answers[at]) for at in range(len(graph.ops))}


def changes(graph: TaggedGraph, answers: Mapping[int, str]) -> dict[str, list[int]]:
    """Positions of the ops that ``answers`` would move, in order, by where to.

    ``deeper`` is into a module within the present one, ``higher`` into one
    that encloses it, ``elsewhere`` onto another branch.
    """
    moved: dict[str, list[int]] = {"deeper": [], "higher": [], "elsewhere": []}
    for at, answer in sorted(answers.items()):
        present = graph.ops[at].module
        if answer == present:
            continue
        if names.is_within(answer, present):
            moved["deeper"].append(at)
        elif names.is_within(present, answer):
            moved["higher"].append(at)
        else:
            moved["elsewhere"].append(at)
    return moved


def from_consumers(flat: FlatGraph, known: Mapping[int, str]) -> dict[int, str]:
    """``known``, and for every other op where the modules of its consumers meet.

    Users come first. An op that none uses is at the root, to which a result
    of the model goes.
    """
    result = dict(known)
    for at in reversed(flat.order):
        if at not in result:
            result[at] = names.meeting(result[user] for user in flat.successors[at]) or ""
    return result


def from_producers(flat: FlatGraph, known: Mapping[int, str]) -> dict[int, str]:
    """``known``, and for every other op where the modules of what feeds it meet.

    Sources come first. An op that nothing feeds is at the root, but says
    nothing of those it feeds: each ``Reshape`` reads a constant, and would
    follow it there.
    """
    return {at: module or "" for at, module in _upstream(flat, known).items()}


def _upstream(flat: FlatGraph, known: Mapping[int, str]) -> dict[int, str | None]:
    """As :func:`from_producers`; ``None`` where nothing upstream has a module."""
    result: dict[int, str | None] = dict(known)
    for at in flat.order:
        if at not in result:
            sources = (result[source] for source in flat.predecessors[at])
            result[at] = names.meeting(module for module in sources if module is not None)
    return result
