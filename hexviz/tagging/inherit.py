"""Rules ``trace``, ``consumers`` and ``producers``: a module for every op that has none declared.

Exporters list ops in the order they ran, so the modules that were open at an
undeclared op were open at the declared ops before and after it as well::

    order     a: enc.attn.query   x: ?   y: ?   b: enc.attn.key
    open      enc, attn, query    ──── enc, attn ────   enc, attn, key

The deepest module open at both ends (``enc.attn``) is therefore the op's own
module or an ancestor of it: the *bound*, rule ``trace``. If ``y`` is *static*
(made of constants, weights and shapes alone), everything that uses it lies deeper, in
``key``, and ``key`` is just what opens next, then ``y`` was made for it and
most likely in it: rule ``consumers``. An op that takes data from elsewhere may
as well be the glue between two modules (the reshape after attention), so it
stays at the bound: an ancestor is vague, a wrong branch is a lie.

Where the order says nothing any more (a rewrite shuffled the graph), dataflow
alone decides: the common ancestor of the users, else of the producers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from types import MappingProxyType

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Candidate, Provenance

__all__ = ["CONFIDENCE", "inherit", "order_is_kept"]

CONFIDENCE = MappingProxyType(
    {
        "trace": 0.9,
        "trace between modules": 0.6,
        "consumers": 0.8,
        "consumers without order": 0.6,
        "producers": 0.5,
        "root": 0.0,
    }
)
"""Stated confidence by kind of evidence; a first estimate, see docs/tagging.md."""

_EVIDENCE = 8  # ops named as evidence at most; more than that explains nothing

_RUNS_PER_MODULE = 3.0
"""In an order of execution a module's ops form few runs (between its children);
in a shuffled one nearly every op starts a run. Above this mean the order counts as lost."""


def inherit(flat: FlatGraph, declared: Mapping[int, Provenance]) -> dict[int, Provenance]:
    """Provenance for every position, declared ones included. Linear in the graph."""
    result = dict(declared)
    if not declared:
        nothing = Provenance("", "fallback", "root", confidence=CONFIDENCE["root"])
        return dict.fromkeys(range(len(flat.ops)), nothing)
    bounds = _Bounds(flat, declared) if order_is_kept(declared) else None
    static = _static(flat)
    undecided = []
    for at in reversed(flat.order):
        if at in result:
            continue
        users = [after for after in flat.successors[at] if after in result]
        if users or (bounds is not None and bounds.hold(at)):
            result[at] = _decide(flat, result, at, users, bounds=bounds, is_static=at in static)
        else:
            undecided.append(at)
    for at in reversed(undecided):
        result[at] = _from_producers(flat, result, at)
    return result


def order_is_kept(declared: Mapping[int, Provenance]) -> bool:
    """Whether the node order still reads like an execution: modules' ops come in few runs."""
    modules = [declared[at].module for at in sorted(declared)]
    runs = 1 + sum(one != two for one, two in pairwise(modules))
    # The modules passed through: every change of module opens or closes at least one.
    touched = {above for module in set(modules) for above in names.ancestors(module)}
    return runs <= _RUNS_PER_MODULE * len(touched)


_DATA_INPUTS = MappingProxyType({"Shape": 0, "Size": 0, "CastLike": 1})
"""How many leading inputs an op reads data from, where it reads only shape or type of the rest."""


class _Bounds:
    """For each position the nearest declared op before and after it in execution order."""

    def __init__(self, flat: FlatGraph, declared: Mapping[int, Provenance]) -> None:
        self.declared = declared
        self.before = self._sweep(flat, range(len(flat.ops)))
        self.after = self._sweep(flat, range(len(flat.ops) - 1, -1, -1))

    def _sweep(self, flat: FlatGraph, positions: Iterable[int]) -> dict[int, int | None]:
        """Functions run where they are called, so each is an order of its own."""
        nearest: dict[int, int | None] = {}
        last: dict[str, int] = {}
        for at in positions:
            body = flat.ops[at].body
            stream = body.partition("/")[0] if body.startswith("function:") else ""
            nearest[at] = last.get(stream)
            if at in self.declared:
                last[stream] = at
        return nearest

    def hold(self, at: int) -> bool:
        """Whether anything is declared before or after this position."""
        return self.before[at] is not None or self.after[at] is not None

    def module(self, at: int | None) -> str:
        """The module open at a declared op; the root before the first and after the last."""
        return "" if at is None else self.declared[at].module


