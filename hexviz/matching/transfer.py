"""Tags of one graph for another of the same model: what a tool made of it, or another export.

::

    before   MatMul (fc) ─ Add (fc) ─ Relu (act)       after   QuantizeLinear ─ Gemm ─ Relu
                                                               fc, inserted ─ fc, fused ─ act, same

An op has the module of the op whose value it gives. What nothing matches is
what the file itself declares, and inherits otherwise from those around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hexviz.errors import MatchingError
from hexviz.matching.inlined import inlined_modules
from hexviz.matching.kinship import difference
from hexviz.matching.match import match
from hexviz.matching.matching import Match, Matching
from hexviz.matching.openable import Openable, opened
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ON_RECORD, Candidate, Provenance, Step
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.overrides_file import structure_digest
from hexviz.tagging.sentence import source_file
from hexviz.tagging.suspicion import off_branch
from hexviz.tagging.tag import retag

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SURE", "transfer", "transfer_line", "transferred"]

SURE = 0.9
"""Confidence of a match from which on it goes before what the file says of the op."""

_OVERRULED = 0.5
"""Score at most of what the file says of an op that is sure to be another one: a tool that removes
an op, as a quantiser does a Relu, leaves its name and its record to the op before it."""

_MOST_EVIDENCE = 64  # ops that one op stands for; an attention of all heads has some dozens
_MOST_CANDIDATES = 8


def transfer(
    before: Openable,
    after: Openable,
    *,
    run: bool = False,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> TaggedGraph:
    """The graph ``after``, with the tags that its ops have in ``before``.

    With ``run`` both graphs are run on the same ``inputs`` (input name → array;
    generated where left out), and values that are equal are one value.

    Raises:
        ReadError: if one of them is a file that cannot be read.
        MatchingError: if ``before`` has no tags, or is another model's graph.
        ExtractionError: if a graph cannot be run, or not on these inputs.
    """
    before = opened(before)
    _refuse_untagged(before)
    after = opened(after)
    matching = match(before, after, _equal_values(before, after, inputs) if run else None)
    _refuse_unrelated(before, after, matching)
    return transferred(before, after, matching)


def _equal_values(
    before: TaggedGraph, after: TaggedGraph, inputs: Mapping[str, np.ndarray] | None
) -> Mapping[str, str]:
    from hexviz.matching.equal_values import equal_values

    for graph in (before, after):
        if graph.weights_left_out:
            raise MatchingError(
                f"{graph.name} was exported without its weights and cannot be run: leave --run "
                "out, or give the files with their weights."
            )
    return equal_values(before, after, inputs)


_KINDS = {
    "same": "same op",
    "value": "same value",
    "renamed": "renamed op",
    "fused": "fused ops",
    "inserted": "inserted op",
    "run": "equal when run",
}
"""How an op was matched, which is the rule of its tag → the kind of reason."""

_OTHERS = {
    "inherited": "matched nothing and inherited",
    "recovered": "matched nothing and lie in a block that the graph repeats",
    "fallback": "matched nothing and stand at the root",
    "declared": "kept what the file itself says",
    "transferred": "kept what the file's own map says",
    "manual": "were set by a person",
}
"""Origin of an op without a tag from the other file → what that says of it."""


def transfer_line(graph: TaggedGraph) -> str:
    """How many ops have their tag from the other file, by rule, and how all others have theirs."""
    moved = Counter(op.provenance.rule for op in graph.ops if op.provenance.is_of_another_graph)
    others = Counter(
        op.provenance.origin for op in graph.ops if not op.provenance.is_of_another_graph
    )
    rules = ", ".join(f"{count} {rule}" for rule, count in moved.most_common())
    other_origins = "".join(
        f"; {count} {_OTHERS[origin]}" for origin, count in others.most_common()
    )
    before = source_file(graph)
    return f"Tags of {moved.total()} ops are from {before}: {rules or 'none'}{other_origins}."


def transferred(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> TaggedGraph:
    """The graph ``after`` with the tags that its ops have in ``before``, once both are matched."""
    source = _Source(before, inlined_modules(before, after, matching))
    known = {}
    calls = {}
    types: dict[str, str] = {}
    for at, op in enumerate(after.ops):
        declared = _declared(after, at, before)
        found = matching.matches.get(at)
        moved = None if found is None else source.provenance(found, at)
        call = None if found is None else before.ops[found.before[0]].call
        if call is not None:
            calls[at] = call
        chosen = _chosen(moved, found, declared, source)
        if chosen is None:
            continue
        known[at] = chosen
        if chosen is not declared:
            types.update(source.other_types(chosen.evidence, op.op_type))
    origin = SourceGraph(before.name, structure_digest(before), len(before.ops), types)
    return retag(after, known, modules=before.modules.infos(), transferred_from=origin, calls=calls)


def _declared(after: TaggedGraph, at: int, before: TaggedGraph) -> Provenance | None:
    """What the file itself says of an op, if the other graph has such a module."""
    why = after.ops[at].provenance
    if why.origin not in ON_RECORD or why.is_of_another_graph or why.module not in before.modules:
        return None
    return why


def _chosen(
    moved: Provenance | None, found: Match | None, declared: Provenance | None, source: _Source
) -> Provenance | None:
    """The match or the file's own declaration; the one that loses becomes a candidate."""
    if moved is None or found is None:
        return declared
    if declared is None:
        return moved
    yields = declared.origin == "manual" or source.is_guess(found)
    sure = found.confidence >= SURE and source.is_on_record(found)
    if not yields and (sure or moved.confidence >= declared.confidence):
        said = declared.values[0] if declared.values else "a record on the op"
        lost = Candidate(
            declared.module,
            min(declared.confidence, _OVERRULED),
            f"{said} points there, by rule {declared.rule}",
        )
        return _with_candidate(moved, lost)
    lost = Candidate(
        moved.module,
        moved.confidence,
        f"{source.named(moved.evidence[0])}, which it may be, is there",
    )
    return _with_candidate(declared, lost)


