"""Why an op is where it is, spelled out: sentence, steps of the evidence, what the confidence is.

All of it is made from the op's provenance and nothing else, so it says what
the rules did: :func:`proven` re-derives the module from the same steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op, Provenance
from hexviz.tagging.bounds import are_two_calls
from hexviz.tagging.inherit import CONFIDENCE as INHERITED
from hexviz.tagging.inherit import REBUILT
from hexviz.tagging.sentence import context_sentence, counterpart_type, module_sentence, owner_of
from hexviz.tagging.sources import CONFIDENCE as DECLARED
from hexviz.tagging.summary import op_record
from hexviz.tagging.transferred import CONFIDENCE as TRANSFERRED

__all__ = ["Counterpart", "Explanation", "Part", "Step", "explain", "explanation_record", "proven"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evidence: an op, how it stands to the one before, and the values between.

    The first step follows the explained op itself. ``relation`` is a few words
    ("ran before it", "uses it").
    """

    op: str
    relation: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counterpart:
    """An op of the graph that tags were transferred from, and how it stands to the explained op.

    Its id may also be one of this graph, and then need not be the same op.
    """

    op: str
    op_type: str
    relation: str


@dataclass(frozen=True, slots=True)
class Part:
    """A factor of the confidence, and what it stands for; the product of all is the confidence."""

    factor: float
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of why an op has its module and its context.

    ``steps`` lead to the module, ``witnesses`` do the same elsewhere, and
    ``context_steps`` are the chain to the op that gives the context.
    ``counterparts`` are the ops that a transferred module was taken from, in
    the graph that :attr:`TaggedGraph.transferred_from` names.
    ``disagreeing`` is what other sources of the file said: (module, reason).
    """

    op: Op
    sentence: str
    steps: tuple[Step, ...]
    witnesses: tuple[Step, ...]
    confidence: tuple[Part, ...]
    disagreeing: tuple[tuple[str, str], ...]
    context_sentence: str | None
    context_steps: tuple[Step, ...]
    counterparts: tuple[Counterpart, ...] = ()


_KINDS = {
    "metadata": ((DECLARED["metadata"], "recorded while the model ran"),),
    "name": (
        (DECLARED["name of a known call"], "the exporter knew the call that the name stands for"),
        (DECLARED["name"], "read from a name that the exporter made of the scope"),
        (DECLARED["name of several modules"], "several modules have that scope: it may lie deeper"),
    ),
    "weight": (
        (DECLARED["weight"], "the holder of a weight need not be who uses it"),
        (DECLARED["weight in several places"], "several ops use that weight"),
    ),
    "value": ((TRANSFERRED["value"], "the value kept its name"),),
    "renamed": ((TRANSFERRED["renamed"], "found by what it computes from and for"),),
    "trace": (
        (INHERITED["doubles"], "the same op is recorded so in sibling modules"),
        (INHERITED["trace"], "the same module was open before and after it"),
        (INHERITED["trace between modules"], "modules changed around it: it may lie deeper"),
    ),
    "consumers": (
        (INHERITED["habit"], "all modules of that kind begin so"),
        (INHERITED["consumers"], "all its users lie there, and the order allows it"),
        (INHERITED["consumers without order"], "its users meet there; the order says nothing"),
    ),
    "producers": (
        (INHERITED["habit"], "all modules of that kind end so"),
        (INHERITED["own arithmetic"], "the module was computing itself just before"),
        (INHERITED["producers"], "only its inputs say so"),
    ),
    "root": ((INHERITED["root"], "nothing is known"),),
    "override": ((1.0, "a person said so"),),
}
"""Rule → the confidences it can state, and what each stands for; see :data:`_MATCHED`, too."""


def explain(graph: TaggedGraph, op_id: str) -> Explanation:
    """Why the op has its module and its context.

    Raises:
        UnknownOpError: if there is no such op; the message names near ids.
    """
    op = graph.op(op_id)
    why = op.provenance
    declared = why.origin in ("declared", "transferred")
    return Explanation(
        op=op,
        sentence=module_sentence(graph, op),
        steps=tuple(_steps(graph, op)),
        witnesses=tuple(Step(one, "does the same") for one in why.witnesses),
        confidence=_parts(why),
        disagreeing=tuple((one.module, one.reason) for one in why.candidates if declared),
        context_sentence=context_sentence(graph, op),
        context_steps=tuple(_chain(graph, op)),
        counterparts=tuple(_counterparts(graph, op)),
    )


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain JSON: the op's record, and what :class:`Explanation` has."""
    op = explanation.op
    return op_record(op) | {
        "sentence": explanation.sentence,
        "steps": [asdict(step) for step in explanation.steps],
        "witnesses": [step.op for step in explanation.witnesses],
        "candidates": [asdict(one) for one in op.provenance.candidates],
        "confidence_parts": [asdict(part) for part in explanation.confidence],
        "disagreeing": [
            {"module": module, "reason": reason} for module, reason in explanation.disagreeing
        ],
        "values": list(op.provenance.values),
        "context_sentence": explanation.context_sentence,
        "context_steps": [asdict(step) for step in explanation.context_steps],
        "counterparts": [asdict(one) for one in explanation.counterparts],
    }


