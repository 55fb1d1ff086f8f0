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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import category
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.bounds import body_owners
from hexviz.tagging.order import streams_of

__all__ = ["Habit", "find_habits"]

_CALLERS = 2  # ways in which modules of a kind are called, from which on what they share is theirs
_ARITHMETIC = 2  # own arithmetic ops that make a module with children one that computes itself
_SEEN_THROUGH = 1000  # ops looked at from one op: many may see through the same thousands
_MOST_EXAMPLES = 3  # other places of a habit that are named
_NOBODY = ("", "")  # calls the common module of a route, as far as a gap can tell


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

    shared: tuple[str, ...] | None = None
    callers: set[tuple[str, str]] = field(default_factory=set)
    gaps: set[object] = field(default_factory=set)
    examples: list[tuple[int, ...]] = field(default_factory=list)

    def meet(self, types: tuple[str, ...]) -> None:
        if self.shared is None:
            self.shared = types
            return
        same = 0
        for one, two in zip(self.shared, types, strict=False):
            if one != two:
                break
            same += 1
        self.shared = self.shared[:same]

    def reaches(self, depth: int) -> bool:
        """Whether all modules of the kind have as many ops there, under any caller."""
        return len(self.shared or ()) > depth and len(self.callers) >= _CALLERS


@dataclass(frozen=True, slots=True)
class _Route:
    """The way through the module tree between the modules of two known ops.

    ``path`` leads from the one end's module up to the common one (at index
    ``turn``) and down to the other's. ``shape`` is a number that it
    shares with the routes through equal kinds called equally, and ``callers``
    says how each module but the common one is called.
    """

    path: tuple[str, ...]
    turn: int
    shape: int
    callers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Gap:
    """Undecided ops between two known ones.

    ``claims`` holds, for each module of the route but the common one, the
    claim it has part in.
    """

    left: int | None
    ops: tuple[int, ...]
    route: _Route
    claims: tuple[_Claim, ...]


def find_habits(
    flat: FlatGraph, anatomy: Anatomy, order: Sequence[int], undecided: set[int]
) -> dict[int, Habit]:
    """A habit for each of the ``undecided`` positions that one explains.

    They come so that what links an op to its module comes before the op.
    """
    if not undecided:
        return {}
    gaps = _Gaps(flat, anatomy, undecided)
    for left, right, ops in _spans(flat, anatomy, order, undecided):
        gaps.enter(left, right, ops)
    result: dict[int, Habit] = {}
    for gap in gaps.found:
        result.update(_settle(flat, anatomy, gap))
    return result


def _spans(
    flat: FlatGraph, anatomy: Anatomy, order: Sequence[int], undecided: set[int]
) -> Iterator[tuple[int | None, int | None, tuple[int, ...]]]:
    """Neighbouring known ops with the undecided ones between."""
    edges = {path: owner for path, owner in body_owners(flat).items() if owner in anatomy.module}
    last: dict[str, int | None] = {}
    between: dict[str, list[int]] = {}
    streams = streams_of(flat)
    for at in order:
        stream = streams[at]
        if at in undecided:
            between.setdefault(stream, []).append(at)
        elif at in anatomy.module:
            yield last.get(stream, edges.get(stream)), at, tuple(between.pop(stream, ()))
            last[stream] = at
    for stream, left in last.items():
        yield left, edges.get(stream), tuple(between.get(stream, ()))


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
        for _ in range(_SEEN_THROUGH):
            if not stack:
                return
            one = stack.pop()
            if one in self._undecided or one in self._anatomy.module:
                yield one
            elif self._flat.ops[one].op_type == "Identity":
                stack.extend(neighbours(one))


