"""Siblings as witnesses: what is recorded of an op's double in another copy of its module.

Repeated blocks run the same code, so an op has doubles in the other blocks:
ops of the same type with the same surroundings, four steps far. Where the
doubles' modules are recorded and all agree but for the block's index
(``encoder.layer.#.output.dropout``; indices inside the block count), and only
one module that was open around the op fits, the op belongs there. A module
that no op of this block is declared for may be inferred to exist that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy, pattern

__all__ = ["Testimony", "ask_siblings"]

_STEPS = 4  # how far surroundings reach; each step less, more doubles are false (tuned models)
_WITNESSES = 2  # doubles that have to agree: one alone may be a chance likeness
_TOLD = 3  # witnesses that are named


Form = tuple[str, ...]
"""The steps of an FQN, ``#`` where any index will do."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """The module that an op's doubles stand for, and some of them (positions)."""

    module: str
    witnesses: tuple[int, ...]


def ask_siblings(
    flat: FlatGraph,
    anatomy: Anatomy,
    before: Sequence[int | None],
    after: Sequence[int | None],
) -> dict[int, Testimony]:
    """Undeclared positions whose doubles agree; ``before``, ``after`` as of ``order.nearest``."""
    asked = [at for at in range(len(flat.ops)) if at not in anatomy.module]
    if not asked or not any("#" in pattern(fqn) for fqn in anatomy.kind):
        return {}
    around = _Around(anatomy)
    found: dict[int, Testimony] = {}
    for steps, prints in enumerate(reversed(_fingerprints(flat))):
        votes: dict[int, _Votes] = {}
        for at, module in anatomy.module.items():
            votes.setdefault(prints[at], _Votes()).add(at, module)
        for at in asked:
            vote = votes.get(prints[at])
            if at in found or vote is None:
                continue
            wanted = vote.agreed()
            if wanted is None:
                continue
            ends = ["" if end is None else anatomy.module[end] for end in (before[at], after[at])]
            # Only the widest surroundings can tell parts of a block apart by their index.
            fitting = around.fitting(wanted, ends, by_index=steps == 0)
            if fitting is not None:
                found[at] = Testimony(fitting, tuple(vote.some))
    return found


class _Votes:
    """The modules of all doubles of one op, summed up as they come."""

    __slots__ = ("_count", "_form", "_pattern", "_steps", "some")

    def __init__(self) -> None:
        self._count = 0
        self._pattern: str | None = None
        self._steps: list[str] = []
        self._form: Form | None = None
        self.some: list[int] = []

    def add(self, at: int, module: str) -> None:
        steps = module.split(".")
        if not self._count:
            self._pattern, self._steps = pattern(module), steps
        elif self._pattern != pattern(module):
            self._pattern = None
        else:
            self._steps = [
                one if one == other else "#" for one, other in zip(self._steps, steps, strict=True)
            ]
        self._count += 1
        if len(self.some) < _TOLD:
            self.some.append(at)

    def agreed(self) -> Form | None:
        """The steps of the module that all stand for, ``#`` for any index; ``None`` if none.

        Outside of the blocks that the doubles come from, indices say where
        those blocks are; inside, they say which part of the block it is::

            stage.3.block.1.conv.0  stage.3.block.4.conv.0     stage.#.block.#.conv.0
        """
        if self._pattern is None or self._count < _WITNESSES:
            return None
        if self._form is None:
            steps = self._steps
            indices = [at for at, step in enumerate(steps) if step == "#" or step.isdecimal()]
            differing = next(
                (at for at in indices if steps[at] == "#"), indices[0] if indices else 0
            )
            self._form = tuple(
                "#" if at <= differing and at in indices else step for at, step in enumerate(steps)
            )
        return self._form


