"""Rules ``trace``, ``consumers`` and ``producers``: a module for every op that has none declared.

Exporters list ops in the order they ran, so the modules that were open at an
undeclared op were open at the declared ops before and after it as well::

    order     a: enc.attn.query   x: ?   y: ?   b: enc.attn.key
    open      enc, attn, query    ──── enc, attn ────   enc, attn, key

The deepest module open at both ends (``enc.attn``) is therefore the op's own
module or an ancestor of it: the *bound*. What is decided, in this order:

1. **Doubles** (rule ``trace``): the same op in sibling blocks is recorded, and
   all of them agree (:mod:`hexviz.tagging.siblings`).
2. **Habits** (rule ``producers`` or ``consumers``): every module of a kind
   ends or begins so (:mod:`hexviz.tagging.habits`).
3. Other ops that carry data stay at the bound (rule ``trace``): they may be
   glue, and an ancestor is vague where a wrong branch is a lie.
4. **Static** ops (made of constants, weights and shapes alone) were made for
   their users: if all of them lie in what opens next, so do they (rule
   ``consumers``), else they stay at the bound. An ``Identity`` that restores a
   de-duplicated weight goes with its users wherever exporters list it.

Where the order is lost (a rewrite shuffled the graph), one rebuilt from
dataflow takes its place (:mod:`hexviz.tagging.order`), with less confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import KINDS, RULES, Candidate, Provenance, Step
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.bounds import Bounds, link
from hexviz.tagging.habits import Habit, find_habits
from hexviz.tagging.order import execution_order, static_ops
from hexviz.tagging.siblings import Testimony, find_testimony

__all__ = ["CONFIDENCE", "REBUILT", "Inheritance", "inherit"]

CONFIDENCE = MappingProxyType(
    {
        "doubles": 0.95,
        "habit at the beginning": 0.95,
        "habit at the end": 0.95,
        "own arithmetic": 0.8,
        "trace within a module": 0.9,
        "trace between modules": 0.6,
        "two calls": 0.6,
        "body": 0.6,
        "function": 0.6,
        "edge of the graph": 0.6,
        "opens next": 0.8,
        "restored weight": 0.8,
        "consumers without order": 0.6,
        "producers": 0.5,
        "nothing known": 0.0,
    }
)
"""Stated confidence by kind of reason, see docs/tagging.md for the measured shares."""

REBUILT = 0.9
"""What confidence is multiplied by where the order had to be rebuilt."""

_EVIDENCE = 8  # ops named as evidence at most; more than that explains nothing


@dataclass(frozen=True, slots=True)
class Inheritance:
    """A provenance for every position, and modules that only inference knows of."""

    provenance: dict[int, Provenance]
    modules: dict[str, ModuleInfo]


def inherit(
    flat: FlatGraph, declared: Mapping[int, Provenance], modules: Mapping[str, ModuleInfo]
) -> Inheritance:
    """Provenance for every position, declared ones included. Linear in the graph.

    ``modules`` are those that the file or the exporter names.
    """
    if len(declared) == len(flat.ops):
        return Inheritance(dict(declared), {})
    if not declared:
        return Inheritance(dict.fromkeys(range(len(flat.ops)), _reason("nothing known", "")), {})
    order, kept = execution_order(flat, declared)
    anatomy = Anatomy(flat, declared, modules)
    bounds = Bounds(flat, declared, order)
    doubles = find_testimony(flat, anatomy, bounds)
    known = dict(declared)
    for at, testimony in doubles.items():
        known[at] = _from_doubles(flat, at, testimony, bounds)
    inferred = _inferred(doubles, known, modules)
    if doubles:
        anatomy = Anatomy(flat, known, {**modules, **inferred})
    bounds = Bounds(flat, known, order)
    static = static_ops(flat)
    undecided = {
        at
        for at, op in enumerate(flat.ops)
        if at not in known and at not in static and op.op_type != "Identity"
    }
    for at, habit in find_habits(flat, anatomy, order, undecided).items():
        known[at] = _from_habit(flat, bounds, at, habit, _linked(flat, known, at, habit))
    # Owners come after their bodies, and bound them.
    for at in sorted(undecided - known.keys(), reverse=True):
        if bounds.hold(at):
            known[at] = _from_order(bounds, at, None)
    settled = Bounds(flat, known, order)
    provenance = _by_dataflow(flat, known, static, bounds, settled)
    if not kept:
        provenance = {
            at: why
            if at in declared
            else replace(why, confidence=why.confidence * REBUILT, rebuilt=True)
            for at, why in provenance.items()
        }
    return Inheritance(provenance, inferred)


def _inferred(
    doubles: Mapping[int, Testimony],
    known: Mapping[int, Provenance],
    modules: Mapping[str, ModuleInfo],
) -> dict[str, ModuleInfo]:
    """Modules that only doubles show, with the class of their siblings."""
    result = {}
    for testimony in doubles.values():
        if testimony.module not in modules:
            sibling = known[testimony.witnesses[0]].module
            known_as = modules.get(sibling)
            result[testimony.module] = ModuleInfo(known_as.class_name if known_as else "", None)
    return result


def _by_dataflow(
    flat: FlatGraph,
    known: Mapping[int, Provenance],
    static: frozenset[int],
    bounds: Bounds,
    settled: Bounds,
) -> dict[int, Provenance]:
    """Static ops and those that only pass on what they get, users before sources."""
    result = dict(known)
    unheld = []
    for at in reversed(flat.order):
        if at in result:
            continue
        users = [user for user in flat.successors[at] if user in result]
        if users and (not bounds.hold(at) or _restores_weight(flat, at)):
            result[at] = _from_users(flat, result, at, users)
        elif bounds.hold(at):
            ahead = _ahead(flat, result, settled, at, users) if at in static else None
            result[at] = ahead or _from_order(
                settled if at in static else bounds, at, _meeting(result, users)
            )
        else:
            unheld.append(at)
    for at in reversed(unheld):
        result[at] = _from_producers(flat, result, at)
    return result


def _reason(
    kind: str,
    module: str,
    steps: tuple[Step, ...] = (),
    values: tuple[str, ...] = (),
    candidates: tuple[Candidate, ...] = (),
    witnesses: tuple[str, ...] = (),
) -> Provenance:
    """A conclusion of some kind, with the confidence and the rule of that kind."""
    rule = KINDS[kind]
    return Provenance(
        module,
        RULES[rule],
        rule,
        tuple([step.op for step in steps]),
        values,
        candidates,
        CONFIDENCE[kind],
        witnesses,
        (),
        kind,
        steps,
    )


def _from_doubles(
    flat: FlatGraph,
    at: int,
    testimony: Testimony,
    bounds: Bounds,
) -> Provenance:
    witnesses = _ids(flat, testimony.witnesses)
    return _reason("doubles", testimony.module, bounds.steps(at), witnesses=witnesses)


def _linked(flat: FlatGraph, known: Mapping[int, Provenance], at: int, habit: Habit) -> int:
    """The op of the habit's module that this one follows or leads to, also through Identity."""
    neighbours = flat.predecessors if habit.after else flat.successors
    waiting = list(neighbours[at])
    seen: set[int] = set()
    while waiting:
        near = waiting.pop()
        if near in seen:
            continue
        seen.add(near)
        if near in known and names.is_within(known[near].module, habit.module):
            return near
        if near not in known and flat.ops[near].op_type == "Identity":
            waiting.extend(neighbours[near])
    raise AssertionError("a habit holds only for ops that dataflow links to their module")


