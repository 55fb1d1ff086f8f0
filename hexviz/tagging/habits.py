"""Habits: what every module of a kind does at its beginning or end.

Between two ops whose modules are known lie *gaps*: ops that may be the end of
the one module, the beginning of the other, or glue in one that encloses both::

    h.0.ln_1         ?         h.0.attn.c_attn         ?        h.0.attn
    Add           Reshape      Gemm                 Reshape     Split

A class runs the same code wherever it stands. So what every ``Conv1D`` of the
graph has before its Gemm, under whatever name its parent calls it (``c_attn``,
``c_proj``, ``c_fc``), is its own: the alternative is that each of its callers
happens to do the same. It is not, once a single ``Conv1D`` goes without; and
where only one caller exists, both explanations are equally good and the op
stays where the gap is bounded. Where the module before and the one after both
have such a habit, the one seen in more different gaps has it.

One more habit needs no siblings: a module with children and arithmetic of its
own (attention that multiplies matrices itself) which was just computing goes
on to lay out its result, unless a sibling of its kind does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hexviz.model import fqn as names
from hexviz.model.auxiliary import category
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.order import stream_of

__all__ = ["Habit", "find_habits"]

_CALLERS = 2  # ways in which modules of a kind are called, from which on what they share is theirs
_ARITHMETIC = 2  # own arithmetic ops that make a module with children one that computes itself
_TOLD = 3  # other places of a habit that are named


@dataclass(frozen=True, slots=True)
class Habit:
    """Why an op belongs to a module: it ends it (``after``) or begins it.

    ``witnesses`` are positions of ops that do the same in other modules of
    the kind, none if it just goes on after the module's own arithmetic.
    """

    module: str
    after: bool
    witnesses: tuple[int, ...]


@dataclass(slots=True)
class _Claim:
    """What all modules of a kind share at one end: op types, outwards from the known op."""

    shared: tuple[str, ...]
    callers: set[tuple[str, str]] = field(default_factory=set)
    gaps: set[object] = field(default_factory=set)
    examples: list[tuple[int, ...]] = field(default_factory=list)

    def meet(self, types: tuple[str, ...]) -> None:
        same = 0
        for one, two in zip(self.shared, types, strict=False):
            if one != two:
                break
            same += 1
        self.shared = self.shared[:same]


@dataclass(frozen=True, slots=True)
class _Gap:
    """Undecided ops between two known ones.

    ``path`` leads through the module tree from the one end's module up to the
    common one (at index ``turn``) and down to the other's. ``keys`` name, for
    each module of the path but the common one, the claim it has part in.
    """

    left: int | None
    right: int | None
    ops: tuple[int, ...]
    path: tuple[str, ...]
    turn: int
    keys: tuple[object, ...]


def find_habits(
    flat: FlatGraph, anatomy: Anatomy, order: Sequence[int], undecided: set[int]
) -> dict[int, Habit]:
    """A habit for each of the ``undecided`` positions that one explains.

    They come so that what links an op to its module comes before the op.
    """
    if not undecided:
        return {}
    links = _Links(flat, anatomy, undecided)
    claims: dict[object, _Claim] = {}
    gaps = [
        gap
        for left, right, ops in _spans(flat, anatomy, order, undecided)
        if (gap := _enter(flat, anatomy, links, claims, left, right, ops)).ops
    ]
    result: dict[int, Habit] = {}
    for gap in gaps:
        result.update(_settle(flat, anatomy, claims, gap))
    return result


def _spans(
    flat: FlatGraph, anatomy: Anatomy, order: Sequence[int], undecided: set[int]
) -> Iterator[tuple[int | None, int | None, tuple[int, ...]]]:
    """Neighbouring known ops with the undecided ones between; equal empty spans once."""
    last: dict[str, int | None] = {}
    between: dict[str, list[int]] = {}
    seen: set[tuple[str, str, str, str]] = set()
    for at in order:
        stream = stream_of(flat.ops[at].body)
        if at in undecided:
            between.setdefault(stream, []).append(at)
        elif at in anatomy.module:
            left, ops = last.get(stream), tuple(between.pop(stream, ()))
            last[stream] = at
            if ops or left is None:
                yield left, at, ops
                continue
            shape = (
                anatomy.module[left],
                anatomy.module[at],
                flat.ops[left].op_type,
                flat.ops[at].op_type,
            )
            if shape not in seen:
                seen.add(shape)
                yield left, at, ops
    for stream, left in last.items():
        yield left, None, tuple(between.get(stream, ()))


class _Links:
    """Who feeds whom, seen through ops that only pass on what they get."""

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, undecided: set[int]) -> None:
        self._flat, self._anatomy, self._undecided = flat, anatomy, undecided

    def users(self, at: int) -> Iterator[int]:
        return self._through(at, self._flat.successors.__getitem__)

    def sources(self, at: int) -> Iterator[int]:
        return self._through(at, self._flat.predecessors.__getitem__)

    def _through(self, at: int, neighbours: Callable[[int], tuple[int, ...]]) -> Iterator[int]:
        stack = list(neighbours(at))
        while stack:
            one = stack.pop()
            if one in self._undecided or one in self._anatomy.module:
                yield one
            elif self._flat.ops[one].op_type == "Identity":
                stack.extend(neighbours(one))


def _enter(
    flat: FlatGraph,
    anatomy: Anatomy,
    links: _Links,
    claims: dict[object, _Claim],
    left: int | None,
    right: int | None,
    ops: tuple[int, ...],
) -> _Gap:
    """Add what a gap shows of the kinds on its path to their claims."""
    path, turn = _path(anatomy, left, right)
    first = "" if left is None else flat.ops[left].op_type
    last = "" if right is None else flat.ops[right].op_type
    climbs = [anatomy.step(path[at + 1], path[at]) for at in range(turn)]
    drops = [anatomy.step(path[at], path[at + 1]) for at in range(turn, len(path) - 1)]
    form = (tuple(anatomy.kind[fqn] for fqn in path), turn, *climbs, *drops, first, last)
    keys: list[object] = []
    for at, fqn in enumerate(path):
        if at == turn:
            keys.append(None)
            continue
        after = at < turn
        if after:
            edge = first if at == 0 else climbs[at - 1]
            parent, step = path[at + 1], climbs[at]
            own = _prefix(flat, anatomy, ops, fqn, links.sources)
        else:
            edge = last if at == len(path) - 1 else drops[at - turn]
            parent, step = path[at - 1], drops[at - turn - 1]
            own = _prefix(flat, anatomy, ops[::-1], fqn, links.users)
        key = (after, anatomy.kind[fqn], edge)
        keys.append(key)
        types = tuple(flat.ops[one].op_type for one in own)
        claim = claims.get(key)
        if claim is None:
            claim = claims[key] = _Claim(types)
        else:
            claim.meet(types)
        # Without class names, kinds of parents are guesses: only the attribute counts.
        claim.callers.add((anatomy.kind[parent] if anatomy.has_class(parent) else "", step))
        if form not in claim.gaps:
            claim.gaps.add(form)
            if own and len(claim.examples) <= _TOLD:
                claim.examples.append(own)
    return _Gap(left, right, ops, path, turn, tuple(keys))


def _path(anatomy: Anatomy, left: int | None, right: int | None) -> tuple[tuple[str, ...], int]:
    one = anatomy.line("" if left is None else anatomy.module[left])
    two = anatomy.line("" if right is None else anatomy.module[right])
    shared = 0
    while shared < min(len(one), len(two)) and one[shared] == two[shared]:
        shared += 1
    return (*one[: shared - 1 : -1], one[shared - 1], *two[shared:]), len(one) - shared


def _prefix(
    flat: FlatGraph,
    anatomy: Anatomy,
    ops: tuple[int, ...],
    fqn: str,
    neighbours: Callable[[int], Iterator[int]],
) -> tuple[int, ...]:
    """The first of ``ops`` that dataflow links, one by one, to the module or to each other.

    A weight is held by the module that computes with it, so it ends there
    where modules of the kind compute with none.
    """
    mine: set[int] = set()
    weighted = anatomy.kind[fqn] in anatomy.weighted
    for at in ops:
        if not weighted and any(value in flat.weights for value in flat.ops[at].inputs):
            break
        linked = any(
            near in mine or (near in anatomy.module and names.is_within(anatomy.module[near], fqn))
            for near in neighbours(at)
        )
        if not linked:
            break
        mine.add(at)
    return ops[: len(mine)]


def _settle(
    flat: FlatGraph, anatomy: Anatomy, claims: Mapping[object, _Claim], gap: _Gap
) -> Iterator[tuple[int, Habit]]:
    """Which ops of a gap end the module before it, and which begin the one after."""
    count = len(gap.ops)
    ending = [_claimant(claims, gap, depth, range(gap.turn)) for depth in range(count)]
    downward = range(len(gap.path) - 1, gap.turn, -1)
    beginning = [_claimant(claims, gap, depth, downward) for depth in range(count)][::-1]
    tail = 0
    for one, other in zip(ending, beginning, strict=True):
        if one is None or not _wins(claims, gap, one, other):
            break
        yield gap.ops[tail], _habit(claims, gap, one, tail)
        tail += 1
    head = count
    while head > tail:
        one, other = beginning[head - 1], ending[head - 1]
        if one is None or not _wins(claims, gap, one, other):
            break
        yield gap.ops[head - 1], _habit(claims, gap, one, count - head)
        head -= 1
    if tail or gap.left is None or not gap.turn:
        return
    module = gap.path[0]
    if not anatomy.children.get(module) or anatomy.primary[module] < _ARITHMETIC:
        return
    for place in range(min(head, len(claims[gap.keys[0]].shared))):
        op = flat.ops[gap.ops[place]]
        if category(op.domain, op.op_type) is None:
            return
        yield gap.ops[place], Habit(module, after=True, witnesses=())


def _claimant(claims: Mapping[object, _Claim], gap: _Gap, depth: int, places: range) -> int | None:
    """The innermost module of the path whose kind has the op at this depth, under any caller."""
    for at in places:
        claim = claims[gap.keys[at]]
        if len(claim.shared) > depth and len(claim.callers) >= _CALLERS:
            return at
    return None


def _wins(claims: Mapping[object, _Claim], gap: _Gap, one: int, other: int | None) -> bool:
    if other is None:
        return True
    return len(claims[gap.keys[one]].gaps) > len(claims[gap.keys[other]].gaps)


def _habit(claims: Mapping[object, _Claim], gap: _Gap, at: int, depth: int) -> Habit:
    examples = claims[gap.keys[at]].examples
    others = [own[depth] for own in examples if len(own) > depth and own[depth] not in gap.ops]
    return Habit(gap.path[at], at < gap.turn, tuple(others[:_TOLD]))
