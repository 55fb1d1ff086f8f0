"""What happened to each op between two graphs, and what that says of modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hexviz.matching.alterations import Contents, alterations
from hexviz.matching.counterparts import Homes, is_on_record, renames
from hexviz.matching.difference_wording import (
    Became,
    Departure,
    Event,
    Sentence,
    Single,
    Whole,
    many,
)
from hexviz.matching.locations import common_pattern, starred
from hexviz.matching.module_order import Moved, reordered
from hexviz.matching.op_groups import Group
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.op import Op

__all__ = ["Fates", "find_events", "left"]

_MOST_RENAMES = 4
"""Modules of one pattern whose new names are spelled out."""


_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial"}
)


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of each op, by position.

    Before: ``same``, ``changed``, ``fused``, ``moved`` or ``removed``; after:
    the same without the last, or ``added``.
    """

    before: list[str]
    after: list[str]


def find_events(
    before: TaggedGraph,
    after: TaggedGraph,
    groups: Sequence[Group],
    found: Homes,
    pairs: Mapping[str, str],
) -> tuple[list[Event], Fates]:
    """All events, and what became of each op; ``pairs`` are modules that are counterparts."""
    fates = Fates(["removed"] * len(before.ops), ["added"] * len(after.ops))
    contents = Contents(before, after)
    constant = _constant(before)
    events: list[Event] = []
    for group in groups:
        fate, what = _altered(before, after, group, found, contents, constant)
        _set(fates, group, fate)
        events.extend(what)
    moved = list(left(before, after, groups, found, pairs))
    for one in moved:
        for places, listed in ((one.before, fates.before), (one.after, fates.after)):
            for at in places:
                listed[at] = "moved"
    events.extend(moved)
    out_of_order = reordered(before.flat, after.flat, groups, found.before)
    events.extend(_reordered(out_of_order, groups, found, fates))
    if found.are_both_own:
        elsewhere = {one.module for one in out_of_order} | {
            one.passed for one in out_of_order if one.is_exchange
        }
        events.extend(_renamed(before, after, pairs, elsewhere))
    events.extend(
        _gone(before, found.before, fates.before, "removed", constant, is_own=found.of_before)
    )
    nothing: frozenset[int] = frozenset()
    events.extend(_gone(after, found.after, fates.after, "added", nothing, is_own=found.of_after))
    events.extend(_interface("input", before.inputs, after.inputs))
    events.extend(_interface("output", before.outputs, after.outputs))
    return events, fates


def _set(fates: Fates, group: Group, fate: str) -> None:
    for places, listed in ((group.before, fates.before), (group.after, fates.after)):
        for at in places:
            listed[at] = fate


def _altered(
    before: TaggedGraph,
    after: TaggedGraph,
    group: Group,
    found: Homes,
    contents: Contents,
    constant: frozenset[int],
) -> tuple[str, list[Event]]:
    """What became of a group, and what differs in it."""
    ops = group.before, group.after
    home = found.before[group.before_value]
    if group.is_one_to_one:
        altered = alterations(before, group.before[0], after, group.after[0], contents)
        return "changed" if altered else "same", [
            Event("changed", home, what, *ops) for what in altered
        ]
    is_constant = constant.issuperset(group.before)
    was = () if is_constant else _types(before.ops[at] for at in group.before)
    what = Became(was, _types(after.ops[at] for at in group.after))
    kind = "fused" if len(group.before) > 1 else "changed"
    where = home
    for at in group.before:
        where = names.common_ancestor(where, found.before[at])
    return kind, [Event(kind, where, what, *ops)]


def _types(ops: Iterable[Op]) -> tuple[tuple[str, int], ...]:
    counts = Counter(op.op_type for op in ops)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def left(
    before: TaggedGraph,
    after: TaggedGraph,
    groups: Iterable[Group],
    found: Homes,
    pairs: Mapping[str, str],
) -> Iterator[Event]:
    """Ops that are in another module than the counterpart of theirs, where both graphs say so."""
    if not found.are_both_own:
        return
    for group in groups:
        was, now = found.before[group.before_value], found.after[group.after_value]
        of = {found.before[at] for at in group.before}
        expected = {pairs.get(one) for one in of}
        if now in expected or (now in of and len(group.before) > 1):
            continue
        if not _are_on_record(before, after, group) or _is_by_name_alone(before, after, group):
            continue
        if len(group.before) > 1 and any(
            names.is_within(one, now) for one in expected if one is not None
        ):
            continue  # a fused op of several modules may be of what is around them
        is_alike = starred(was) == starred(now)
        to = f"another {starred(now)}" if is_alike else starred(now) or "the model itself"
        what = Departure(starred(was) or "the model itself", to)
        yield Event("moved", was, what, group.before, group.after)


def _are_on_record(before: TaggedGraph, after: TaggedGraph, group: Group) -> bool:
    """Whether both graphs say themselves where a group belongs; conclusions prove nothing."""
    return is_on_record(before, group.before_value) and is_on_record(after, group.after_value)


def _is_by_name_alone(before: TaggedGraph, after: TaggedGraph, group: Group) -> bool:
    """Whether only a node's name says that an op is elsewhere, while its value kept its own name.

    Tools that fold or fuse ops give the node of one to the value of another; and
    constants that a tool folded have no place of their own.
    """
    one, other = before.ops[group.before_value], after.ops[group.after_value]
    if other.auxiliary == "constants":
        return True
    by_name = "name" in (one.provenance.rule, other.provenance.rule)
    return by_name and not set(one.outputs).isdisjoint(other.outputs)