class _Around:
    """What is open around an op, and what is known to run elsewhere."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._inhabited = {
            above for fqn in set(anatomy.module.values()) for above in anatomy.line(fqn)
        }
        self._last: dict[str, int] = {}
        for fqn in anatomy.kind:
            for above in names.ancestors(fqn):
                members, _, index = above.rpartition(".")
                if index.isdecimal():
                    self._last[members] = max(self._last.get(members, 0), int(index))

    def fitting(self, wanted: Form, ends: Sequence[str], *, by_index: bool) -> str | None:
        """The one module around ``ends`` that has the form ``wanted``, if there is just one.

        Unless ``by_index``, modules around them that differ in nothing but
        their indices are not told apart.
        """
        bound = names.common_ancestor(ends[0], ends[1])
        if not by_index:
            alike = pattern(".".join(wanted))
            open_here = {fqn for end in ends for fqn in names.ancestors(end)}
            if sum(pattern(fqn) == alike for fqn in open_here) > 1:
                return None
        fitting = set()
        for end in ends:
            line = [fqn for fqn in names.ancestors(end) if names.is_within(fqn, bound)]
            leading = [(steps, fqn) for fqn in line if (steps := _leading(wanted, fqn)) is not None]
            if not leading:
                continue
            steps, deepest = max(leading)
            rest = wanted[steps:]
            found = names.join((deepest, *rest))
            # An index that only other blocks have says nothing of this one, and a
            # module that runs elsewhere was not open here.
            if not rest or not ("#" in rest or found in self._inhabited):
                fitting.add(found)
        if len(fitting) != 1:
            return None
        (found,) = fitting
        return found if self._in_turn(wanted, found, ends) else None

    def _in_turn(self, wanted: Form, found: str, ends: Sequence[str]) -> bool:
        """Whether no other member of a list could have run here; lists run in order::

        before  layers.1.fc     after  layers.3.conv     layers.2.# fits, layers.4.# does not
        """
        steps = found.split(".")
        for at, step in enumerate(steps):
            if not step.isdecimal():
                continue
            first, last = (_index(end.split("."), steps[:at]) for end in ends)
            if (
                not (0 if first is None else first)
                <= int(step)
                <= (int(step) if last is None else last)
            ):
                return False
            if wanted[at] != "#":
                continue
            if last is None:
                last = self._last.get(".".join(steps[:at]), 0)
            for index in range(first or 0, last + 1):
                other = ".".join((*steps[:at], str(index), *steps[at + 1 :]))
                if other != found and other not in self._inhabited:
                    return False
        return True


def _index(steps: list[str], members: list[str]) -> int | None:
    """Which member of a list a path leads through, if any."""
    at = len(members)
    if len(steps) > at and steps[:at] == members and steps[at].isdecimal():
        return int(steps[at])
    return None


def _leading(wanted: Form, fqn: str) -> int | None:
    """How many steps an FQN has, if they are the first ones of ``wanted``; else ``None``."""
    steps = fqn.split(".") if fqn else []
    if len(steps) > len(wanted):
        return None
    fits = all(
        one == other or (one == "#" and other.isdecimal())
        for one, other in zip(wanted, steps, strict=False)
    )
    return len(steps) if fits else None


def _fingerprints(flat: FlatGraph) -> list[list[int]]:
    """Per number of steps (1 and up) a number per op that its doubles share.

    Weisfeiler and Lehman's refinement: an op's print is made of its own and
    its neighbours' prints of the round before.
    """
    numbers: dict[object, int] = {}

    def number(key: object) -> int:
        return numbers.setdefault(key, len(numbers))

    makers = {
        value: (at, slot)
        for at, op in enumerate(flat.ops)
        for slot, value in enumerate(op.outputs)
        if value
    }
    inputs = [
        tuple(
            makers.get(value, -1 if not value else -2 if value in flat.weights else -3)
            for value in op.inputs
        )
        for op in flat.ops
    ]
    users: list[list[tuple[int, int]]] = [[] for _ in flat.ops]
    for at, sources in enumerate(inputs):
        for slot, source in enumerate(sources):
            if not isinstance(source, int):
                users[source[0]].append((at, slot))
    prints = [number((op.domain, op.op_type)) for op in flat.ops]
    rounds = []
    for _ in range(_STEPS):
        prints = [
            number(
                (
                    prints[at],
                    tuple(
                        source if isinstance(source, int) else (prints[source[0]], source[1])
                        for source in inputs[at]
                    ),
                    tuple(sorted([(prints[user], slot) for user, slot in users[at]])),
                )
            )
            for at in range(len(flat.ops))
        ]
        rounds.append(prints)
    return rounds
