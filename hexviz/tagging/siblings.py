"""Siblings as witnesses: what is recorded of an op's double in another copy of its module.

Repeated blocks run the same code, so an op has doubles in the other blocks:
ops of the same type with the same surroundings, four steps far. Where the
doubles' modules are recorded and all agree but for the block's index
(``encoder.layer.#.output.dropout``; indices inside the block count), and only
one module that was open around the op fits, the op belongs there. A module
that no op of this block is declared for may be inferred to exist that way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy, pattern
from hexviz.tagging.bounds import Bounds

__all__ = ["Doubles", "Testimony", "find_doubles", "find_testimony"]

_STEPS = 4  # how far surroundings reach; each step less, more doubles are false (tuned models)
_WITNESSES = 2  # doubles that have to agree: one alone may be a chance likeness
_MOST_NAMED = 3  # witnesses that are named


_Prints = NDArray[np.uint64]

Form = tuple[str, ...]
"""The steps of an FQN, ``#`` where any index will do."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """The module that an op's doubles stand for, and some of them (positions)."""

    module: str
    witnesses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Doubles:
    """The pattern that the modules of an op's doubles all have, and some of them (positions)."""

    form: str
    some: tuple[int, ...]


def find_doubles(flat: FlatGraph, modules: Sequence[str]) -> dict[int, Doubles]:
    """What the doubles of each op say of it, where they agree; ``modules`` is by position.

    The widest surroundings that the op shares with two others at least decide;
    likeness of the nearest neighbours alone says too little.
    """
    forms = [pattern(module) for module in modules]
    found: dict[int, Doubles] = {}
    undecided = set(range(len(flat.ops)))
    for prints in _fingerprints(flat)[:0:-1]:
        groups: dict[int, list[int]] = {}
        for at, number in enumerate(prints):
            groups.setdefault(number, []).append(at)
        for members in groups.values():
            if len(members) <= _WITNESSES:
                continue
            counts = Counter(forms[at] for at in members)
            common = counts.most_common(1)[0][0]
            alike = [one for one in members if forms[one] == common][: _MOST_NAMED + 1]
            for at in members:
                if at not in undecided:
                    continue
                undecided.discard(at)
                others = counts[common] - (forms[at] == common)
                if others == len(members) - 1:
                    found[at] = Doubles(
                        common, tuple(one for one in alike if one != at)[:_MOST_NAMED]
                    )
    return found


def find_testimony(flat: FlatGraph, anatomy: Anatomy, bounds: Bounds) -> dict[int, Testimony]:
    """Undeclared positions whose doubles agree; ``bounds`` are of what is declared."""
    undeclared = [at for at in range(len(flat.ops)) if at not in anatomy.module]
    if not undeclared or not any("#" in pattern(fqn) for fqn in anatomy.modules):
        return {}
    around = _Around(anatomy)
    module_of = anatomy.module
    paths = {module: tuple(module.split(".")) for module in set(module_of.values())}
    found: dict[int, Testimony] = {}
    for steps, prints in enumerate(reversed(_fingerprints(flat))):
        votes = {number: _Votes() for number in {prints[at] for at in undeclared}}
        for at, module in module_of.items():
            vote = votes.get(prints[at])
            if vote is not None:
                vote.add(at, pattern(module), paths[module])
        for at in undeclared:
            vote = votes[prints[at]]
            wanted = vote.agreed()
            if wanted is None:
                continue
            one, two = bounds.around(at)
            ends = ("" if one is None else module_of[one], "" if two is None else module_of[two])
            # Only the widest surroundings can tell parts of a block apart by their index.
            fitting = around.fitting(wanted, ends, by_index=steps == 0)
            if fitting is not None:
                found[at] = Testimony(fitting, tuple(vote.some))
        undeclared = [at for at in undeclared if at not in found]
    return found