def _reordered(
    moved: Iterable[Moved], groups: Sequence[Group], found: Homes, fates: Fates
) -> Iterator[Event]:
    for one in moved:
        units = (one.module, one.passed) if one.is_exchange else (one.module,)
        own = [
            group
            for group in groups
            if any(names.is_within(found.before[group.before_value], unit) for unit in units)
        ]
        for group in own:
            _set(fates, group, "moved")
        sentence = (
            f"{_spelled(sorted(units, key=_natural))} changed places."
            if one.is_exchange
            else f"{one.module} runs {'after' if one.later else 'before'} {one.passed} now."
        )
        before = tuple(at for group in own for at in group.before)
        after = tuple(at for group in own for at in group.after)
        yield Event("moved", one.module, Sentence(sentence, has_place=False), before, after)


def _natural(fqn: str) -> list[tuple[int, str]]:
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in fqn.split(".")]


def _spelled(listed: Sequence[str]) -> str:
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def _renamed(
    before: TaggedGraph, after: TaggedGraph, pairs: Mapping[str, str], elsewhere: set[str]
) -> Iterator[Event]:
    """Modules that have another name or another class, and are the same otherwise."""
    patterns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for rule in renames(pairs):
        if not any(_is_around(one, rule.before) for one in elsewhere):
            key = starred(rule.before), starred(rule.after)
            patterns.setdefault(key, []).append((rule.before, rule.after))
    for rules in patterns.values():
        rules.sort(key=lambda rule: _natural(rule[0]))
        was, now = rules[0]
        if not was:
            sentence = f"All modules are below {now} now."
        elif not now:
            sentence = f"What was below {was} is at the top now."
        elif len(rules) <= _MOST_RENAMES:
            sentence = f"{', '.join(f'{one} is called {two}' for one, two in rules)} now."
        else:
            sentence = (
                f"{many(len(rules), 'module')} {common_pattern(one for one, _ in rules)} have "
                f"other names: {was} is {now}, …, {rules[-1][0]} is {rules[-1][1]}."
            )
        where = common_pattern(one for one, _ in rules)
        yield Event("retagged", where, Sentence(sentence, has_place=False))
    classes: dict[tuple[str, str], list[str]] = {}
    for one, other in pairs.items():
        kinds = before.modules[one].class_name, after.modules[other].class_name
        if all(kinds) and kinds[0] != kinds[1]:
            classes.setdefault(kinds, []).append(one)
    for (was, now), modules in classes.items():
        for module in modules:
            yield Event("retagged", module, Sentence(f"the class {was} is {now} now"))


def _is_around(one: str, other: str) -> bool:
    return names.is_within(one, other) or names.is_within(other, one)


def _gone(
    graph: TaggedGraph,
    home: Sequence[str],
    fates: Sequence[str],
    kind: str,
    constant: frozenset[int],
    *,
    is_own: bool,
) -> Iterator[Event]:
    """Ops without a counterpart: whole modules first, the others one by one."""
    single = [at for at, fate in enumerate(fates) if fate == kind]

    def event(module: str, what: Whole | Single, ops: tuple[int, ...]) -> Event:
        return Event(kind, module, what, *(((), ops) if kind == "added" else (ops, ())))

    if is_own:
        for module, members in _whole_modules(graph.ops, home, set(single)).items():
            kinds = graph.modules[module].class_name if module in graph.modules else ""
            whole = Whole(kinds, len(members), constant.issuperset(members))
            yield event(module, whole, members)
            single = [at for at in single if not names.is_within(home[at], module)]
    for at in single:
        yield event(home[at], Single(at in constant), (at,))


def _constant(graph: TaggedGraph) -> frozenset[int]:
    """The positions of ops of the top graph that depend on constants alone, as tools see it."""
    flat = graph.flat
    given = {value for value in flat.inputs if value not in flat.weights}
    found: set[int] = set()
    for at, op in enumerate(flat.ops):
        is_fixed = not op.body and op.op_type not in _RANDOM and given.isdisjoint(op.inputs)
        if is_fixed and found.issuperset(flat.predecessors[at]):
            found.add(at)
    return frozenset(found)


def _whole_modules(
    ops: Sequence[Op], home: Sequence[str], gone: set[int]
) -> dict[str, tuple[int, ...]]:
    """The highest modules of whose ops none is left, if any does arithmetic → their ops."""
    there: Counter[str] = Counter()
    computing: set[str] = set()
    modules: dict[str, list[int]] = {}
    for at, op in enumerate(ops):
        for around in names.ancestors(home[at]):
            if at not in gone:
                there[around] += 1
            else:
                modules.setdefault(around, []).append(at)
                if op.auxiliary is None:
                    computing.add(around)
    found: dict[str, tuple[int, ...]] = {}
    for module in sorted(computing, key=len):
        is_top = not any(above in found for above in names.ancestors(module)[:-1])
        if module and not there[module] and is_top:
            found[module] = tuple(modules[module])
    return found


def _interface(what: str, mine: Sequence[Value], theirs: Sequence[Value]) -> Iterator[Event]:
    """Inputs or outputs of the model that came, went, changed, or have another name."""

    def said(kind: str, text: str) -> Event:
        return Event(kind, "", Sentence(f"The {what} {text}.", has_place=False))

    was = {one.name: str(one) for one in mine}
    now = {one.name: str(one) for one in theirs}
    renamed = {}
    if len(mine) == len(theirs):
        for one, other in zip(mine, theirs, strict=True):
            if one.name not in now and other.name not in was and one.dtype == other.dtype:
                renamed[one.name] = other.name
    for name, kind in was.items():
        if name in renamed:
            yield said("changed", f"{name} is called {renamed[name]} now")
        elif name not in now:
            yield said("removed", f"{name} is gone ({kind})")
        elif now[name] != kind:
            yield said("changed", f"{name} is {now[name]}, was {kind}")
    for name, kind in now.items():
        if name not in was and name not in renamed.values():
            yield said("added", f"{name} is new ({kind})")
