"""The level between a module and its ops: PyTorch's calls, and auxiliary ops with what they serve.

::

    the exporter recorded the calls              no records, or still too much to look at
    Constant ×4, Concat, Reshape  ⇒  view        Shape → Concat ─┐
    Transpose (a call of one op)                 x ─────────▶ Reshape → Transpose ─┐
    Shape, Slice, … MatMul        ⇒  scaled_…    y ────────────────────────────▶ MatMul  ⇒ MatMul

Of the second kind, a group is never entered again once it was left. Each of its ops has its
*rank*, the position of the op that is served (ops elsewhere have their own position), and no value
goes from a higher rank to a lower one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import PRIMARY, Ints, TagColumns, coded
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import CATEGORIES, Call
from hexviz.view.dataflow import Bools, Dataflow, Links

__all__ = ["LOOSE", "CallGroup", "Groups", "group_calls"]

LOOSE = 15
"""Ops and calls of its own that a module may show before auxiliary ops go with what they serve."""

_CONSTANTS = -1  # the rank of what depends on no op
_FEW = 2  # types of ops that a label names
_INFRASTRUCTURE = list(CATEGORIES).index("infrastructure")


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Ops of one module that stand in a box together.

    ``key`` names the box (``FQN!NAME``), ``label`` is what the page calls it. ``call`` is the
    recorded call that made the ops; it is ``None`` for auxiliary ops with what they serve.
    ``served`` is then the position of that op (of a recorded call, its last one), ``None`` if they
    serve nothing in the module. ``members`` are ops by position and recorded calls, in order.
    """

    key: str
    module: str
    label: str
    call: Call | None
    served: int | None
    members: tuple[int | CallGroup, ...]

    def positions(self) -> Iterator[int]:
        """The positions of its ops, at any depth."""
        for member in self.members:
            if isinstance(member, int):
                yield member
            else:
                yield from member.positions()


class _Sketch(NamedTuple):
    """A group before anybody looks at it.

    ``units`` are what moves as a whole: ops by their positions, without dots, and recorded calls
    by their numbers after all ops. ``leader`` is the one that is served, if any is.
    """

    key: str
    module: int
    units: list[int]
    call: Call | None
    leader: int | None


def group_calls(
    graph: TaggedGraph,
    flow: Dataflow,
    modules: Ints,
    paths: Sequence[str],
    folded: Bools,
    *,
    loose: int = LOOSE,
) -> Groups:
    """Put the ops of each module into groups; what stands alone is left out. Linear.

    ``modules`` is the module of each position, by its number in ``paths``. ``folded`` are
    constants that are drawn as dots beside their only reader: they go where it goes.
    """
    return Groups(graph, flow, modules, paths, folded, loose)


