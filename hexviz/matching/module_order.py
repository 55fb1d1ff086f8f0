"""Modules that run in another order after than before.

::

    before   a ─ b ─ c ─ d          after   a ─ c ─ b ─ d        b runs after c: moved

Positions in a file say nothing: tools sort ops as they like. The dataflow does.
An op's *level* is the number of ops that are in both graphs on the longest way
to it, so what was added or deleted changes no level. Modules that are not in the
longest sequence that both graphs have in common are suspects; one that comes
before another one in one graph and after it in the other has moved.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from hexviz.matching.op_groups import Group
from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph

__all__ = ["Moved", "reordered"]

_MOST = 24
"""Modules whose order is looked at closely; a graph with more was not reordered but rewritten."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A module (FQN before) that runs elsewhere.

    ``later`` says whether it runs later than before; ``passed`` is the module
    that it ran before, and runs after now, or the other way round.
    ``is_exchange`` says that both took each other's place.
    """

    module: str
    passed: str
    later: bool
    is_exchange: bool


def reordered(
    before: FlatGraph, after: FlatGraph, groups: Sequence[Group], home: Sequence[str]
) -> list[Moved]:
    """The modules that have moved; ``home`` is the module of each op before, by position."""
    mine = _levels(before, {one.before_value for one in groups})
    theirs = _levels(after, {one.after_value for one in groups})
    members: dict[str, list[Group]] = {}
    for one in groups:
        members.setdefault(home[one.before_value], []).append(one)
    members.pop("", None)  # the root's own ops are all over the graph
    places = {
        module: (
            median_low(mine[one.before_value] for one in group),
            median_low(theirs[one.after_value] for one in group),
        )
        for module, group in members.items()
    }
    order = sorted(places, key=places.__getitem__)
    kept = _longest_rising([places[one][1] for one in order])
    suspects = {one for at, one in enumerate(order) if at not in kept}
    units = _units(suspects, members)
    if not suspects or len(units) > _MOST:
        return []
    steady = [one for one in order if one not in suspects]
    return _contradicting(before, after, units, steady, places, members)


def _levels(flat: FlatGraph, counted: Collection[int]) -> list[int]:
    levels = [0] * len(flat.ops)
    for at in flat.order:
        above = max((levels[one] for one in flat.predecessors[at]), default=0)
        levels[at] = above + (at in counted)
    return levels


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The places of a longest sequence of numbers of which none is less than the one before."""
    ends: list[int] = []  # the least last number of a sequence of each length
    places: list[int] = []
    previous: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_right(ends, number)
        previous.append(places[length - 1] if length else -1)
        if length == len(ends):
            ends.append(number)
            places.append(at)
        else:
            ends[length], places[length] = number, at
    found = set()
    at = places[-1] if places else -1
    while at >= 0:
        found.add(at)
        at = previous[at]
    return found


def _units(suspects: Collection[str], members: Collection[str]) -> dict[str, list[str]]:
    """The highest modules all of whose modules with ops are suspects → those modules."""
    below: dict[str, int] = {}
    suspected: dict[str, int] = {}
    for module in members:
        for above in names.ancestors(module):
            below[above] = below.get(above, 0) + 1
            suspected[above] = suspected.get(above, 0) + (module in suspects)
    units: dict[str, list[str]] = {}
    for module in suspects:
        top = next((one for one in names.ancestors(module) if below[one] == suspected[one]), module)
        units.setdefault(top, []).append(module)
    return units


def _contradicting(
    before: FlatGraph,
    after: FlatGraph,
    units: Mapping[str, Sequence[str]],
    steady: Sequence[str],
    places: Mapping[str, tuple[int, int]],
    members: Mapping[str, Sequence[Group]],
) -> list[Moved]:
    found = []
    for unit, modules in units.items():
        was = median_low(places[one][0] for one in modules)
        now = median_low(places[one][1] for one in modules)
        passed = [one for one in steady if (places[one][0] - was) * (places[one][1] - now) < 0]
        if was == now or not passed:
            continue  # the others moved around it, or nothing did
        later = places[passed[0]][0] > was
        # The furthest that it went past is the clearest.
        other = max(passed, key=lambda one: places[one][0] if later else -places[one][0])
        mine = [group for one in modules for group in members[one]]
        first, second = (mine, members[other]) if later else (members[other], mine)
        if not _leads(before, _before(first), _before(second)):
            continue
        if not _leads(after, _after(second), _after(first)):
            continue
        found.append(Moved(unit, _alike(unit, other), later, is_exchange=False))
    return _exchanges(found, places)


def _before(groups: Iterable[Group]) -> set[int]:
    return {one.before_value for one in groups}


def _after(groups: Iterable[Group]) -> set[int]:
    return {one.after_value for one in groups}


def _leads(flat: FlatGraph, sources: Collection[int], targets: Collection[int]) -> bool:
    """Whether dataflow goes from one of some ops to one of others."""
    last = max(targets)
    seen = set(sources)
    for at in range(min(sources), last + 1):
        if at not in seen and any(one in seen for one in flat.predecessors[at]):
            seen.add(at)
    return not seen.isdisjoint(set(targets) - set(sources))


def _alike(unit: str, other: str) -> str:
    """The module that stands to another one as high in the tree as a unit does."""
    depth = unit.count(".") + 1
    found = ".".join(other.split(".")[:depth])
    return other if names.is_within(unit, found) else found


def _exchanges(found: Sequence[Moved], places: Mapping[str, tuple[int, int]]) -> list[Moved]:
    """Two modules that took each other's place count as one exchange."""
    spans = {one.module: _span(one.module, places) for one in found}
    spans.update({one.passed: _span(one.passed, places) for one in found})
    result: list[Moved] = []
    used: set[str] = set()
    for one in found:
        if one.module in used:
            continue
        partner = next(
            (
                other
                for other in (*(moved.module for moved in found), one.passed)
                if other != one.module
                and spans[other][0] == spans[one.module][1]
                and spans[other][1] == spans[one.module][0]
            ),
            None,
        )
        used.add(one.module)
        if partner is None:
            result.append(one)
        else:
            used.add(partner)
            result.append(Moved(one.module, partner, one.later, is_exchange=True))
    return result


def _span(unit: str, places: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """The least levels of a module and those below it, before and after."""
    own = [levels for module, levels in places.items() if names.is_within(module, unit)]
    return min(one for one, _ in own), min(one for _, one in own)
