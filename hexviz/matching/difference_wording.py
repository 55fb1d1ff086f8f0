"""What differs, as a list of sentences that a person reads in a minute.

An :class:`Event` is what happened at one place. Equal events in equal modules
are one difference: *7 ops (…) became one LayerNormalization, in each of the 12
BertLayer (encoder.layer.\\*)*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hexviz.matching.alterations import Alteration
from hexviz.matching.comparison import KINDS, Difference
from hexviz.matching.counterparts import Homes
from hexviz.matching.locations import Locations, block, common_pattern, starred
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["Became", "Departure", "Event", "Sentence", "Single", "Whole", "differences"]

_MOST_TYPES = 5
"""Op types that are named in one sentence."""

_MOST_NAMED = 3
"""Modules that are named one by one in one sentence."""

_MOST_VARIANTS = 3
"""Sets of op types by which blocks of one pattern are told apart; more are summed up."""

_IN_GENERAL = {
    "attribute": "attributes",
    "constant": "constants",
    "sizes": "shapes",
    "dtype": "element types",
    "type": "types",
}
"""Aspect of an alteration → what differs, where that is too manifold to be spelled out."""

Counts = tuple[tuple[str, int], ...]
"""Op types, with how many ops of each."""


@dataclass(frozen=True, slots=True)
class Single:
    """An op came or went; such events are joined by block.

    ``folded``, here and below: a constant is in its place.
    """

    folded: bool = False


@dataclass(frozen=True, slots=True)
class _Several:
    """Ops of these types came or went together. ``summed``: from blocks that differ."""

    types: Counts
    folded: bool = False
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A module came or went with everything below it: its class, and the number of its ops."""

    class_name: str
    ops: int
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Became:
    """Ops of these types became ops of those; ``was`` is () for what depends on constants alone."""

    was: Counts
    now: Counts


@dataclass(frozen=True, slots=True)
class Sentence:
    """Anything else, said in full where it happened."""

    text: str
    has_place: bool = True
    """Whether where it happened is yet to be said."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Ops went from the modules of one pattern to those of another, in words."""

    was: str
    now: str