def _static(flat: FlatGraph) -> frozenset[int]:
    """Ops that no data of the model's inputs reaches; its shapes and types may."""
    values = set(flat.weights)
    found: set[int] = set()
    for at in flat.order:
        op = flat.ops[at]
        kept = _DATA_INPUTS.get(op.op_type)
        # What the bodies of an If capture is no input of it, but a predecessor.
        captured = () if kept is not None else flat.predecessors[at]
        if all(not value or value in values for value in op.inputs[:kept]) and all(
            before in found for before in captured
        ):
            found.add(at)
            values.update(op.outputs)
    return frozenset(found)


def _decide(
    flat: FlatGraph,
    known: Mapping[int, Provenance],
    at: int,
    users: Sequence[int],
    *,
    bounds: _Bounds | None,
    is_static: bool,
) -> Provenance:
    meeting = _meeting(known, users)
    if bounds is None or not bounds.hold(at):
        return Provenance(
            module=meeting or "",
            origin="inherited",
            rule="consumers",
            evidence=_telling(flat, known, users),
            values=_between(flat, at, users),
            confidence=CONFIDENCE["consumers without order"],
        )
    before, after = bounds.before[at], bounds.after[at]
    earlier, later = bounds.module(before), bounds.module(after)
    bound = names.common_ancestor(earlier, later)
    ends = _ids(flat, [end for end in (before, after) if end is not None])
    if meeting is not None and is_static:
        ahead = names.common_ancestor(meeting, later)
        if ahead != bound and names.is_within(ahead, bound):
            evidence = _telling(flat, known, users)
            if ahead != meeting and after is not None:
                # The users lie deeper still; what opens next drew the line.
                evidence = (*evidence, flat.ops[after].id)
            return Provenance(
                module=ahead,
                origin="inherited",
                rule="consumers",
                evidence=evidence,
                values=_between(flat, at, users),
                candidates=(
                    Candidate(
                        bound,
                        CONFIDENCE["trace between modules"],
                        "was open before and after it, but all its users lie deeper",
                    ),
                ),
                confidence=CONFIDENCE["consumers"],
            )
    rejected = []
    if meeting is not None and not names.is_within(bound, meeting):
        rejected.append(
            Candidate(meeting, 0.3, "its users are there, but it was not open when the op ran")
        )
    if earlier == later and before is not None and after is not None:
        return Provenance(
            bound, "inherited", "trace", ends, (), tuple(rejected), CONFIDENCE["trace"]
        )
    for end in (earlier, later):
        if end != bound and all(one.module != end for one in rejected):
            rejected.append(Candidate(end, 0.2, "was open on one side of it only"))
    confidence = CONFIDENCE["trace between modules"]
    return Provenance(bound, "inherited", "trace", ends, (), tuple(rejected), confidence)


def _from_producers(flat: FlatGraph, known: Mapping[int, Provenance], at: int) -> Provenance:
    sources = [before for before in flat.predecessors[at] if before in known]
    meeting = _meeting(known, sources)
    if meeting is None:
        return Provenance("", "fallback", "root", confidence=CONFIDENCE["root"])
    return Provenance(
        module=meeting,
        origin="inherited",
        rule="producers",
        evidence=_telling(flat, known, sources),
        values=tuple(
            value
            for value in flat.ops[at].inputs
            if any(value in flat.ops[source].outputs for source in sources[:_EVIDENCE])
        ),
        confidence=CONFIDENCE["producers"],
    )


def _meeting(known: Mapping[int, Provenance], positions: Sequence[int]) -> str | None:
    """The module where those of ``positions`` meet."""
    if not positions:
        return None
    return reduce(names.common_ancestor, (known[one].module for one in positions))


def _telling(
    flat: FlatGraph, known: Mapping[int, Provenance], positions: Sequence[int]
) -> tuple[str, ...]:
    """The ids of a few of ``positions``, one for each module first: they meet where all do."""
    one_each = {known[one].module: one for one in reversed(positions)}
    chosen = dict.fromkeys([*reversed(one_each.values()), *positions])
    return _ids(flat, list(chosen))


def _ids(flat: FlatGraph, positions: Sequence[int]) -> tuple[str, ...]:
    return tuple(flat.ops[one].id for one in positions[:_EVIDENCE])


def _between(flat: FlatGraph, at: int, users: Sequence[int]) -> tuple[str, ...]:
    wanted = {value for user in users[:_EVIDENCE] for value in flat.ops[user].inputs}
    return tuple(value for value in flat.ops[at].outputs if value and value in wanted)