class _Gaps:
    """All gaps of a graph, and the claims that they have part in."""

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, undecided: set[int]) -> None:
        self.found: list[_Gap] = []
        self._flat, self._anatomy = flat, anatomy
        self._links = _Links(flat, anatomy, undecided)
        self._routes: dict[tuple[str, str], _Route] = {}
        self._shapes: dict[object, int] = {}
        self._claims: dict[object, _Claim] = {}
        self._parts: dict[object, tuple[_Claim, ...]] = {}
        self._empty: set[object] = set()

    def enter(self, left: int | None, right: int | None, ops: tuple[int, ...]) -> None:
        """Add what a gap shows of the kinds on its route to their claims."""
        module, op_of = self._anatomy.module, self._flat.ops
        route = self._route(
            "" if left is None else module[left], "" if right is None else module[right]
        )
        first = "" if left is None else op_of[left].op_type
        last = "" if right is None else op_of[right].op_type
        form = (route.shape, first, last)
        if not ops:
            # What one empty gap shows, every other of its form shows as well.
            if (form, route.callers) in self._empty:
                return
            self._empty.add((form, route.callers))
        claims = self._parts.get(form)
        if claims is None:
            claims = self._parts[form] = self._claims_of(route, first, last)
        for at, claim in enumerate(claims):
            if at == route.turn:
                continue
            own = self._own(route, at, ops) if ops else ()
            claim.meet(tuple([op_of[one].op_type for one in own]))
            claim.callers.add(route.callers[at])
            if form not in claim.gaps:
                claim.gaps.add(form)
                if own and len(claim.examples) <= _MOST_EXAMPLES:
                    claim.examples.append(own)
        if ops:
            self.found.append(_Gap(left, ops, route, claims))

    def _route(self, start: str, end: str) -> _Route:
        route = self._routes.get((start, end))
        if route is None:
            anatomy = self._anatomy
            one, two = anatomy.line(start), anatomy.line(end)
            shared = 0
            for above, other in zip(one, two, strict=False):
                if above != other:
                    break
                shared += 1
            path = (*one[: shared - 1 : -1], one[shared - 1], *two[shared:])
            turn = len(one) - shared
            callers = [anatomy.caller.get(fqn, _NOBODY) for fqn in path]
            callers[turn] = _NOBODY
            shape = (
                tuple([anatomy.kind[fqn] for fqn in path]),
                turn,
                tuple([step for _, step in callers]),
            )
            number = self._shapes.setdefault(shape, len(self._shapes))
            route = self._routes[start, end] = _Route(path, turn, number, tuple(callers))
        return route

    def _claims_of(self, route: _Route, first: str, last: str) -> tuple[_Claim, ...]:
        """The claim that each module of a route has part in, by its kind and what is beside it."""
        steps = [step for _, step in route.callers]
        found = []
        for at, fqn in enumerate(route.path):
            after = at < route.turn
            if after:
                edge = first if at == 0 else steps[at - 1]
            else:
                edge = last if at == len(steps) - 1 else steps[at + 1]
            key = None if at == route.turn else (after, self._anatomy.kind[fqn], edge)
            found.append(self._claims.setdefault(key, _Claim()))
        return tuple(found)

    def _own(self, route: _Route, at: int, ops: tuple[int, ...]) -> tuple[int, ...]:
        """Which ops of a gap the module at a place of its route may have, outwards from it."""
        links = self._links
        if at < route.turn:
            return _prefix(self._flat, self._anatomy, ops, route.path[at], links.sources)
        return _prefix(self._flat, self._anatomy, ops[::-1], route.path[at], links.users)


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
    weights = flat.weights.keys()
    for at in ops:
        if not weighted and not weights.isdisjoint(flat.ops[at].inputs):
            break
        linked = any(
            near in mine or (near in anatomy.module and names.is_within(anatomy.module[near], fqn))
            for near in neighbours(at)
        )
        if not linked:
            break
        mine.add(at)
    return ops[: len(mine)]


def _settle(flat: FlatGraph, anatomy: Anatomy, gap: _Gap) -> Iterator[tuple[int, Habit]]:
    """Which ops of a gap end the module before it, and which begin the one after."""
    count = len(gap.ops)
    ending = [_claimant(gap, depth, range(gap.route.turn)) for depth in range(count)]
    downward = range(len(gap.route.path) - 1, gap.route.turn, -1)
    beginning = [_claimant(gap, depth, downward) for depth in range(count)][::-1]
    tail = 0
    for one, other in zip(ending, beginning, strict=True):
        if one is None or not _wins(gap, one, other):
            break
        yield gap.ops[tail], _habit(gap, one, tail)
        tail += 1
    head = count
    while head > tail:
        one, other = beginning[head - 1], ending[head - 1]
        if one is None or not _wins(gap, one, other):
            break
        yield gap.ops[head - 1], _habit(gap, one, count - head)
        head -= 1
    if tail or gap.left is None or not gap.route.turn:
        return
    module = gap.route.path[0]
    if not anatomy.children.get(module) or anatomy.primary(module) < _ARITHMETIC:
        return
    for place in range(min(head, len(gap.claims[0].shared or ()))):
        op = flat.ops[gap.ops[place]]
        if category(op.domain, op.op_type) is None:
            return
        yield gap.ops[place], Habit(module, after=True, witnesses=())


def _claimant(gap: _Gap, depth: int, places: range) -> int | None:
    """The innermost module of the path whose kind has the op at this depth, under any caller."""
    for at in places:
        if gap.claims[at].reaches(depth):
            return at
    return None


def _wins(gap: _Gap, one: int, other: int | None) -> bool:
    if other is None:
        return True
    return len(gap.claims[one].gaps) > len(gap.claims[other].gaps)


def _habit(gap: _Gap, at: int, depth: int) -> Habit:
    examples = gap.claims[at].examples
    others = [own[depth] for own in examples if len(own) > depth and own[depth] not in gap.ops]
    return Habit(gap.route.path[at], at < gap.route.turn, tuple(others[:_MOST_EXAMPLES]))