def _from_habit(flat: FlatGraph, bounds: Bounds, at: int, habit: Habit, linked: int) -> Provenance:
    near = flat.ops[linked]
    mine = flat.ops[at]
    shared = (
        set(near.outputs) & set(mine.inputs)
        if habit.after
        else (set(mine.outputs) & set(near.inputs))
    )
    bound = bounds.module(at)
    other = bounds.ends(at)[1 if habit.after else 0]
    rejected = [
        Candidate(bound, CONFIDENCE["trace between modules"], "encloses the modules on both sides")
    ]
    if other != bound:
        rejected.append(Candidate(other, 0.2, "was open on one side of it only"))
    if not habit.witnesses:
        kind = "own arithmetic"
    else:
        kind = "habit at the end" if habit.after else "habit at the beginning"
    through = f"{'feeds' if habit.after else 'uses'} it through Identity ops"
    return _reason(
        kind,
        habit.module,
        (link(flat, at, linked) or Step(near.id, through),),
        tuple(value for value in (*mine.inputs, *mine.outputs) if value in shared),
        tuple(rejected),
        _ids(flat, habit.witnesses),
    )


def _from_order(bounds: Bounds, at: int, meeting: str | None) -> Provenance:
    """At the bound, with what else was considered."""
    earlier, later = bounds.ends(at)
    bound, kind = bounds.module(at), bounds.kind(at)
    rejected = []
    if meeting is not None and not names.is_within(bound, meeting):
        rejected.append(
            Candidate(meeting, 0.3, "its users are there, but it was not open when the op ran")
        )
    if kind != "trace within a module":
        for end in dict.fromkeys((earlier, later)):
            if end != bound and all(one.module != end for one in rejected):
                reason = (
                    "was open on one side of it only"
                    if earlier != later
                    else "was left and called again in between"
                )
                rejected.append(Candidate(end, 0.2, reason))
    return _reason(kind, bound, bounds.steps(at), candidates=tuple(rejected))