class _Votes:
    """The modules of all doubles of one op, summed up as they come."""

    __slots__ = ("_count", "_form", "_loosest", "_pattern", "_steps", "some")

    def __init__(self) -> None:
        self._count = 0
        self._pattern: str | None = None
        self._steps: Form = ()
        self._loosest: Form = ()
        self._form: Form | None = None
        self.some: list[int] = []

    def add(self, at: int, form: str, steps: Form) -> None:
        """Count a double in the module of these steps, whose pattern is ``form``."""
        if not self._count:
            self._pattern, self._steps, self._loosest = form, steps, tuple(form.split("."))
        elif self._pattern != form:
            self._pattern = None
        elif self._steps != self._loosest:
            self._steps = tuple(
                [
                    one if one == other else "#"
                    for one, other in zip(self._steps, steps, strict=True)
                ]
            )
        self._count += 1
        if len(self.some) < _MOST_NAMED:
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
        self._inhabited: set[str] = set()
        for module in set(anatomy.module.values()):
            here = module
            while here not in self._inhabited:
                self._inhabited.add(here)
                here = anatomy.nearest(names.parent(here))
        self._last: dict[str, int] = {}
        seen = {""}
        for module in anatomy.modules:
            here = module
            while here not in seen:
                seen.add(here)
                members, _, index = here.rpartition(".")
                if index.isdecimal():
                    self._last[members] = max(self._last.get(members, 0), int(index))
                here = members
        self._fitting: dict[tuple[Form, tuple[str, str], bool], str | None] = {}

    def fitting(self, wanted: Form, ends: tuple[str, str], *, by_index: bool) -> str | None:
        """The one module around ``ends`` that has the form ``wanted``, if there is just one.

        Unless ``by_index``, modules around them that differ in nothing but
        their indices are not told apart.
        """
        key = (wanted, ends, by_index)
        if key not in self._fitting:
            self._fitting[key] = self._find(wanted, ends, by_index=by_index)
        return self._fitting[key]

    def _find(self, wanted: Form, ends: tuple[str, str], *, by_index: bool) -> str | None:
        one, two = paths = [end.split(".") if end else [] for end in ends]
        if not by_index:
            alike = [path[: len(wanted)] for path in paths if _alike(wanted, path)]
            if len(alike) == 2 and alike[0] != alike[1]:
                return None
        bound = _agreeing(one, two)
        fitting = set()
        for path in paths[: 1 if one == two else 2]:
            known = _agreeing(wanted, path)
            rest = wanted[known:]
            # What was open at both ends was open here. An index that only other
            # blocks have says nothing of this one.
            if known < bound or "#" in rest:
                continue
            line = (*path[:known], *rest)
            # A module that runs elsewhere was not open here, and so was nothing in it.
            if not any(
                ".".join(line[:depth]) in self._inhabited
                for depth in range(known + 1, len(line) + 1)
            ):
                fitting.add(".".join(line))
        if len(fitting) != 1:
            return None
        (found,) = fitting
        return found if self._in_turn(wanted, found.split("."), paths) else None

    def _in_turn(self, wanted: Form, steps: list[str], paths: Sequence[list[str]]) -> bool:
        """Whether no other member of a list could have run here; lists run in order::

        before  layers.1.fc     after  layers.3.conv     layers.2.# fits, layers.4.# does not
        """
        agreeing = [_agreeing(steps, path) for path in paths]
        for at, step in enumerate(steps):
            if not step.isdecimal():
                continue
            first, last = (
                int(path[at]) if known >= at and len(path) > at and path[at].isdecimal() else None
                for path, known in zip(paths, agreeing, strict=True)
            )
            index = int(step)
            if (first is not None and index < first) or (last is not None and index > last):
                return False
            if wanted[at] != "#" or first == last == index:
                continue
            if last is None:
                last = self._last.get(".".join(steps[:at]), 0)
            if last - (first or 0) > len(self._inhabited):  # there are more numbers than members
                return False
            for other in range(first or 0, last + 1):
                member = ".".join((*steps[:at], str(other), *steps[at + 1 :]))
                if other != index and member not in self._inhabited:
                    return False
        return True


def _agreeing(form: Sequence[str], path: Sequence[str]) -> int:
    """How many leading steps of a path a form stands for."""
    count = 0
    for one, step in zip(form, path, strict=False):
        if one != step and not (one == "#" and step.isdecimal()):
            break
        count += 1
    return count


def _alike(form: Form, path: Sequence[str]) -> bool:
    """Whether a path begins like a form, but for any index."""
    return len(path) >= len(form) and all(
        one == step or (step.isdecimal() and (one == "#" or one.isdecimal()))
        for one, step in zip(form, path, strict=False)
    )


def _fingerprints(flat: FlatGraph) -> list[list[int]]:
    """Per number of steps (1 and up) a number per op that its doubles share.

    Weisfeiler and Lehman's refinement: an op's print is made of its own and
    its neighbours' prints of the round before. Each neighbour is mixed with
    the slots it is connected by into 64 bits, and these are added up, so that
    a round is a few operations on whole arrays. Two different surroundings
    among 10⁶ share a sum by chance once in 10⁷ graphs.
    """
    made = {
        value: (at, slot)
        for at, op in enumerate(flat.ops)
        for slot, value in enumerate(op.outputs)
        if value
    }
    edges: list[int] = []  # per edge: maker, its slot, user, its slot
    numbers: dict[object, int] = {}
    kinds, given = [], []
    for at, op in enumerate(flat.ops):
        kinds.append(numbers.setdefault((op.domain, op.op_type), len(numbers)))
        outer = []
        for index, value in enumerate(op.inputs):
            maker = made.get(value)
            if maker is not None:
                edges += (*maker, at, index)
            elif value:
                outer.append((index, value in flat.weights))
        given.append(numbers.setdefault(tuple(outer), len(numbers)))
    source, slot, target, place = np.array(edges, np.uint64).reshape(-1, 4).T
    source, target = source.astype(np.intp), target.astype(np.intp)
    fed = _mixed(slot * _ODD + place)
    feeding = ~fed
    outside = _mixed(np.array(given, np.uint64))
    prints = _mixed(np.array(kinds, np.uint64))
    rounds = []
    for _ in range(_STEPS):
        new = _mixed(prints) + outside
        np.add.at(new, target, _mixed(prints[source] ^ fed))
        np.add.at(new, source, _mixed(prints[target] ^ feeding))
        prints = _mixed(new)
        rounds.append(prints.tolist())
    return rounds


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _mixed(numbers: _Prints) -> _Prints:
    """Spread each number over all 64 bits (the finaliser of SplitMix64)."""
    numbers = numbers + _ODD
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