class Groups:
    """The groups of a graph, by number: recorded calls first. Objects for those somebody looks at.

    ``of`` is, by position, the number of the outermost group around an op, -1 for none; ``place``
    orders the ops of a group. ``numbers`` leads from keys to numbers.
    """

    def __init__(
        self,
        graph: TaggedGraph,
        flow: Dataflow,
        modules: Ints,
        paths: Sequence[str],
        folded: Bools,
        loose: int,
    ) -> None:
        self._graph = graph
        self._flow = flow
        self._modules = modules
        self._paths = paths
        self._folded = folded
        self._n_ops = flow.n_ops
        self._sketches: list[_Sketch] = []
        self._made: dict[int, CallGroup] = {}
        self.numbers: dict[str, int] = {}
        self.of: Ints = np.full(self._n_ops, -1, np.int64)
        self.place: Ints = np.arange(self._n_ops)
        self._record()
        self._recorded = len(self._sketches)
        ranks = _Ranks(self, flow, modules, folded, self._leading)
        self._serve(ranks.run(self._crowded(loose)))
        self._settle()

    def __len__(self) -> int:
        return len(self._sketches)

    def __getitem__(self, number: int) -> CallGroup:
        made = self._made.get(number)
        if made is None:
            made = self._made.setdefault(number, self._group(self._sketches[number]))
        return made

    def module_of(self, number: int) -> int:
        """The number of the module that a group lies in."""
        return self._sketches[number].module

    def outermost(self) -> Iterator[CallGroup]:
        """The groups that are in no other: those around recorded calls in their order, the rest."""
        first = [int(self.of[one.units[0]]) for one in self._sketches[: self._recorded]]
        for number in dict.fromkeys([*first, *range(self._recorded, len(self))]):
            yield self[number]

    def ops_of(self, unit: int) -> list[int]:
        """The ops that move with a unit, without dots."""
        return [unit] if unit < self._n_ops else self._sketches[unit - self._n_ops].units

    def _record(self) -> None:
        """Group the calls on record that made several ops of a module, beside dots."""
        columns, modules = self._graph.columns, self._modules
        positions = np.flatnonzero((columns.calls >= 0) & ~self._folded)
        if not len(positions):
            return
        made_by = _by_name(columns)[columns.calls[positions]]
        begun = np.full(len(columns.known_calls), self._n_ops)
        np.minimum.at(begun, made_by, positions)
        parts = made_by * len(self._paths) + modules[positions]
        order = np.argsort(parts, kind="stable")
        starts = np.flatnonzero(np.diff(parts[order], prepend=-1))
        counts = np.diff(starts, append=len(order))
        several = counts > 1
        first = positions[order[starts[several]]]
        found = zip(
            begun[made_by[order[starts[several]]]].tolist(),
            first.tolist(),
            starts[several].tolist(),
            counts[several].tolist(),
            strict=True,
        )
        for _, at, start, count in sorted(found):  # in the order of the calls, and in each of these
            held = positions[order[start : start + count]]
            call = columns.known_calls[columns.calls[at]]
            self.of[held] = len(self._sketches)
            self._add(int(modules[at]), call.name, held.tolist(), call)

    def _crowded(self, loose: int) -> list[int]:
        """The units of the modules with more than so many of their own, in order."""
        modules, n_modules = self._modules, len(self._paths)
        large = np.bincount(modules, minlength=n_modules) > loose
        singles = np.flatnonzero(large[modules] & ~self._folded & (self.of < 0))
        within = np.array([one.module for one in self._sketches], np.int64)
        counts = np.bincount(modules[singles], minlength=n_modules)
        counts += np.bincount(within, minlength=n_modules)
        crowded = counts > loose
        singles = singles[crowded[modules[singles]]]
        calls = np.flatnonzero(crowded[within])
        if not len(calls):
            found: list[int] = singles.tolist()
            return found
        units = [*singles.tolist(), *(calls + self._n_ops).tolist()]
        return sorted(units, key=lambda unit: self.ops_of(unit)[-1])

    def _serve(self, held_by_rank: Mapping[int, list[int]]) -> None:
        """Put the auxiliary ones among some units to what they serve."""
        ids, leading, n_ops = self._graph.flat.columns.ids, self._leading, self._n_ops
        modules: list[int] = self._modules.tolist()
        around: list[int] = []
        counts: list[int] = []
        for rank, held in held_by_rank.items():
            if len(held) == 1:
                continue
            served = held[0]  # an op comes before all that go with it
            if max(held) < n_ops:
                held.sort()
            else:
                held.sort(key=lambda unit: self.ops_of(unit)[0])
            leader = None
            if rank < 0:  # of what depends on no op, it tells the module
                module, served = -1 - rank, held[0]
            else:
                module = modules[rank]
                within = self.ops_of(served) if served >= n_ops else [served]
                leader = served if any(leading[at] for at in within) else None
            around += held
            counts.append(len(held))
            last = served if served < n_ops else self.ops_of(served)[-1]
            self._add(module, ids[last], held, leader=leader)
        units = np.array(around, np.int64)
        numbers = np.repeat(np.arange(len(counts)) + self._recorded, counts)
        outer = np.append(np.arange(self._recorded), -1)  # around each recorded call
        is_call = units >= n_ops
        outer[units[is_call] - n_ops] = numbers[is_call]
        self.of = outer[self.of]
        self.of[units[~is_call]] = numbers[~is_call]

    def _settle(self) -> None:
        """Let dots go where their readers go, and order the ops in groups that hold others."""
        dots, readers = self._dots
        self.of[dots] = self.of[readers]
        for number in range(self._recorded, len(self)):
            if max(self._sketches[number].units) >= self._n_ops:
                held = list(self[number].positions())
                self.place[held] = np.arange(len(held))

    @cached_property
    def _leading(self) -> list[bool]:
        """Which ops do their module's own work: primary ones on what the model was given."""
        found: list[bool] = (
            self._flow.alive & (self._graph.columns.categories == PRIMARY)
        ).tolist()
        return found

    @cached_property
    def _dots(self) -> tuple[Ints, Ints]:
        """The dots that are drawn in the module of their reader, and those readers."""
        dots = np.flatnonzero(self._folded)
        readers = self._flow.ends_of_readers[0][dots]
        here = self._modules[dots] == self._modules[readers]
        return dots[here], readers[here]

    @cached_property
    def _dots_beside(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = {}
        dots, readers = self._dots
        for dot, reader in zip(dots.tolist(), readers.tolist(), strict=True):
            found.setdefault(reader, []).append(dot)
        return found

    def _add(
        self,
        module: int,
        name: str,
        units: list[int],
        call: Call | None = None,
        leader: int | None = None,
    ) -> None:
        key = f"{self._paths[module]}!{name}"
        while key in self.numbers or key in self._graph.modules:
            key += "!"  # a name may have any letters: no two boxes have one key
        self.numbers[key] = len(self._sketches)
        self._sketches.append(_Sketch(key, module, units, call, leader))

    def _group(self, sketch: _Sketch) -> CallGroup:
        n_ops, beside = self._n_ops, self._dots_beside
        served = None
        if sketch.call is not None:
            label = sketch.call.function
        elif sketch.leader is None:
            label = self._types(sketch.units)
        else:
            served = self.ops_of(sketch.leader)[-1]
            label = (
                self._graph.flat.columns.op_types[served]
                if sketch.leader < n_ops
                else f"around {self[sketch.leader - n_ops].label}"
            )
        members = [unit if unit < n_ops else self[unit - n_ops] for unit in sketch.units]
        dots = [dot for unit in sketch.units if unit in beside for dot in beside[unit]]
        if dots:
            members = sorted([*members, *dots], key=_start)
        path = self._paths[sketch.module]
        return CallGroup(sketch.key, path, label, sketch.call, served, tuple(members))

    def _types(self, units: Sequence[int]) -> str:
        """What a group is called in which nothing is served: by its live ops, the first named."""
        columns, op_types = self._graph.columns, self._graph.flat.columns.op_types
        positions = [at for unit in units for at in self.ops_of(unit)]
        types = list(dict.fromkeys(op_types[at] for at in positions if self._flow.alive[at]))
        if not types:
            shapes = any(columns.categories[at] == _INFRASTRUCTURE for at in positions)
            return "shapes" if shapes else "constants"
        return ", ".join(types[:_FEW]) + (" …" if len(types) > _FEW else "")


def _by_name(columns: TagColumns) -> Ints:
    """For each of the known calls a number that it shares with those of its name."""
    names = [call.name for call in columns.known_calls]
    if len(set(names)) == len(names):
        return np.arange(len(names))
    return coded(names)[0]


def _start(member: int | CallGroup) -> int:
    return member if isinstance(member, int) else _start(member.members[0])


class _Ranks:
    """What goes together, see above.

    ``rank`` is that of each position. ``held`` holds the units of each rank, the one first that
    all others go with; of what depends on no op, those of each module, by -1 less its number.
    """

    def __init__(
        self, groups: Groups, flow: Dataflow, modules: Ints, folded: Bools, leading: list[bool]
    ) -> None:
        self.ops_of = groups.ops_of
        self.n_ops = flow.n_ops
        self.flow = flow
        self.leading = leading
        self.modules: list[int] = modules.tolist()
        self.folded: list[bool] = folded.tolist()
        self.alive: list[bool] = flow.alive.tolist()
        self.rank = list(range(flow.n_ops))
        self.held: dict[int, list[int]] = {}

    def run(self, units: Sequence[int]) -> dict[int, list[int]]:
        """Give each unit its rank; they come in order."""
        leading, held, n_ops = self.leading, self.held, self.n_ops
        others: list[int] = []
        for unit in units:
            if unit < n_ops:
                if leading[unit]:
                    held[unit] = [unit]
                else:
                    others.append(unit)
            elif any(leading[at] for at in self.ops_of(unit)):
                self._lead(unit)
            else:
                others.append(unit)
        left = self._join_readers(others[::-1])
        for unit in reversed(left):
            self._join_source(unit)
        return held

    def _lead(self, unit: int) -> None:
        """Put a unit to itself."""
        within = self.ops_of(unit)
        for at in within:
            self.rank[at] = within[-1]
        self.held[within[-1]] = [unit]

    def _follow(self, unit: int, rank: int, held: list[int]) -> None:
        for at in self.ops_of(unit):
            self.rank[at] = rank
        held.append(unit)

    def _join_readers(self, units: Sequence[int]) -> list[int]:
        """Put each unit to the first of those that read it; returns those that stay alone.

        The last of the units comes first.
        """
        if not units:
            return []
        starts, others = self.flow.readers.starts, self.flow.readers.others
        rank, held, modules, n_ops = self.rank, self.held, self.modules, self.n_ops
        left: list[int] = []
        for unit in units:
            if unit < n_ops:  # nearly all of them, so without a call for each
                readers: Sequence[int] = others[starts[unit] : starts[unit + 1]]
                last = unit
            else:
                readers = self._beside(unit, self.flow.readers)
                last = self.ops_of(unit)[-1]
            if readers:
                first = min([rank[at] for at in readers])
                if first > last and first in held and modules[first] == modules[last]:
                    if unit < n_ops:
                        rank[unit] = first
                        held[first].append(unit)
                    else:
                        self._follow(unit, first, held[first])
                    continue
            left.append(unit)
        return left

    def _join_source(self, unit: int) -> None:
        """Put a unit to the last of those that it reads; what reads none, to its like."""
        within = self.ops_of(unit)
        module = self.modules[within[-1]]
        sources = [at for at in self._beside(unit, self.flow.read) if not self.folded[at]]
        last = max([self.rank[at] for at in sources], default=_CONSTANTS)
        if last == _CONSTANTS:
            alike = not any(self.alive[at] for at in within)
            if alike and all(self.modules[at] == module for at in sources):
                self._follow(unit, _CONSTANTS, self.held.setdefault(-1 - module, []))
            else:
                self._lead(unit)
        elif last < within[0] and last in self.held and self.modules[last] == module:
            self._follow(unit, last, self.held[last])
        else:
            self._lead(unit)

    def _beside(self, unit: int, links: Links) -> Sequence[int]:
        """The ops before or after those of a unit."""
        within = self.ops_of(unit)
        if len(within) == 1:
            return links.of(within[0])
        return list({at for one in within for at in links.of(one)}.difference(within))
