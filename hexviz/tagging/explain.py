"""Why an op is where it is, spelled out: sentence, steps of the evidence, what the confidence is.

All of it reads the kind and the steps that the deciding rule wrote into the
op's provenance, and concludes nothing anew. :func:`proven` checks a module
against the same steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op, Provenance, Step
from hexviz.tagging.earlier_records import CONFIDENCE as TRANSFERRED
from hexviz.tagging.inherit import REBUILT
from hexviz.tagging.sentence import context_sentence, counterpart_type, module_sentence
from hexviz.tagging.summary import op_record

__all__ = ["Counterpart", "Explanation", "Part", "Step", "explain", "explanation_record", "proven"]


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


_REASONS = {
    "metadata": "recorded while the model ran",
    "name of a known call": "the exporter knew the call that the name stands for",
    "name": "read from a name that the exporter made of the scope",
    "name of several modules": "several modules have that scope: it may lie deeper",
    "perhaps a later call": "the number in the name may count the calls of another module",
    "weight": "the holder of a weight need not be who uses it",
    "weight in several places": "several ops use that weight",
    "weights of several modules": "a function is given weights of several modules",
    "record by value": "the value kept its name",
    "record by structure": "found by what it computes from and for",
    "same op": "how sure it is the same op",
    "same value": "how sure it is the same value",
    "renamed op": "how sure it is the same op",
    "fused ops": "how sure it stands for those ops",
    "inserted op": "how sure it is what it serves",
    "equal when run": "how sure it is the same value",
    "doubles": "the same op is recorded so in sibling modules",
    "trace within a module": "the same module was open before and after it",
    "trace between modules": "modules changed around it: it may lie deeper",
    "two calls": "between two calls of a module: it may lie deeper",
    "body": "it is in a body: it may lie deeper",
    "function": "it is in a function: it may lie deeper",
    "edge of the graph": "on one side of it nothing is known: it may lie deeper",
    "habit at the beginning": "all modules of that kind begin so",
    "pair at the beginning": "what undoes it lies at the module's end",
    "pair at the end": "what undoes it lies at the module's beginning",
    "only work at the beginning": "the module would do nothing but call others",
    "only work at the end": "the module would do nothing but call others",
    "border at the beginning": "most of what is known says that it begins the module",
    "border at the end": "most of what is known says that it ends the module",
    "opens next": "all its users lie there, and the order allows it",
    "restored weight": "all its users lie there, and it only hands them a weight",
    "consumers without order": "its users meet there; the order says nothing",
    "habit at the end": "all modules of that kind end so",
    "own arithmetic": "the module was computing itself just before",
    "producers": "only its inputs say so",
    "repeated block": "how sure it is that a module has just these ops",
    "pattern of ops": "how sure it is that a module has just these ops",
    "serves one block": "all its users lie in one block, and no file says so",
    "nothing known": "nothing is known",
    "by hand": "a person said so",
}
"""What the confidence of each kind of reason stands for."""

_RECORDED = frozenset({"record by value", "record by structure"})
"""Kinds that find a record again, which may be unsure itself."""


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
        steps=tuple(_steps(graph, why)),
        witnesses=tuple(Step(op_id, "does the same") for op_id in why.witnesses),
        confidence=_parts(why),
        disagreeing=tuple((other.module, other.reason) for other in why.candidates if declared),
        context_sentence=context_sentence(graph, op),
        context_steps=tuple(_chain(graph, op)),
        counterparts=tuple(_counterparts(graph, op)),
    )


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain JSON: the op's record, and what :class:`Explanation` has."""
    op = explanation.op
    return op_record(op) | {
        "sentence": explanation.sentence,
        "steps": [step._asdict() for step in explanation.steps],
        "witnesses": [step.op for step in explanation.witnesses],
        "candidates": [asdict(one) for one in op.provenance.candidates],
        "confidence_parts": [asdict(part) for part in explanation.confidence],
        "disagreeing": [
            {"module": module, "reason": reason} for module, reason in explanation.disagreeing
        ],
        "values": list(op.provenance.values),
        "context_sentence": explanation.context_sentence,
        "context_steps": [step._asdict() for step in explanation.context_steps],
        "counterparts": [asdict(one) for one in explanation.counterparts],
    }


def proven(graph: TaggedGraph, op: Op) -> bool | None:
    """Whether the record's own evidence leads to the op's module; ``None`` if it cannot tell.

    A declared module is not derived from other ops, nor is what modules elsewhere or a person
    decided. A function may have more calls than its record names.
    """
    why = op.provenance
    known = [step.op for step in why.steps if step.op in graph.positions]
    if not known:
        return None
    around = [graph.op(op_id).module for op_id in known]
    meeting = reduce(names.common_ancestor, around)
    match why.kind:
        case "own arithmetic":
            return names.is_within(around[0], op.module)
        case "two calls":
            meeting = names.parent(meeting)
        case "edge of the graph":
            meeting = ""  # beyond the first and the last op lies the root
    return graph.modules.nearest(meeting) == op.module if why.kind in _MEETING else None


_MEETING = frozenset(
    {
        "trace within a module",
        "trace between modules",
        "two calls",
        "body",
        "edge of the graph",
        "opens next",
        "restored weight",
        "consumers without order",
        "producers",
    }
)
"""Kinds that place an op where all of its evidence meets, or around that."""


def _counterparts(graph: TaggedGraph, op: Op) -> Iterable[Counterpart]:
    if op.provenance.is_of_another_graph:
        for step in op.provenance.steps:
            yield Counterpart(step.op, counterpart_type(graph, op, step.op), step.relation)


def _steps(graph: TaggedGraph, why: Provenance) -> Iterable[Step]:
    if why.is_of_another_graph:
        return  # ids that this graph may have as well
    for step in why.steps:
        if step.op in graph.positions:
            yield step
        else:
            yield Step(step.op, "is not in the graph any more")


def _chain(graph: TaggedGraph, op: Op) -> Iterable[Step]:
    """The chain to the op that gives the context: its rule says in which direction it leads."""
    if op.context is None:
        return
    down = op.context.rule == "consumers"
    before = op
    for op_id in op.context.evidence:
        step = graph.op(op_id)
        maker, user = (before, step) if down else (step, before)
        between = [value for value in dict.fromkeys(maker.outputs) if value in user.inputs]
        yield Step(op_id, "uses it" if down else "feeds it", tuple(filter(None, between)))
        before = step


def _parts(why: Provenance) -> tuple[Part, ...]:
    """The factors of a confidence, as the kind of reason has them."""
    reason = _REASONS.get(why.kind, "as stored in the file")
    if why.kind in _RECORDED:
        found = TRANSFERRED[why.rule]
        sure = why.confidence / found
        if sure < 1:
            return Part(found, reason), Part(sure, "how sure the record is")
    if why.rebuilt:
        in_order = round(why.confidence / REBUILT, 6)
        return Part(in_order, reason), Part(REBUILT, "the order of the ops had to be rebuilt")
    return (Part(why.confidence, reason),)