def _ahead(
    flat: FlatGraph,
    known: Mapping[int, Provenance],
    bounds: Bounds,
    at: int,
    users: Sequence[int],
) -> Provenance | None:
    """A static op in what opens next, if all its users lie there; ``None`` if they do not."""
    meeting = _meeting(known, users)
    if meeting is None:
        return None
    bound = bounds.module(at)
    ahead = names.common_ancestor(meeting, bounds.ends(at)[1])
    if ahead == bound or not names.is_within(ahead, bound):
        return None
    steps = _telling(flat, at, known, users)
    if ahead != meeting:
        # The users lie deeper still; what opens next drew the line.
        steps = (*steps, *bounds.step_after(at))
    rejected = Candidate(
        bound,
        CONFIDENCE["trace between modules"],
        "was open before and after it, but all its users lie deeper",
    )
    return _reason("opens next", ahead, steps, _between(flat, at, users), (rejected,))


def _from_users(
    flat: FlatGraph, known: Mapping[int, Provenance], at: int, users: Sequence[int]
) -> Provenance:
    return _reason(
        "restored weight" if _restores_weight(flat, at) else "consumers without order",
        _meeting(known, users) or "",
        _telling(flat, at, known, users),
        _between(flat, at, users),
    )


def _restores_weight(flat: FlatGraph, at: int) -> bool:
    """Whether an op does nothing but give a weight another name; its place in the order is moot."""
    op = flat.ops[at]
    return op.op_type == "Identity" and all(value in flat.weights for value in op.inputs)


def _from_producers(flat: FlatGraph, known: Mapping[int, Provenance], at: int) -> Provenance:
    sources = [before for before in flat.predecessors[at] if before in known]
    meeting = _meeting(known, sources)
    if meeting is None:
        return _reason("nothing known", "")
    return _reason(
        "producers",
        meeting,
        _telling(flat, at, known, sources),
        tuple(
            value
            for value in flat.ops[at].inputs
            if any(value in flat.ops[source].outputs for source in sources[:_EVIDENCE])
        ),
    )


def _meeting(known: Mapping[int, Provenance], positions: Sequence[int]) -> str | None:
    """The module where those of ``positions`` meet."""
    return names.meeting(known[one].module for one in positions)


def _telling(
    flat: FlatGraph, at: int, known: Mapping[int, Provenance], positions: Sequence[int]
) -> tuple[Step, ...]:
    """The steps to a few neighbours, one for each module first: they meet where all do."""
    one_each = {known[one].module: one for one in reversed(positions)}
    chosen = dict.fromkeys([*reversed(one_each.values()), *positions])
    steps = [link(flat, at, one) for one in list(chosen)[:_EVIDENCE]]
    return tuple([step for step in steps if step is not None])


def _ids(flat: FlatGraph, positions: Sequence[int]) -> tuple[str, ...]:
    return tuple([flat.ops[one].id for one in positions[:_EVIDENCE]])


def _between(flat: FlatGraph, at: int, users: Sequence[int]) -> tuple[str, ...]:
    wanted = {value for user in users[:_EVIDENCE] for value in flat.ops[user].inputs}
    return tuple(value for value in flat.ops[at].outputs if value and value in wanted)
