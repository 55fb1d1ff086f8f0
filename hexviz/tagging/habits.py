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

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.op import category
from hexviz.tagging.anatomy import Anatomy, pattern
from hexviz.tagging.bounds import body_owners
from hexviz.tagging.order import nearest
from hexviz.tagging.paths import ROOT
from hexviz.tagging.structure import Mask, mixed, structure_of

__all__ = ["Habit", "find_habits"]

_CALLERS = 2  # ways in which modules of a kind are called, from which on what they share is theirs
_ARITHMETIC = 2  # own arithmetic ops that make a module with children one that computes itself
_SEEN_THROUGH = 1000  # ops looked at from one op: many may see through the same thousands
_MOST_EXAMPLES = 3  # other places of a habit that are named


@dataclass(frozen=True, slots=True)
class Habit:
    """Why an op belongs to a module: it ends it (``after``) or begins it.

    ``witnesses`` are positions of ops that do the same in other modules of
    the kind, none if it just goes on after the module's own arithmetic.
    """

    module: int
    after: bool
    witnesses: tuple[int, ...]


@dataclass(slots=True)
class _Claim:
    """What all modules of a kind share at one end: op types, outwards from the known op."""

    shared: tuple[str, ...] | None = None
    callers: set[int] = field(default_factory=set)
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
    ``turn``) and down to the other's. ``steps`` and ``callers`` say how each module but the
    common one is called, by whatever module and by which kind of module.
    """

    path: tuple[int, ...]
    turn: int
    steps: tuple[str, ...]
    callers: tuple[int, ...]


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
    flat: FlatGraph, anatomy: Anatomy, order: Ints, undecided: Mask
) -> dict[int, Habit]:
    """A habit for each of the ``undecided`` positions that one explains.

    They come so that what links an op to its module comes before the op.
    """
    if not undecided.any():
        return {}
    gaps = _Gaps(flat, anatomy, undecided)
    for left, right, form, ops in _spans(flat, anatomy, order, undecided):
        gaps.enter(left, right, form, ops)
    result: dict[int, Habit] = {}
    for gap in gaps.found:
        result.update(_settle(flat, anatomy, gap))
    return result


def _spans(
    flat: FlatGraph, anatomy: Anatomy, order: Ints, undecided: Mask
) -> Iterator[tuple[int | None, int | None, int, tuple[int, ...]]]:
    """Neighbouring known ops, a number for the form of the gap, and the undecided ops between.

    Gaps are of one form if their routes lead through equal kinds called equally, and the ops at
    both ends are of the same types. What one empty gap shows, every other of its form between
    modules with the same callers shows as well: just the first of them is given.
    """
    structure = structure_of(flat)
    streams, home = structure.streams, anatomy.home
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    known = order[home[order] >= 0]
    known = known[np.argsort(streams[known], kind="stable")]
    new = np.flatnonzero(np.diff(streams[known])) + 1
    first, last = np.concatenate(([0], new)), np.concatenate((new - 1, [len(known) - 1]))
    edges = np.full(len(structure.stream_names), -1, np.int64)
    owners = body_owners(flat)
    for number, name in enumerate(structure.stream_names):
        owner = owners.get(name, -1)
        edges[number] = owner if owner >= 0 and home[owner] >= 0 else -1
    lefts = np.concatenate(([-1], known[:-1]))
    lefts[first] = edges[streams[known[first]]]
    # The gap before a known op comes as that does, those after the last of a stream at the end.
    ends = last[np.argsort(rank[known[first]])]
    before = np.argsort(rank[known])
    lefts = np.concatenate((lefts[before], known[ends]))
    rights = np.concatenate((known[before], edges[streams[known[ends]]]))
    gap_before = np.empty(len(order), np.int64)
    gap_before[known[before]] = np.arange(len(known))
    tail = np.full(len(edges), -1, np.int64)
    tail[streams[known[ends]]] = len(known) + np.arange(len(ends))
    waiting = order[undecided[order]]
    after = nearest(structure, order, home >= 0)[1][waiting]
    gap = np.where(after >= 0, gap_before[after], tail[streams[waiting]])
    waiting, gap = waiting[gap >= 0], gap[gap >= 0]
    waiting, gap = (one[np.argsort(gap, kind="stable")] for one in (waiting, gap))
    starts = np.searchsorted(gap, np.arange(len(lefts) + 1))
    shapes, callers = _shapes(
        anatomy, *(np.where(ends >= 0, home[ends], ROOT) for ends in (lefts, rights))
    )
    types = [np.where(ends >= 0, structure.op_types[ends], -1) for ends in (lefts, rights)]
    forms = _numbers(shapes, *types)
    filled = starts[1:] > starts[:-1]
    empty = np.flatnonzero(~filled)
    told = np.unique(_numbers(forms[empty], callers[empty]), return_index=True)[1]
    telling = filled.copy()
    telling[empty[told]] = True
    at = np.flatnonzero(telling)
    rows = zip(
        lefts[at].tolist(),
        rights[at].tolist(),
        forms[at].tolist(),
        starts[at].tolist(),
        starts[at + 1].tolist(),
        strict=True,
    )
    inside = waiting.tolist()
    for left, right, form, begin, end in rows:
        yield (
            left if left >= 0 else None,
            right if right >= 0 else None,
            form,
            tuple(inside[begin:end]),
        )


def _numbers(*columns: Ints) -> Ints:
    """A small number for each row of some columns, the same for equal rows."""
    found = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = np.unique(column, return_inverse=True)[1]
        found = np.unique(found << 32 | codes, return_inverse=True)[1]
    return found


def _shapes(anatomy: Anatomy, ones: Ints, others: Ints) -> tuple[Ints, Ints]:
    """A number for the kinds on the way between two modules, and how they are called; by whom.

    Ways are equal that have equal numbers, but for a chance that is that of doubles' prints.
    """
    above = anatomy.above
    depths = _depths(above)
    kinds = mixed(anatomy.kind.view(np.uint64) ^ mixed(anatomy.called.view(np.uint64)))
    callers = anatomy.caller.view(np.uint64)
    ends = [ones.copy(), others.copy()]
    shapes = [np.zeros(len(ones), np.uint64) for _ in ends]
    called = [np.zeros(len(ones), np.uint64) for _ in ends]
    apart = np.flatnonzero(ones != others)
    while apart.size:
        deeper = depths[ends[0][apart]] - depths[ends[1][apart]]
        for side, moves in enumerate((deeper >= 0, deeper <= 0)):
            at = apart[moves]
            here = ends[side][at]
            shapes[side][at] = mixed(shapes[side][at] ^ kinds[here])
            called[side][at] = mixed(called[side][at] ^ callers[here])
            ends[side][at] = above[here]
        apart = apart[ends[0][apart] != ends[1][apart]]
    turn = anatomy.kind.view(np.uint64)[ends[0]]
    shape = mixed(mixed(mixed(shapes[0]) ^ shapes[1]) ^ turn)
    return shape.view(np.int64), mixed(mixed(called[0]) ^ called[1]).view(np.int64)


def _depths(above: Ints) -> Ints:
    """How many modules enclose each one."""
    depths = np.zeros(len(above), np.int64)
    left = np.flatnonzero(np.arange(len(above)) != ROOT)
    here = above[left]
    while left.size:
        depths[left] += 1
        going = here != ROOT
        left, here = left[going], above[here[going]]
    return depths


class _Links:
    """Who feeds whom, seen through ops that only pass on what they get."""

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, undecided: Mask) -> None:
        self._flat = flat
        self._telling = undecided | (anatomy.home >= 0)
        self._passing = structure_of(flat).of_types({"Identity"})

    def users(self, at: int) -> Iterator[int]:
        return self._through(at, self._flat.links_down.of)

    def sources(self, at: int) -> Iterator[int]:
        return self._through(at, self._flat.links_up.of)

    def _through(self, at: int, neighbours: Callable[[int], list[int]]) -> Iterator[int]:
        stack = neighbours(at)
        for _ in range(_SEEN_THROUGH):
            if not stack:
                return
            one = stack.pop()
            if self._telling[one]:
                yield one
            elif self._passing[one]:
                stack.extend(neighbours(one))


class _Gaps:
    """All gaps of a graph, and the claims that they have part in."""

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, undecided: Mask) -> None:
        self.found: list[_Gap] = []
        self._flat, self._anatomy = flat, anatomy
        self._types = flat.columns.op_types
        self._links = _Links(flat, anatomy, undecided)
        self._routes: dict[tuple[int, int], _Route] = {}
        self._claims: dict[object, _Claim] = {}
        self._parts: dict[int, tuple[_Claim, ...]] = {}

    def enter(self, left: int | None, right: int | None, form: int, ops: tuple[int, ...]) -> None:
        """Add what a gap shows of the kinds on its route to their claims."""
        home, types = self._anatomy.home, self._types
        route = self._route(
            ROOT if left is None else int(home[left]), ROOT if right is None else int(home[right])
        )
        first = "" if left is None else types[left]
        last = "" if right is None else types[right]
        claims = self._parts.get(form)
        if claims is None:
            claims = self._parts[form] = self._claims_of(route, first, last)
        for at, claim in enumerate(claims):
            if at == route.turn:
                continue
            own = self._own(route, at, ops) if ops else ()
            claim.meet(tuple([types[one] for one in own]))
            claim.callers.add(route.callers[at])
            if form not in claim.gaps:
                claim.gaps.add(form)
                if own and len(claim.examples) <= _MOST_EXAMPLES:
                    claim.examples.append(own)
        if ops:
            self.found.append(_Gap(left, ops, route, claims))

    def _route(self, start: int, end: int) -> _Route:
        route = self._routes.get((start, end))
        if route is None:
            anatomy, paths = self._anatomy, self._anatomy.paths.names
            one, two = anatomy.line(start), anatomy.line(end)
            shared = 0
            for above, other in zip(one, two, strict=False):
                if above != other:
                    break
                shared += 1
            path = (*one[: shared - 1 : -1], one[shared - 1], *two[shared:])
            turn = len(one) - shared
            steps, callers = [], []
            for at, module in enumerate(path):
                beyond = len(paths[anatomy.above[module]])
                steps.append("" if at == turn else pattern(paths[module][beyond and beyond + 1 :]))
                callers.append(0 if at == turn else int(anatomy.caller[module]))
            route = self._routes[start, end] = _Route(path, turn, tuple(steps), tuple(callers))
        return route

    def _claims_of(self, route: _Route, first: str, last: str) -> tuple[_Claim, ...]:
        """The claim that each module of a route has part in, by its kind and what is beside it."""
        steps = route.steps
        found = []
        for at, module in enumerate(route.path):
            after = at < route.turn
            if after:
                edge = first if at == 0 else steps[at - 1]
            else:
                edge = last if at == len(steps) - 1 else steps[at + 1]
            key = None if at == route.turn else (after, int(self._anatomy.kind[module]), edge)
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
    module: int,
    neighbours: Callable[[int], Iterator[int]],
) -> tuple[int, ...]:
    """The first of ``ops`` that dataflow links, one by one, to the module or to each other.

    A weight is held by the module that computes with it, so it ends there
    where modules of the kind compute with none.
    """
    mine: set[int] = set()
    weighted = int(anatomy.kind[module]) in anatomy.weighted
    reads_weight = structure_of(flat).reads_weight
    home, paths = anatomy.home, anatomy.paths.names
    for at in ops:
        if not weighted and reads_weight[at]:
            break
        linked = any(
            near in mine or (home[near] >= 0 and names.is_within(paths[home[near]], paths[module]))
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
    if module not in anatomy.parents or anatomy.primary[module] < _ARITHMETIC:
        return
    for place in range(min(head, len(gap.claims[0].shared or ()))):
        at = gap.ops[place]
        if category(flat.columns.domains[at], flat.columns.op_types[at]) is None:
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