def proven(graph: TaggedGraph, op: Op) -> bool | None:
    """Whether the record's own evidence leads to the op's module; ``None`` if it cannot tell.

    A declared module is not derived from other ops, nor is one that doubles
    elsewhere or a person decided. An op whose evidence was cut short at eight
    ops cannot be proven from it either way.
    """
    why = op.provenance
    if why.origin != "inherited" or why.witnesses or not why.evidence:
        return None
    known = [graph.positions[one] for one in why.evidence if one in graph.positions]
    around = [graph.ops[at].module for at in known]
    meeting = reduce(names.common_ancestor, around)
    if why.rule == "trace" and len(around) == 1:
        owner = owner_of(graph, op)
        if owner is None or owner.id != why.evidence[0]:
            meeting = ""  # beyond the first and the last op lies the root
    if (
        why.rule == "trace"
        and len(around) == 2
        and around[0] == around[1]
        and are_two_calls(graph.flat, *known)
    ):
        meeting = names.parent(meeting)
    if why.rule == "producers" and why.candidates:
        return names.is_within(around[0], op.module)
    return graph.modules.nearest(meeting) == op.module


def _counterparts(graph: TaggedGraph, op: Op) -> Iterable[Counterpart]:
    why = op.provenance
    if why.is_of_another_graph:
        first = "is what it serves" if why.rule == "inserted" else "makes the same value"
        for at, other in enumerate(why.evidence):
            relation = "went into it" if at else first
            yield Counterpart(other, counterpart_type(graph, op, other), relation)


def _steps(graph: TaggedGraph, op: Op) -> Iterable[Step]:
    if op.provenance.is_of_another_graph:
        return  # ids that this graph may have as well
    here = graph.positions[op.id]
    for one in op.provenance.evidence:
        at = graph.positions.get(one)
        if at is None:
            yield Step(one, "is not in the graph any more")
        elif at in graph.flat.successors[here]:
            yield Step(one, "uses it", _between(op.outputs, graph.ops[at].inputs))
        elif at in graph.flat.predecessors[here]:
            yield Step(one, "feeds it", _between(graph.ops[at].outputs, op.inputs))
        else:
            yield Step(one, "ran before it" if at < here else "ran after it")


def _chain(graph: TaggedGraph, op: Op) -> Iterable[Step]:
    if op.context is None:
        return
    down = op.context.rule == "consumers"
    before = op
    for one in op.context.evidence:
        step = graph.op(one)
        near, far = (before.outputs, step.inputs) if down else (step.outputs, before.inputs)
        yield Step(one, "uses it" if down else "feeds it", _between(near, far))
        before = step


def _between(made: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in dict.fromkeys(made) if value and value in read)


_MATCHED = {
    "same": "how sure it is the same op",
    "value": "how sure it is the same value",
    "renamed": "how sure it is the same op",
    "fused": "how sure it stands for those ops",
    "inserted": "how sure it is what it serves",
    "run": "how sure it is the same value",
}
"""Rule of a tag from another graph → what its confidence says."""


def _parts(why: Provenance) -> tuple[Part, ...]:
    if why.is_of_another_graph:
        return (Part(why.confidence, _MATCHED[why.rule]),)
    if why.origin == "transferred":  # by the file's own map
        ((factor, reason),) = _KINDS[why.rule]
        if why.confidence < factor:
            return Part(factor, reason), Part(why.confidence / factor, "how sure the record is")
    for rebuilt in (1.0, REBUILT):
        for factor, reason in _KINDS[why.rule]:
            if abs(factor * rebuilt - why.confidence) < 1e-9:
                part = Part(factor, reason)
                if rebuilt == 1.0:
                    return (part,)
                return part, Part(rebuilt, "the order of the ops had to be rebuilt")
    return (Part(why.confidence, "as stored in the file"),)