What = Single | _Several | Whole | Became | Sentence | Alteration | Departure


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to some ops (positions) of one module; equal ``what`` makes one sentence."""

    kind: str
    module: str
    what: What
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def differences(
    before: TaggedGraph, after: TaggedGraph, found: Homes, events: Iterable[Event]
) -> tuple[Difference, ...]:
    """All events as differences, the most important ones first."""
    mine = Locations(before.modules if found.of_before else after.modules, after.modules)
    theirs = Locations(after.modules if found.of_after else before.modules, before.modules)
    grouped: dict[tuple[str, What], list[Event]] = {}
    for one in _minor_joined(_joined_by_block(events, before.ops, after.ops), before.ops):
        grouped.setdefault((one.kind, one.what), []).append(one)
    result = [
        _difference(group, before.ops, after.ops, theirs if kind == "added" else mine, found.after)
        for (kind, _), group in grouped.items()
    ]
    return tuple(sorted(result, key=_importance))


def _importance(one: Difference) -> tuple[bool, int, int]:
    ops = len(one.before) + len(one.after)
    return not one.arithmetic, KINDS.index(one.kind), -ops


def _joined_by_block(
    events: Iterable[Event], before: Sequence[Op], after: Sequence[Op]
) -> list[Event]:
    """Events, with those of single ops that came or went joined by block.

    Blocks that got the same ops share a sentence. Those that got other
    numbers of the same types are summed up (a quantiser's Q and DQ), and so are
    the blocks of one pattern if they are too different.
    """
    result: list[Event] = []
    single: dict[tuple[str, bool, str], list[Event]] = {}
    for one in events:
        if isinstance(one.what, Single):
            key = one.kind, one.what.folded, block(one.module)
            single.setdefault(key, []).append(one)
        else:
            result.append(one)
    alike: dict[tuple[str, bool, frozenset[str]], list[Event]] = {}
    for (kind, folded, where), group in single.items():
        mine, theirs = _ops_of(group)
        types = Counter(
            [*(before[at].op_type for at in mine), *(after[at].op_type for at in theirs)]
        )
        joined = Event(kind, where, _Several(_counts(types), folded), mine, theirs)
        alike.setdefault((kind, folded, frozenset(types)), []).append(joined)
    patterns: dict[tuple[str, bool, str], list[list[Event]]] = {}
    for (kind, folded, _), group in alike.items():
        told = group if len({one.what for one in group}) == 1 else _summed(group)
        places = {starred(one.module) for one in told}
        patterns.setdefault((kind, folded, common_pattern(places)), []).append(told)
    for groups in patterns.values():
        if len(groups) > _MOST_VARIANTS:
            result.extend(_summed([one for group in groups for one in group]))
        else:
            result.extend(one for group in groups for one in group)
    return result


def _minor_joined(events: Iterable[Event], before: Sequence[Op]) -> list[Event]:
    """Events, with what changed in auxiliary ops told by its aspect alone, where it is manifold.

    An optimiser that moves layout around gives every Reshape another shape.
    """
    listed = list(events)
    minor: dict[str, set[Alteration]] = {}
    for one in listed:
        if isinstance(one.what, Alteration) and _is_minor(one, before):
            minor.setdefault(one.what.aspect, set()).add(one.what)
    manifold = {aspect for aspect, found in minor.items() if len(found) > _MOST_VARIANTS}
    return [
        replace(one, what=Alteration(one.what.aspect))
        if isinstance(one.what, Alteration)
        and one.what.aspect in manifold
        and _is_minor(one, before)
        else one
        for one in listed
    ]


def _is_minor(one: Event, before: Sequence[Op]) -> bool:
    return all(before[at].auxiliary is not None for at in one.before)


def _summed(group: Sequence[Event]) -> list[Event]:
    """Several events as one sentence; where they were summed up already, once more."""
    told = [one.what for one in group if isinstance(one.what, _Several)]
    several = [one for one in told if not one.summed] + list({one for one in told if one.summed})
    types: Counter[str] = Counter()
    for one in several:
        types.update(dict(one.types))
    what = _Several(_counts(types), any(one.folded for one in told), summed=True)
    return [Event(one.kind, one.module, what, one.before, one.after) for one in group]


def _ops_of(events: Iterable[Event]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    listed = list(events)
    return (
        tuple(at for one in listed for at in one.before),
        tuple(at for one in listed for at in one.after),
    )


def _counts(types: Mapping[str, int]) -> Counts:
    return tuple(sorted(types.items(), key=lambda item: (-item[1], item[0])))


def _difference(
    events: Sequence[Event],
    before: Sequence[Op],
    after: Sequence[Op],
    places: Locations,
    modules_after: Sequence[str],
) -> Difference:
    first = events[0]
    mine, theirs = _ops_of(events)
    ops = [*(before[at] for at in mine), *(after[at] for at in theirs)]
    return Difference(
        kind=first.kind,
        module=common_pattern(one.module for one in events),
        before=tuple(dict.fromkeys(before[at].id for at in mine)),
        after=tuple(dict.fromkeys(after[at].id for at in theirs)),
        message=(
            _one_departed(before[mine[0]], first.module, modules_after[theirs[0]])
            if isinstance(first.what, Departure) and len(mine) == len(theirs) == 1
            else _message(events, ops, [before[at] for at in mine], places)
        ),
        places=len({one.module for one in events}),
        arithmetic=not ops
        or (not _is_constant(first.what) and any(op.auxiliary is None for op in ops)),
    )


def _one_departed(op: Op, was: str, now: str) -> str:
    """A single op that is in another module, by its name; of several, the pattern says more."""
    whole = "the model itself"
    return f"{op.op_type} {op.id} of {was or whole} is in {now or whole} now."


def _is_constant(what: What) -> bool:
    """Whether what happened is that constants were folded."""
    if isinstance(what, Became):
        return not what.was
    return isinstance(what, _Several | Whole) and what.folded


def _message(
    events: Sequence[Event], ops: Sequence[Op], mine: Sequence[Op], places: Locations
) -> str:
    what, is_new = events[0].what, events[0].kind == "added"

    def placed(told: str, name: Callable[[str], str] = str) -> str:
        where = places.phrase(Counter(name(one.module) for one in events))
        return f"{told[:1].upper()}{told[1:]}, {where}."

    def summed(told: str) -> str:
        counts: Counter[str] = Counter()
        for one in events:
            counts[block(one.module)] += len(one.before or one.after)
        return (
            f"{told}{', ' if len(set(map(starred, counts))) == 1 else ': '}{places.sums(counts)}."
        )

    match what:
        case Whole():
            return _whole([one.module for one in events], what, is_new=is_new)
        case _Several():
            counts = len(ops) // (1 if what.summed else len(events))
            noun = "auxiliary op" if all(op.auxiliary for op in ops) else "op"
            verb = "is" if counts == 1 else "are"
            state = _state(is_new=is_new, folded=what.folded)
            told = f"{many(counts, noun)} {verb} {state} ({counted(what.types)})"
            return summed(told) if what.summed else placed(told)
        case Became(()):
            types = _counts(Counter(op.op_type for op in mine))
            told = f"{many(len(mine), 'op')} that depend on constants alone ({counted(types)})"
            now = f"{len(events)} {_listed(what.now).removeprefix('one ')}"
            return summed(f"{told} became {now}")
        case Departure():
            types = _counts(Counter(op.op_type for op in mine))
            verb = "is" if len(mine) == 1 else "are"
            told = (
                f"{many(len(mine), 'op')} of {what.was} {verb} in {what.now} now ({counted(types)})"
            )
            return placed(told, block) if "*" in what.was else f"{told}."
        case Became():
            return placed(f"{_several(what.was)} became {_listed(what.now)}", block)
        case Alteration():
            return placed(_altered(what, mine), block)
        case Sentence():
            return placed(what.text, block) if what.has_place else f"{what.text.rstrip('.')}."
    raise AssertionError(what)


def _whole(modules: Sequence[str], what: Whole, *, is_new: bool) -> str:
    state = _state(is_new=is_new, folded=what.folded)
    kind = f" ({what.class_name})" if what.class_name else ""
    if len(modules) == 1:
        return f"{modules[0]}{kind} is {state}, with {many(what.ops, 'op')}."
    if len(modules) <= _MOST_NAMED:
        named = f"{', '.join(modules[:-1])} and {modules[-1]}{kind}"
    else:
        named = f"{len(modules)} modules {common_pattern(modules)}{kind}"
    return f"{named} are {state}, with {many(what.ops, 'op')} each."


def _state(*, is_new: bool, folded: bool) -> str:
    return "new" if is_new else "folded into constants" if folded else "gone"


def _several(types: Counts) -> str:
    """``one MatMul``, or ``7 ops (Add ×2, …)``."""
    total = sum(count for _, count in types)
    return types[0][0] if total == 1 else f"{total} ops ({counted(types)})"


def _listed(types: Counts) -> str:
    """``one Gelu``, or ``MatMul and Add``."""
    if sum(count for _, count in types) == 1:
        return f"one {types[0][0]}"
    return _several(types)


def _altered(what: Alteration, ops: Sequence[Op]) -> str:
    types = counted(_counts(Counter(op.op_type for op in ops)))
    if not what.was and what.aspect in _IN_GENERAL:
        return f"{_IN_GENERAL[what.aspect]} of {many(len(ops), 'op')} differ ({types})"
    match what.aspect:
        case "type":
            return f"{what.was} became {what.now}"
        case "attribute":
            return f"attribute {what.what} is {what.now}, was {what.was}"
        case "dtype":
            return f"{what.was} became {what.now} in {many(len(ops), 'op')} ({types})"
        case "sizes":
            noun = "shape" if what.was.startswith("[") else "size"
            return f"{noun} {what.was} became {what.now} in {many(len(ops), 'op')} ({types})"
        case "constant":
            return f"constant {what.was} became {what.now} in {many(len(ops), 'op')} ({types})"
    return f"the weights of {many(len(ops), 'op')} differ ({types})"


def counted(types: Counts) -> str:
    """``Add ×3, Cast``, the most frequent first."""
    said = [name if count == 1 else f"{name} ×{count}" for name, count in types[:_MOST_TYPES]]
    other_types = types[_MOST_TYPES:]
    if other_types:
        said.append(
            f"{sum(count for _, count in other_types)} of {many(len(other_types), 'other type')}"
        )
    return ", ".join(said)


def many(count: int, what: str) -> str:
    """A count with its noun."""
    return f"{count} {what}{'' if count == 1 else 's'}"
