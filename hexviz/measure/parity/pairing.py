"""Which value of a graph stands for which output of the reference.

Deepest modules first, each by the values that leave it and have the shape and type of what its
calls gave::

    reference   dense[0] → r1     act[0] → r2       block[0] → r2, the same tensor as act's
    graph       dense: MatMul u, Add v              leaving dense: v      so v is r1   (only)
                act:   Div a, Erf e, … Mul w        leaving act:   w      so w is r2   (only)
                                                    and block's is w as well           (same)

Of a module that was called several times, or gave several tensors, as many values in the order of
execution (``order``); of several values for one output, the last (``shape``). Values that are the
reference's by their numbers come before that, where numbers tell (``numbers``): they do not behind
a fault, and are not the rule. A module without any op was folded into the one before it, as a
BatchNorm into its convolution: then that one's value stands for this one's output (``repaired``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hexviz.measure.parity.borders import Borders
from hexviz.measure.parity.reference import CallOutput, Pair, Reference
from hexviz.measure.parity.samples import Sample, distance
from hexviz.model import fqn as names
from hexviz.model.wording import counted

__all__ = ["EQUAL", "Pairing", "pair"]

EQUAL = 1e-4
"""Relative distance up to which two samples are the same numbers."""


_NEARER = 2.0
"""How many times nearer a value must be to the output before to be that and not the folded one."""


@dataclass
class Pairing:
    """Pairs by the place of the output in the reference, and why others have none.

    ``folded`` maps an output to the one of the module that was folded into it, ``apart`` one that
    could have been to the one that it was not folded into. ``several`` are pairs for which another
    value could have been taken, with those.
    """

    pairs: dict[int, Pair] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    folded: dict[int, int] = field(default_factory=dict)
    apart: dict[int, int] = field(default_factory=dict)
    several: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def fold(self, reference: Reference, source: int, at: int) -> None:
        """Let the value of one output stand for that of a module without ops, which read it."""
        held = self.pairs.pop(source)
        first = reference.outputs[source].module
        self.pairs[at] = replace(held, output=at, how="repaired", modules=(*held.modules, first))
        self.folded[source] = at
        self.several.pop(source, None)
        self.reasons.pop(at, None)
        module = reference.outputs[at].module
        self.reasons[source] = f"{module} was folded into it, and both are one value"

    @property
    def values(self) -> set[str]:
        """The values that stand for something."""
        return {one.value for one in self.pairs.values()}


def pair(
    reference: Reference,
    borders: Borders,
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
) -> Pairing:
    """Pair the outputs of a reference with values of a graph.

    ``seen`` are samples of the values of the graph as it ran, ``samples`` those of the outputs, by
    their places.
    """
    found = Pairing()
    groups = _groups(reference.outputs)
    taken: set[str] = set()
    for fqn, members in _by_module(reference.outputs):
        for kind in _kinds(reference.outputs, [at for at in members if at in groups]):
            fits = [
                value
                for value in _leaving(borders, fqn, reference.outputs[kind[0]].owners)
                if value not in taken and _fits(seen, value, samples[kind[0]])
            ]
            _assign(found, kind, fits, seen, samples)
            taken |= {found.pairs[at].value for at in kind if at in found.pairs}
    _through_members(found, reference, borders, groups, seen, samples, taken)
    _handed(found, reference, borders, seen, samples, taken)
    # First: a layout op behind a folded BatchNorm may have its numbers, and is not its arithmetic.
    _unfold(found, reference, borders, seen, samples)
    _by_numbers(found, [at for at in groups if at not in found.pairs], seen, samples, taken)
    for at in groups:
        if at not in found.pairs and not reference.outputs[at].handed_to:
            reason = _reason(reference.outputs[at], borders, seen, samples[at], found.values)
            found.reasons.setdefault(at, reason)
    return found


def _groups(outputs: Sequence[CallOutput]) -> dict[int, list[int]]:
    """First place of each tensor → all places where it was given."""
    groups: dict[int, list[int]] = {}
    for at, one in enumerate(outputs):
        groups.setdefault(at if one.same_as is None else one.same_as, []).append(at)
    return groups


def _by_module(outputs: Sequence[CallOutput]) -> list[tuple[str, list[int]]]:
    """FQN → places of its outputs proper, the deepest module first."""
    found: dict[str, list[int]] = {}
    for at, one in enumerate(outputs):
        if not one.handed_to:
            found.setdefault(one.module, []).append(at)
    return sorted(found.items(), key=lambda pair: -_depth(pair[0]))


def _depth(fqn: str) -> int:
    return fqn.count(".") + 1 if fqn else 0


def _kinds(outputs: Sequence[CallOutput], members: Iterable[int]) -> list[list[int]]:
    """The places with equal shape and type together."""
    found: dict[object, list[int]] = {}
    for at in members:
        one = outputs[at]
        found.setdefault((one.shape, one.dtype.str), []).append(at)
    return list(found.values())


def _leaving(borders: Borders, fqn: str, owners: Sequence[str]) -> Sequence[str]:
    """The values that leave a module, under the first of its names that any leave."""
    for name in (fqn, *owners):
        if borders.leaving.get(name):
            return borders.leaving[name]
    return ()


def _fits(seen: Mapping[str, Sample], value: str, wanted: Sample) -> bool:
    return value in seen and seen[value].fits(wanted.shape, wanted.dtype)


def _assign(
    found: Pairing,
    places: Sequence[int],
    values: Sequence[str],
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
) -> None:
    """Pair outputs of one module, of one shape and type, with values in the order of execution."""
    if not values:
        return
    if len(places) == 1 and len(values) == 1:
        _note(found, places[0], values[0], "only", values)
        return
    equal = _equal(places, values, seen, samples)
    for at, value in equal.items():
        _note(found, at, value, "numbers", values)
    left = [at for at in places if at not in equal]
    rest = [value for value in values if value not in equal.values()]
    if not left or not rest:
        return
    if len(places) == len(values):
        for at, value in zip(left, rest, strict=True):
            _note(found, at, value, "order", values)
    elif len(places) == 1:
        _note(found, places[0], values[-1], "shape", values)


def _note(found: Pairing, at: int, value: str, how: str, values: Sequence[str]) -> None:
    found.pairs[at] = Pair(value, at, how)
    others = tuple(one for one in values if one != value)
    if others:
        found.several[at] = others


def _equal(
    places: Sequence[int],
    values: Sequence[str],
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
) -> dict[int, str]:
    """The outputs that one value, and no other output, has the numbers of."""
    near: dict[int, list[str]] = {}
    for at in places:
        if samples[at].telling:
            near[at] = [one for one in values if distance(seen[one], samples[at]) < EQUAL]
    counts: dict[str, int] = {}
    for several in near.values():
        for value in several:
            counts[value] = counts.get(value, 0) + 1
    return {
        at: several[0]
        for at, several in near.items()
        if len(several) == 1 and counts[several[0]] == 1
    }


def _through_members(
    found: Pairing,
    reference: Reference,
    borders: Borders,
    groups: Mapping[int, Sequence[int]],
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
    taken: set[str],
) -> None:
    """A tensor that several modules gave, by the values that leave the other ones."""
    for first, places in groups.items():
        if first in found.pairs or len(places) == 1:
            continue
        for at in places[1:]:
            one = reference.outputs[at]
            if one.handed_to:
                continue
            fits = [
                value
                for value in _leaving(borders, one.module, one.owners)
                if value not in taken and _fits(seen, value, samples[first])
            ]
            if fits:
                _assign(found, [first], fits, seen, samples)
                taken.add(found.pairs[first].value)
                break


def _handed(
    found: Pairing,
    reference: Reference,
    borders: Borders,
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
    taken: set[str],
) -> None:
    """What a module made for another, by the values that enter that one."""
    groups: dict[tuple[str, str], list[int]] = {}
    for at, one in enumerate(reference.outputs):
        if one.handed_to and one.same_as is None:
            groups.setdefault((one.module, one.handed_to), []).append(at)
    for (module, reader), members in groups.items():
        for places in _kinds(reference.outputs, members):
            fits = [
                value
                for value in borders.entering.get(reader, ())
                if value not in taken
                and _fits(seen, value, samples[places[0]])
                and not names.is_within(borders.module_of[value], reader)
            ]
            # Best is what the module itself made: what is left of another's output is a copy.
            own = [value for value in fits if borders.module_of[value] == module]
            chosen = own if len(own) >= len(places) else fits
            if len(chosen) == len(places):
                _assign(found, places, chosen, seen, samples)
            else:
                for at, value in _equal(places, chosen, seen, samples).items():
                    _note(found, at, value, "numbers", chosen)
            taken |= {found.pairs[at].value for at in places if at in found.pairs}


def _by_numbers(
    found: Pairing,
    places: Iterable[int],
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
    taken: set[str],
) -> None:
    """What no border tells, by the numbers alone: tags may have moved."""
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for value, one in seen.items():
        if one.telling and value not in taken:
            by_shape.setdefault(one.shape, []).append(value)
    for at in places:
        if not samples[at].telling:
            continue
        near = [
            value
            for value in by_shape.get(samples[at].shape, ())
            if value not in taken
            and _fits(seen, value, samples[at])
            and distance(seen[value], samples[at]) < EQUAL
        ]
        if near:
            # Equal values are one that is handed on: readers of the last are behind all of them.
            found.pairs[at] = Pair(near[0], at, "numbers")
            taken.add(near[0])


def _unfold(
    found: Pairing,
    reference: Reference,
    borders: Borders,
    seen: Mapping[str, Sample],
    samples: Mapping[int, Sample],
) -> None:
    """Outputs of modules without ops, by the value of the module before that they were folded in.

    In a chain (convolution, BatchNorm, another one) each in turn takes the value over from the one
    before, unless the value is clearly nearer to that: in a graph with a fault it has the numbers
    of neither, and a BatchNorm that changes next to nothing was folded like any other.
    """
    for at, one in enumerate(reference.outputs):
        if at in found.pairs or one.same_as is not None or one.handed_to:
            continue
        if any(name in borders.within for name in (one.module, *one.owners)):
            continue
        for source in one.reads:
            held = found.pairs.get(source)
            if held is None or not _fits(seen, held.value, samples[at]):
                continue
            ours = seen[held.value]
            if _NEARER * distance(ours, samples[source]) < distance(ours, samples[at]):
                found.apart[at] = source  # the value is what the module before gave
                break
            found.fold(reference, source, at)
            break


def _reason(
    one: CallOutput,
    borders: Borders,
    seen: Mapping[str, Sample],
    wanted: Sample,
    taken: Collection[str],
) -> str:
    if not any(name in borders.within for name in (one.module, *one.owners)):
        return "no op of the graph is this module's"
    leaving = _leaving(borders, one.module, one.owners)
    fits = [value for value in leaving if _fits(seen, value, wanted)]
    shape = f"{list(one.shape)}"
    if not fits:
        return f"no value that leaves the module has the shape {shape}"
    left = [value for value in fits if value not in taken]
    if not left:
        # As the cell state of an LSTM that nobody reads: what made it is not in the graph.
        what = "the only value" if len(fits) == 1 else f"each of the {len(fits)} values"
        return f"{what} of the shape {shape} that leaves the module is another output of it"
    return f"{counted(len(left), 'value')} of the shape {shape} may be it, and numbers do not tell"
