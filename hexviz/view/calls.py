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

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Call

__all__ = ["LOOSE", "CallGroup", "group_calls"]

LOOSE = 15
"""Ops and calls of its own that a module may show before auxiliary ops go with what they serve."""

_CONSTANTS = -1  # the rank of what depends on no op
_FEW = 2  # types of ops that a label names


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


def group_calls(
    graph: TaggedGraph,
    modules: Sequence[str],
    alive: Sequence[bool],
    folded: AbstractSet[int],
    *,
    loose: int = LOOSE,
) -> dict[int, CallGroup]:
    """Position → the outermost group around it; what stands alone is left out. Linear.

    ``modules`` is the module of each position. ``alive`` says which ops depend on the model's
    inputs other than through shapes. ``folded`` are constants that are drawn as dots beside their
    only reader: they go where it goes.
    """
    groups = _Groups(graph, modules, alive, folded)
    groups.recorded()
    groups.serve(groups.crowded(loose))
    return groups.around


class _Unit(NamedTuple):
    """What moves as a whole, an op or a recorded call, and its ops without dots."""

    member: int | CallGroup
    ops: tuple[int, ...]

    @property
    def last(self) -> int:
        return self.ops[-1]


class _Groups:
    """One run of :func:`group_calls`; ``around`` is its result."""

    def __init__(
        self,
        graph: TaggedGraph,
        modules: Sequence[str],
        alive: Sequence[bool],
        folded: AbstractSet[int],
    ) -> None:
        self.graph = graph
        self.modules = modules
        self.alive = alive
        self.folded = folded
        self.around: dict[int, CallGroup] = {}
        self._keys: set[str] = set()

    def recorded(self) -> None:
        """Group the calls on record that made several ops of a module, beside dots."""
        made: dict[str, list[int]] = {}
        for position, op in enumerate(self.graph.ops):
            if op.call is not None and position not in self.folded:
                made.setdefault(op.call.name, []).append(position)
        for name, positions in made.items():
            if len(positions) == 1:
                continue
            parts: dict[str, list[int]] = {}
            for at in positions:
                parts.setdefault(self.modules[at], []).append(at)
            for module, ops in parts.items():
                call = self.graph.ops[ops[0]].call
                if len(ops) > 1 and call is not None:
                    self._add(module, name, call.function, ops, call)

    def crowded(self, loose: int) -> list[_Unit]:
        """The ops and calls of the modules with more than so many of their own, in order."""
        counts = Counter(self.modules)
        own: dict[str, list[_Unit]] = {fqn: [] for fqn, ops in counts.items() if ops > loose}
        begun: set[str] = set()
        for position, module in enumerate(self.modules):
            if module not in own or position in self.folded:
                continue
            call = self.around.get(position)
            if call is None:
                own[module].append(_Unit(position, (position,)))
            elif call.key not in begun:
                begun.add(call.key)
                ops = tuple(at for at in call.positions() if at not in self.folded)
                own[module].append(_Unit(call, ops))
        found = [unit for units in own.values() if len(units) > loose for unit in units]
        return sorted(found, key=lambda unit: unit.last)

    def serve(self, units: Sequence[_Unit]) -> None:
        """Put the auxiliary ones among some units to what they serve."""
        ops, ranks = self.graph.ops, _Ranks(self.graph, self.modules, self.alive, self.folded)
        for (module, rank), held in ranks.run(units).items():
            if len(held) == 1:
                continue
            held.sort(key=lambda unit: unit.ops)
            members = [unit.member for unit in held]
            served = next((unit for unit in held if unit.last == rank), held[0])
            name = ops[served.last].id
            if not ranks.is_arithmetic(served):
                self._add(module, name, self._types(held), members)
            elif isinstance(served.member, int):
                self._add(module, name, ops[rank].op_type, members, served=rank)
            else:
                self._add(module, name, f"around {served.member.label}", members, served=rank)

    def _types(self, held: Sequence[_Unit]) -> str:
        """What a group is called in which nothing is served: by its live ops, the first named."""
        positions = [at for unit in held for at in unit.ops]
        types = Counter(self.graph.ops[at].op_type for at in positions if self.alive[at])
        if not types:
            shapes = any(self.graph.ops[at].auxiliary == "infrastructure" for at in positions)
            return "shapes" if shapes else "constants"
        return ", ".join(list(types)[:_FEW]) + (" …" if len(types) > _FEW else "")

    def _add(
        self,
        module: str,
        name: str,
        label: str,
        members: Sequence[int | CallGroup],
        call: Call | None = None,
        served: int | None = None,
    ) -> CallGroup:
        key = f"{module}!{name}"
        while key in self._keys or key in self.graph.modules:
            key += "!"  # a name may have any letters: no two boxes have one key
        self._keys.add(key)
        before, folded = self.graph.flat.predecessors, self.folded
        dots = [
            dot
            for at in members
            if isinstance(at, int)
            for dot in before[at]
            if dot in folded and self.modules[dot] == module
        ]
        ordered = sorted([*members, *dots], key=_first) if dots else members
        group = CallGroup(key, module, label, call, served, tuple(ordered))
        for at in group.positions():
            self.around[at] = group
        return group


