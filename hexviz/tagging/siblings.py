"""Siblings as witnesses: what is recorded of an op's double in another copy of its module.

Repeated blocks run the same code, so an op has doubles in the other blocks:
ops of the same type with the same surroundings, three steps far. Where the
doubles' modules are recorded and all agree but for the block's index
(``encoder.layer.#.output.dropout``), and only one module that was open around
the op fits, the op belongs there. A module that no op of this block is
declared for may be inferred to exist that way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy, pattern

__all__ = ["Testimony", "ask_siblings"]

_STEPS = 3  # how far surroundings reach; at 2, more doubles are false ones (tuned models)
_WITNESSES = 2  # doubles that have to agree: one alone may be a chance likeness
_TOLD = 3  # witnesses that are named


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
    inhabited = {above for fqn in set(anatomy.module.values()) for above in anatomy.line(fqn)}
    found: dict[int, Testimony] = {}
    for prints in reversed(_fingerprints(flat)):
        votes: dict[int, Counter[str]] = {}
        some: dict[int, list[int]] = {}
        for at, module in anatomy.module.items():
            votes.setdefault(prints[at], Counter())[pattern(module)] += 1
            named = some.setdefault(prints[at], [])
            if len(named) < _TOLD:
                named.append(at)
        for at in asked:
            count = votes.get(prints[at])
            if at in found or count is None or len(count) > 1 or count.total() < _WITNESSES:
                continue
            ends = ["" if end is None else anatomy.module[end] for end in (before[at], after[at])]
            fitting = _fitting(next(iter(count)), ends, inhabited)
            if fitting is not None:
                found[at] = Testimony(fitting, tuple(some[prints[at]]))
    return found


def _fitting(wanted: str, ends: Sequence[str], inhabited: set[str]) -> str | None:
    """The one module around ``ends`` that has the pattern ``wanted``, if there is just one."""
    bound = names.common_ancestor(ends[0], ends[1])
    line = {fqn for end in ends for fqn in names.ancestors(end) if names.is_within(fqn, bound)}
    exact = [fqn for fqn in line if pattern(fqn) == wanted]
    if exact:
        return exact[0] if len(exact) == 1 else None
    above = [fqn for fqn in line if names.is_within(wanted, pattern(fqn))]
    deepest = max((len(pattern(fqn)) for fqn in above), default=-1)
    nearest = [fqn for fqn in above if len(pattern(fqn)) == deepest]
    if len(nearest) != 1:
        return None
    rest = wanted[deepest:].lstrip(".")
    # An index that only other blocks have says nothing of this one, and a
    # module that runs elsewhere was not open here.
    inferred = names.join((nearest[0], rest))
    return None if "#" in rest or inferred in inhabited else inferred


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
                    tuple(sorted(prints[user] for user in flat.successors[at])),
                )
            )
            for at in range(len(flat.ops))
        ]
        rounds.append(prints)
    return rounds