def _with_candidate(why: Provenance, lost: Candidate) -> Provenance:
    if lost.module == why.module or any(one.module == lost.module for one in why.candidates):
        return why
    return replace(why, candidates=(lost, *why.candidates))


@dataclass(frozen=True)
class _Source:
    """The graph that tags are taken from."""

    graph: TaggedGraph
    inlined: Mapping[int, str]
    """Position after → the module of its call, for ops that were in a function."""

    def is_on_record(self, found: Match) -> bool:
        """Whether the tag was recorded there, or set by a person, and not concluded."""
        return self.graph.ops[found.before[0]].provenance.origin in ON_RECORD

    def is_guess(self, found: Match) -> bool:
        """Whether nothing named the module there: no such tag replaces what a file says."""
        return self.graph.ops[found.before[0]].provenance.origin == "recovered"

    def provenance(self, found: Match, at: int) -> Provenance | None:
        """The tag of a matched op; ``None`` where the other graph knows none either."""
        ops = self.graph.ops
        first, *others = found.before
        why = ops[first].provenance
        if why.origin == "fallback":
            return None
        module = self.inlined.get(at, ops[first].module)
        shared = dict.fromkeys((*why.shared_by, *self._others(others)))
        kind = _KINDS[found.how]
        evidence = tuple([ops[one].id for one in found.before[:_MOST_EVIDENCE]])
        relation = "is what it serves" if kind == "inserted op" else "makes the same value"
        steps = [Step(one, "went into it" if at else relation) for at, one in enumerate(evidence)]
        return Provenance(
            module=module,
            origin="transferred",
            rule=found.how,
            evidence=evidence,
            candidates=tuple(self._candidates(found.candidates, module, found.confidence)),
            confidence=round(found.confidence * why.confidence, 4),
            shared_by=()
            if found.how == "inserted"
            else tuple([one for one in shared if off_branch(one, module)]),
            kind=kind,
            steps=tuple(steps),
        )

    def named(self, op_id: str) -> str:
        """An op of it, as a sentence names it."""
        op = self.graph.op(op_id)
        return f"{op.op_type} “{op_id}” of {self.graph.name}"

    def other_types(self, evidence: Iterable[str], op_type: str) -> Iterator[tuple[str, str]]:
        """Id and type of the ops that are of another type than ``op_type``."""
        for one in evidence:
            op = self.graph.op(one)
            if op.op_type != op_type:
                yield one, op.op_type

    def _others(self, positions: Sequence[int]) -> Iterator[str]:
        for one in positions:
            op = self.graph.ops[one]
            if op.provenance.origin != "fallback":
                yield op.module

    def _candidates(
        self, positions: Sequence[int], module: str, confidence: float
    ) -> Iterator[Candidate]:
        seen = {module}
        for one in positions:
            op = self.graph.ops[one]
            if op.module not in seen and len(seen) <= _MOST_CANDIDATES:
                seen.add(op.module)
                reason = f"it may be {self.named(op.id)} as well, which is there"
                yield Candidate(op.module, round(1 - confidence, 4), reason)


def _refuse_untagged(before: TaggedGraph) -> None:
    if all(op.provenance.origin == "fallback" for op in before.ops):
        raise MatchingError(
            f"{before.name} has no tags to transfer: nothing in it tells of modules. Give the file "
            "that hexviz export or hexviz tag wrote, or an export that still has its names."
        )


def _refuse_unrelated(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> None:
    said = difference(before, after, matching)
    if said:
        raise MatchingError(
            f"{after.name} is not of the model in {before.name}: only {said}. Give the file that "
            "it was made from."
        )