def _first(member: int | CallGroup) -> int:
    return member if isinstance(member, int) else _first(member.members[0])


class _Ranks:
    """What goes together, see above: ``held`` holds the units of each module and rank."""

    def __init__(
        self,
        graph: TaggedGraph,
        modules: Sequence[str],
        alive: Sequence[bool],
        folded: AbstractSet[int],
    ) -> None:
        self.graph = graph
        self.modules = modules
        self.alive = alive
        self.folded = folded
        self.rank: dict[int, int] = {}
        self.held: dict[tuple[str, int], list[_Unit]] = {}

    def run(self, units: Sequence[_Unit]) -> dict[tuple[str, int], list[_Unit]]:
        """Give each unit its rank; they come in order."""
        others: list[_Unit] = []
        for unit in units:
            if self.is_arithmetic(unit):
                self._put(unit, unit.last)
            else:
                others.append(unit)
        left = [unit for unit in reversed(others) if not self._join_reader(unit)]
        for unit in reversed(left):
            self._join_source(unit)
        return self.held

    def is_arithmetic(self, unit: _Unit) -> bool:
        """Whether it does the module's own work: a primary op on what the model was given."""
        ops = self.graph.ops
        return any(ops[at].auxiliary is None and self.alive[at] for at in unit.ops)

    def _put(self, unit: _Unit, rank: int) -> None:
        self.rank.update(dict.fromkeys(unit.ops, rank))
        self.held.setdefault((self.modules[unit.last], rank), []).append(unit)

    def _join_reader(self, unit: _Unit) -> bool:
        """Put a unit to the first of those that read it, unless that one is elsewhere."""
        ranks = [self.rank.get(at, at) for at in _around(unit, self.graph.flat.successors)]
        first = min(ranks, default=_CONSTANTS)
        if first <= unit.last or (self.modules[unit.last], first) not in self.held:
            return False
        self._put(unit, first)
        return True

    def _join_source(self, unit: _Unit) -> None:
        """Put a unit to the last of those that it reads; what reads none, to its like."""
        module = self.modules[unit.last]
        around = _around(unit, self.graph.flat.predecessors)
        sources = [at for at in around if at not in self.folded]
        last = max((self.rank.get(at, at) for at in sources), default=_CONSTANTS)
        if last == _CONSTANTS:
            alike = not any(self.alive[at] for at in unit.ops)
            alike = alike and all(self.modules[at] == module for at in sources)
            self._put(unit, _CONSTANTS if alike else unit.last)
        elif last < unit.ops[0] and (module, last) in self.held:
            self._put(unit, last)
        else:
            self._put(unit, unit.last)


def _around(unit: _Unit, neighbours: Sequence[Sequence[int]]) -> Iterable[int]:
    """The ops before or after a unit."""
    if len(unit.ops) == 1:
        return neighbours[unit.last]
    return {at for one in unit.ops for at in neighbours[one]}.difference(unit.ops)
