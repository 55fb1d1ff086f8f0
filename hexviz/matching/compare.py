"""Compare two graphs of one model: what is the same, and what differs, module by module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hexviz.matching.comparison import Comparison, GraphFacts, Pair
from hexviz.matching.counterparts import counterparts, homes
from hexviz.matching.difference_wording import Event, Sentence, differences
from hexviz.matching.kinship import relatedness
from hexviz.matching.match import match
from hexviz.matching.matching import Matching
from hexviz.matching.module_changes import module_changes
from hexviz.matching.op_changes import find_events, left
from hexviz.matching.op_groups import Group, groups_of, inserted
from hexviz.matching.openable import Openable, opened
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph

if TYPE_CHECKING:
    import numpy as np

__all__ = ["compare", "compared"]

_MOST_LEFT = 0.3
"""Share of the pairs that may be in other modules than those around them."""


def compare(
    before: Openable,
    after: Openable,
    *,
    run: bool = False,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> Comparison:
    """What is the same in two graphs of one model, and what differs.

    Each can be a graph or the path of an ONNX file. With ``run`` both are run
    on the same ``inputs`` (input name → array; generated where left out), and
    values that are equal are one value. Two graphs of different models give a
    comparison that says so (``is_related`` is false).

    Raises:
        ReadError: if one of them is a file that cannot be read.
        ExtractionError: if a graph cannot be run, or not on these inputs.
    """
    before, after = opened(before), opened(after)
    equal = None
    if run:
        from hexviz.matching.equal_values import equal_values

        equal = equal_values(before, after, inputs)
    return compared(before, after, match(before, after, equal))


def compared(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> Comparison:
    """The comparison of two graphs, once it is known which op is which."""
    with collector_paused():
        return _compared(before, after, matching)


def _compared(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> Comparison:
    groups, served = groups_of(matching), inserted(matching)
    found = homes(before, after, groups, served)
    facts = (
        _facts(before, tags="own" if found.of_before else "other"),
        _facts(after, tags="own" if found.of_after else "other"),
    )
    related, is_related = relatedness(before, after, matching, groups)
    if not is_related:
        every = tuple(op.id for op in before.ops), tuple(op.id for op in after.ops)
        return Comparison(*facts, related, False, (), (), (), *every)
    pairs = counterparts(groups, found)
    disagreeing = list(left(before, after, groups, found, pairs))
    if len(disagreeing) > _MOST_LEFT * len(groups):
        # Two ways to name modules, and not a model whose ops went elsewhere.
        found = homes(before, after, groups, served, by_after=False)
        pairs = counterparts(groups, found)
    events, fates = find_events(before, after, groups, found, pairs)
    if len(disagreeing) > _MOST_LEFT * len(groups):
        events.append(_renamed_throughout(disagreeing))
    return Comparison(
        *facts,
        related=related,
        is_related=True,
        pairs=_pairs(before, after, groups, matching),
        modules=module_changes(before, after, found, pairs, fates),
        differences=differences(before, after, found, events),
        unmatched_before=tuple(before.ops[at].id for at in matching.unmatched_before),
        unmatched_after=tuple(after.ops[at].id for at in matching.unmatched_after),
    )


def _renamed_throughout(disagreeing: Sequence[Event]) -> Event:
    """One difference for all ops whose tags say otherwise in both graphs."""
    count = sum(len(one.before) for one in disagreeing)
    sentence = (
        f"Both graphs have tags, which disagree on {count} ops: both are told in the modules of "
        "the graph before."
    )
    return Event("retagged", "", Sentence(sentence, has_place=False))


def _facts(graph: TaggedGraph, *, tags: str) -> GraphFacts:
    opsets = {one.domain: one.version for one in graph.proto.opset_import}
    return GraphFacts(graph.name, len(graph.ops), opsets.get("", opsets.get("ai.onnx")), tags)


def _pairs(
    before: TaggedGraph, after: TaggedGraph, groups: Sequence[Group], matching: Matching
) -> tuple[Pair, ...]:
    """All pairs by id, in order of the graph after."""
    listed = [(one.after[-1], one.before, one.after, one.how, one.confidence) for one in groups]
    listed += [
        (at, match.before, (at,), match.how, match.confidence)
        for at, match in matching.matches.items()
        if match.how == "inserted"
    ]
    return tuple(
        Pair(
            tuple(before.ops[at].id for at in mine),
            tuple(after.ops[at].id for at in theirs),
            how,
            confidence,
        )
        for _, mine, theirs, how, confidence in sorted(listed, key=lambda one: one[0])
    )
