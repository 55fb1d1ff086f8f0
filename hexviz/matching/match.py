"""Find out which op of one graph is which of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from hexviz.matching.carriers import pair_carriers, pair_left_over, same_sort, served_by
from hexviz.matching.matching import Match, Matching
from hexviz.matching.pair_growth import MOST_CANDIDATES, Growth
from hexviz.matching.regions import align, claimed
from hexviz.matching.side import Side
from hexviz.matching.skeleton import build
from hexviz.matching.weights import (
    Contents,
    has_many,
    pair_weights,
    renewed_weights,
    share_in_common,
    shared_weights,
)
from hexviz.matching.witness import witnessed
from hexviz.model.graph import TaggedGraph

__all__ = ["grow", "match", "matching_of"]

_ROUNDS = 8
"""Looks at what is still open, at most."""

_SAMPLE, _LONGEST_PREFIX = 200, 64
"""Names in which a prefix is looked for, and its letters, at most."""

_NAMES_HOLD = 0.8
"""Share of the ops with a weight of their own that have to agree, for names to count."""

CONFIDENCE = {
    "name": 0.97,
    "weight": 0.97,
    "grown": 0.95,
    "carried": 0.95,
    "between": 0.85,
    "order": 0.6,
    "run": 0.97,
    "claimed": 0.9,
    "inserted": 0.9,
}


def match(
    before: TaggedGraph, after: TaggedGraph, equal: Mapping[str, str] | None = None
) -> Matching:
    """The ops of ``after`` as ops of ``before``.

    ``equal`` are values that a run of both has shown to be the same: value id
    after → value id before (see :mod:`hexviz.matching.equal_values`).
    """
    growth = grow(before, after, equal or {})
    matching = matching_of(growth, before, after)
    return witnessed(matching, before, after, equal) if equal else matching


def grow(before: TaggedGraph, after: TaggedGraph, equal: Mapping[str, str]) -> Growth:
    """All pairs of ops and values of two graphs."""
    growth = Growth(_side(before), _side(after))
    mine, theirs = growth.before.graph, growth.after.graph
    _pair_named(growth, mine.inputs, theirs.inputs)
    weights = _weights(growth)
    groups = list(_touched(growth, weights))
    touched = [pair for group in groups for pair in group]
    for one, two in weights.items():
        growth.pair_values(one, two)
    _pair_equal(growth, equal)
    if _names_hold(growth, touched):
        _pair_names(growth, touched)
    _pair_touched(growth, touched)
    _note_rivals(growth, groups)
    _pair_named(growth, mine.outputs, theirs.outputs)
    growth.run()
    _pair_by_place(growth, mine.inputs, theirs.inputs)
    _pair_by_place(growth, mine.outputs, theirs.outputs)
    growth.run()
    for _ in range(_ROUNDS):
        found = pair_carriers(growth) + align(growth)
        if not found and not growth.settle_in_order():
            break
    return growth


def _side(graph: TaggedGraph) -> Side:
    skeleton = build(graph)
    return Side(skeleton, Contents(graph, skeleton))


def _pair_named(growth: Growth, mine: Iterable[int], theirs: Iterable[int]) -> None:
    """Pair inputs, or outputs, of the same name."""
    names = {growth.before.graph.ids[value]: value for value in mine}
    for two in theirs:
        one = names.get(growth.after.graph.ids[two])
        if one is not None:
            growth.pair_values(one, two)


def _pair_by_place(growth: Growth, mine: Sequence[int], theirs: Sequence[int]) -> None:
    """Pair inputs, or outputs, by their place, unless any has a name of the other graph."""
    ids, others = growth.before.graph.ids, growth.after.graph.ids
    known = {ids[value] for value in mine}
    if len(mine) == len(theirs) and not any(others[value] in known for value in theirs):
        for one, two in zip(mine, theirs, strict=True):
            growth.pair_values(one, two)


def _weights(growth: Growth) -> dict[int, int]:
    """Weights that are the same; those by their numbers alone are kept in ``growth.weights``."""
    before, after = growth.before.graph, growth.after.graph
    contents = growth.before.contents, growth.after.contents
    ids = {value_id: value for value, value_id in before.weights.items()}
    names = {ids[value_id]: value for value, value_id in after.weights.items() if value_id in ids}
    both = before.weights, after.weights
    growth.weights = pair_weights(*contents, *both, names)
    return growth.weights | renewed_weights(*contents, *both, names, growth.weights)


def _touched(growth: Growth, weights: Mapping[int, int]) -> Iterator[list[tuple[int, int]]]:
    """Per weight the nodes that compute with it; of a layer that is called again, in order."""
    before, after = growth.before, growth.after
    groups = [([one], [two]) for one, two in weights.items()]
    groups += shared_weights(
        before.contents, after.contents, before.graph.weights, after.graph.weights
    )
    for some, others in groups:
        mine, theirs = _computing(before, some), _computing(after, others)
        is_telling = has_many(before.contents.of(some[0]))
        if len(mine) == len(theirs) and (is_telling or len(mine) == 1):
            yield list(zip(mine, theirs, strict=True))


def _note_rivals(growth: Growth, groups: Iterable[Sequence[tuple[int, int]]]) -> None:
    """Say of nodes that share a weight with others that only their order tells which is which."""
    for group in groups:
        for p, q in group:
            if len(group) > 1 and growth.reasons.get(q) == "weight":
                growth.reasons[q] = "order"
                others = (other for other, _ in group if other != p)
                growth.ambiguous[q] = tuple(islice(others, MOST_CANDIDATES))


def _computing(side: Side, values: Iterable[int]) -> list[int]:
    """The nodes that compute with any of some values, in order."""
    readers = {node for value in values for node, _ in side.graph.readers[value]}
    return sorted(node for node in readers if not side.nodes[node].is_carrier)


def _named(growth: Growth) -> Iterator[tuple[int, int]]:
    """Values of the same name, but for what a tool put before all names.

    In a function that is called several times a name has a value for each call.
    """
    known, known_after = _by_name(growth.before), _by_name(growth.after)
    prefix = _prefix(known, growth.after.graph.ids)
    for value_id, others in known_after.items():
        some = known.get(value_id)
        if some is None and prefix and value_id.startswith(prefix):
            some = known.get(value_id.removeprefix(prefix))
        if some is not None and len(some) == len(others):
            yield from zip(some, others, strict=True)


def _by_name(side: Side) -> dict[str, list[int]]:
    """The values that ops make, by their name, in order of execution."""
    found: dict[str, list[int]] = {}
    for value, value_id in enumerate(side.graph.ids):
        if side.maker(value) >= 0:
            found.setdefault(value_id, []).append(value)
    return found


def _prefix(known: Collection[str], ids: Sequence[str]) -> str:
    """What most of the names begin with that are known without it."""
    unknown = [value_id for value_id in ids if value_id not in known]
    step = max(1, len(unknown) // _SAMPLE)
    found: Counter[str] = Counter()
    for value_id in unknown[::step]:
        for end in range(1, min(len(value_id), _LONGEST_PREFIX)):
            if value_id[end:] in known:
                found[value_id[:end]] += 1
                break
    prefix, count = found.most_common(1)[0] if found else ("", 0)
    return prefix if count >= len(unknown[::step]) / 2 else ""


def _names_hold(growth: Growth, touched: list[tuple[int, int]]) -> bool:
    """Whether values of the same name are the same, by the ops whose weights tell."""
    partner = dict(touched)
    back = {q: p for p, q in touched}
    agree = total = 0
    for one, two in _named(growth):
        p, q = growth.before.maker(one), growth.after.maker(two)
        if growth.before.nodes[p].kind == growth.after.nodes[q].kind and (
            p in partner or q in back
        ):
            total += 1
            agree += partner.get(p) == q
    return total == 0 or agree >= _NAMES_HOLD * total


def _pair_names(growth: Growth, touched: Iterable[tuple[int, int]]) -> None:
    """Pair what has the same name, but what its constants say is something else."""
    before, after = growth.before, growth.after
    named = list(_named(growth))

    def rank(pair: tuple[int, int]) -> int:
        p, q = before.maker(pair[0]), after.maker(pair[1])
        carriers = before.nodes[p].is_carrier + after.nodes[q].is_carrier
        return 2 * carriers + (before.nodes[p].kind != after.nodes[q].kind)

    scaled = {q for p, q in touched if growth.is_scaled(p, q)}
    for one, two in sorted(named, key=rank):
        p, q = before.maker(one), after.maker(two)
        same = before.nodes[p].kind == after.nodes[q].kind
        # What a tool changed the numbers of gives another value, even by the old name.
        is_old = after.maker(after.root(two)) in scaled
        if not is_old and not (same and growth.constants(p, q) in {"scaled", "clash"}):
            growth.pair_values(one, two)
        if same:
            growth.pair_nodes(p, q, "name")
        elif same_sort(growth, p, q):
            growth.note(p, q, "name")


def _pair_equal(growth: Growth, equal: Mapping[str, str]) -> None:
    ids = {value_id: value for value, value_id in enumerate(growth.before.graph.ids)}
    for two, value_id in enumerate(growth.after.graph.ids):
        one = ids.get(equal.get(value_id, ""))
        if one is not None:
            growth.pair_values(one, two)


def _pair_touched(growth: Growth, touched: list[tuple[int, int]]) -> None:
    of_after: dict[int, list[int]] = {}
    of_before: dict[int, list[int]] = {}
    for p, q in touched:
        of_after.setdefault(q, []).append(p)
        of_before.setdefault(p, []).append(q)
    for p, q in touched:
        mine, theirs = set(of_after[q]), set(of_before[p])
        is_last = len(theirs) == 1 < len(mine) and p == max(mine)
        is_last = is_last or (len(mine) == 1 < len(theirs) and q == max(theirs))
        if is_last and not growth.is_scaled(p, q):
            growth.pair_values(growth.before.nodes[p].outputs[0], growth.after.nodes[q].outputs[0])

    def rank(pair: tuple[int, int]) -> tuple[bool, bool]:
        p, q = pair
        same = growth.before.nodes[p].kind == growth.after.nodes[q].kind
        return not same, not (growth.before.has_matrix(p) and growth.after.has_matrix(q))

    same_first = sorted(touched, key=rank)
    noted = [(p, q) for p, q in same_first if growth.note(p, q, "weight")]
    for p, q in noted:
        growth.connect(p, q)


def _called(growth: Growth) -> Iterator[tuple[int, int]]:
    """Calls of functions, after and before, that give the same values: these are in no core.

    Of a call that only hands on what another one inside gives, the inner one is first.
    """
    known: dict[int, list[int]] = {}
    for call, made in growth.before.graph.calls.items():
        for value in made[:1]:
            known.setdefault(growth.before.root(value), []).append(call)
    known_after: dict[int, list[int]] = {}
    for call, made in growth.after.graph.calls.items():
        for value in made[:1]:
            one = growth.values_back.get(growth.after.root(value))
            if one is not None:
                known_after.setdefault(one, []).append(call)
    for one, calls in known_after.items():
        for at, call in zip(calls, known.get(one, ()), strict=False):
            yield at, call


_FIRM = frozenset({"name", "weight", "grown", "run"})
"""Reasons that need more than a place between others."""


def _related(growth: Growth) -> float:
    """The share of the smaller graph's arithmetic that firmly is the other's as well."""

    def counted(side: Side, node: int) -> bool:
        is_moving = any(not side.is_constant(value) for value in side.nodes[node].outputs)
        return is_moving and not side.nodes[node].is_carrier

    sides = (growth.before, growth.after)
    smaller = min(sum(counted(side, node) for node in range(len(side.nodes))) for side in sides)
    if not smaller:  # constants, casts and layout alone
        return min(1.0, len(growth.nodes) / max(1, min(len(side.nodes) for side in sides)))
    firm = sum(
        growth.reasons.get(q) in _FIRM and counted(growth.after, q) for q in growth.nodes_back
    )
    return min(1.0, firm / smaller)


def matching_of(growth: Growth, before: TaggedGraph, after: TaggedGraph) -> Matching:
    """What the pairs of ops and values make of each op after."""
    whole, parts = claimed(growth)
    beside = [(p, q) for q, sources in whole.items() for p in sources]
    beside += [(p, q) for q, p in parts.items()]
    pair_carriers(growth, beside)
    pair_left_over(growth, beside)
    nodes, nodes_after = growth.before.nodes, growth.after.nodes
    found: dict[int, Match] = {}

    def add(q: int, sources: list[int], how: str, confidence: float) -> None:
        position = nodes_after[q].position
        positions = tuple(dict.fromkeys(nodes[p].position for p in sources))
        candidates = tuple(dict.fromkeys(nodes[p].position for p in growth.ambiguous.get(q, ())))
        found.setdefault(position, Match(positions, how, confidence, candidates))

    for q, node in enumerate(nodes_after):
        if q in whole or q in growth.nodes_back:
            sources = whole.get(q) or [growth.nodes_back[q]]
            p = sources[0]
            op, other = before.ops[nodes[p].position], after.ops[node.position]
            named = op.id == other.id or any(value in other.outputs for value in op.outputs)
            same = nodes[p].kind == node.kind
            reason = growth.reasons.get(q, "claimed")
            if len(sources) > 1:
                how = "fused"
            elif named:
                how = "same" if same else "value"
            else:
                how = "renamed"
            confidence = CONFIDENCE[reason]
            if named:
                confidence = max(confidence, CONFIDENCE["name"])
            add(q, sources, how, confidence)
        elif q in parts:
            add(q, [parts[q]], "inserted", CONFIDENCE["inserted"])
    for q, node in enumerate(nodes_after):
        if node.is_carrier and node.position not in found:
            served = served_by(growth, whole, q)
            if served is not None:
                add(q, [served], "inserted", CONFIDENCE["inserted"])
    for position, call in _called(growth):
        is_same = before.ops[call].id == after.ops[position].id
        matched = Match((call,), "same" if is_same else "renamed", CONFIDENCE["grown"])
        found.setdefault(position, matched)
    common = share_in_common(
        growth.before.contents,
        growth.after.contents,
        growth.before.graph.weights,
        growth.after.graph.weights,
        growth.weights,
    )
    return Matching(found, len(before.ops), len(after.ops), _related(growth), common)
