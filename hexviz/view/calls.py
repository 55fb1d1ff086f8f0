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
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

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


_Unit = int | CallGroup
"""What moves as a whole: an op, by its position, or a recorded call."""


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
        self._dots: dict[int, list[int]] = {}  # by the op beside which they are drawn
        for dot in folded:
            (reader,) = graph.flat.successors[dot]
            if modules[dot] == modules[reader]:
                self._dots.setdefault(reader, []).append(dot)

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
                own[module].append(position)
            elif call.key not in begun:
                begun.add(call.key)
                own[module].append(call)
        found = [unit for units in own.values() if len(units) > loose for unit in units]
        return sorted(found, key=self._last)

    def _last(self, unit: _Unit) -> int:
        return unit if isinstance(unit, int) else _ops_of(unit, self.folded)[-1]

    def serve(self, units: Sequence[_Unit]) -> None:
        """Put the auxiliary ones among some units to what they serve."""
        ops, ranks = self.graph.ops, _Ranks(self.graph, self.modules, self.alive, self.folded)
        for rank, held in ranks.run(units).items():
            if len(held) == 1:
                continue
            served = held[0]  # an op comes before all that go with it
            held.sort(key=self._first)
            if isinstance(rank, str):  # the module of what depends on no op
                module, served = rank, held[0]
            else:
                module = self.modules[rank]
            name = ops[self._last(served)].id
            if isinstance(rank, str) or not ranks.is_arithmetic(served):
                self._add(module, name, self._types(held), held)
            elif isinstance(served, int):
                self._add(module, name, ops[rank].op_type, held, served=rank)
            else:
                self._add(module, name, f"around {served.label}", held, served=rank)

    def _first(self, unit: _Unit) -> int:
        return unit if isinstance(unit, int) else _ops_of(unit, self.folded)[0]

    def _types(self, held: Sequence[_Unit]) -> str:
        """What a group is called in which nothing is served: by its live ops, the first named."""
        ops = self.graph.ops
        positions = [at for unit in held for at in _ops_of(unit, self.folded)]
        types = list(dict.fromkeys(ops[at].op_type for at in positions if self.alive[at]))
        if not types:
            shapes = any(ops[at].auxiliary == "infrastructure" for at in positions)
            return "shapes" if shapes else "constants"
        return ", ".join(types[:_FEW]) + (" …" if len(types) > _FEW else "")

    def _add(
        self,
        module: str,
        name: str,
        label: str,
        members: Sequence[_Unit],
        call: Call | None = None,
        served: int | None = None,
    ) -> None:
        key = f"{module}!{name}"
        while key in self._keys or key in self.graph.modules:
            key += "!"  # a name may have any letters: no two boxes have one key
        self._keys.add(key)
        dots = [
            dot
            for at in members
            if isinstance(at, int) and at in self._dots
            for dot in self._dots[at]
        ]
        ordered = sorted([*members, *dots], key=_start) if dots else members
        group = CallGroup(key, module, label, call, served, tuple(ordered))
        self.around.update(dict.fromkeys(group.positions(), group))


def _start(member: _Unit) -> int:
    return member if isinstance(member, int) else _start(member.members[0])


def _ops_of(unit: _Unit, folded: AbstractSet[int]) -> Sequence[int]:
    """The ops that move with a unit, without dots."""
    if isinstance(unit, int):
        return (unit,)
    return [at for at in unit.positions() if at not in folded]


class _Ranks:
    """What goes together, see above.

    ``rank`` is that of each position. ``held`` holds the units of each rank, of what depends on no
    op those of each module; of others, the unit comes first that all go with.
    """

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
        self.rank = list(range(len(modules)))
        self.held: dict[int | str, list[_Unit]] = {}

    def run(self, units: Sequence[_Unit]) -> dict[int | str, list[_Unit]]:
        """Give each unit its rank; they come in order."""
        others: list[_Unit] = []
        for unit in units:
            if self.is_arithmetic(unit):
                self._lead(unit)
            else:
                others.append(unit)
        left = [unit for unit in reversed(others) if not self._join_reader(unit)]
        for unit in reversed(left):
            self._join_source(unit)
        return self.held

    def is_arithmetic(self, unit: _Unit) -> bool:
        """Whether it does the module's own work: a primary op on what the model was given."""
        ops = self.graph.ops
        if isinstance(unit, int):
            return self.alive[unit] and ops[unit].auxiliary is None
        within = _ops_of(unit, self.folded)
        return any(self.alive[at] and ops[at].auxiliary is None for at in within)

    def _lead(self, unit: _Unit) -> None:
        """Put a unit to itself."""
        if isinstance(unit, int):
            self.held[unit] = [unit]
            return
        within = _ops_of(unit, self.folded)
        for at in within:
            self.rank[at] = within[-1]
        self.held[within[-1]] = [unit]

    def _follow(self, unit: _Unit, rank: int, held: list[_Unit]) -> None:
        for at in _ops_of(unit, self.folded):
            self.rank[at] = rank
        held.append(unit)

    def _join_reader(self, unit: _Unit) -> bool:
        """Put a unit to the first of those that read it, unless that one is elsewhere."""
        within = _ops_of(unit, self.folded)
        readers = _beside(within, self.graph.flat.successors)
        if not readers:
            return False
        rank, last = self.rank, within[-1]
        first = min([rank[at] for at in readers])
        if first <= last or first not in self.held or self.modules[first] != self.modules[last]:
            return False
        self._follow(unit, first, self.held[first])
        return True

    def _join_source(self, unit: _Unit) -> None:
        """Put a unit to the last of those that it reads; what reads none, to its like."""
        within = _ops_of(unit, self.folded)
        module = self.modules[within[-1]]
        beside = _beside(within, self.graph.flat.predecessors)
        sources = [at for at in beside if at not in self.folded]
        last = max((self.rank[at] for at in sources), default=_CONSTANTS)
        if last == _CONSTANTS:
            alike = not any(self.alive[at] for at in within)
            if alike and all(self.modules[at] == module for at in sources):
                self._follow(unit, _CONSTANTS, self.held.setdefault(module, []))
            else:
                self._lead(unit)
        elif last < within[0] and last in self.held and self.modules[last] == module:
            self._follow(unit, last, self.held[last])
        else:
            self._lead(unit)


def _beside(ops: Sequence[int], neighbours: Sequence[Sequence[int]]) -> Collection[int]:
    """The ops before or after those of a unit."""
    if len(ops) == 1:
        return neighbours[ops[0]]
    return {at for one in ops for at in neighbours[one]}.difference(ops)
