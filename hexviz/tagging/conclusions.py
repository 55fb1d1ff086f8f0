"""What inference concluded, in a few numbers by position; a reason is made of them for who looks.

What most ops rest on is what was open before and after them, or their doubles: these are columns.
The others have the arguments of what makes their reason.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hexviz.model import fqn as names
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.op import KINDS, ORIGINS, RULES, Candidate, Step
from hexviz.tagging.bounds import BOUND_KINDS, RELATIONS, Decided, are_linked, step_to
from hexviz.tagging.reasons import Doubt
from hexviz.tagging.structure import structure_of

__all__ = [
    "CONFIDENCE",
    "REBUILT",
    "Conclusions",
    "Fields",
    "fields_of",
    "nothing_known",
    "stated",
]

CONFIDENCE = MappingProxyType(
    {
        "doubles": 0.98,
        "habit at the beginning": 0.95,
        "habit at the end": 0.95,
        "own arithmetic": 0.8,
        "pair at the beginning": 0.8,
        "pair at the end": 0.8,
        "only work at the beginning": 0.8,
        "only work at the end": 0.8,
        "border at the beginning": 0.8,
        "border at the end": 0.8,
        "trace within a module": 0.98,
        "trace between modules": 0.6,
        "two calls": 0.6,
        "body": 0.6,
        "function": 0.6,
        "edge of the graph": 0.6,
        "opens next": 0.95,
        "restored weight": 0.95,
        "consumers without order": 0.6,
        "producers": 0.5,
        "nothing known": 0.0,
    }
)
"""Stated confidence by kind of reason, see docs/tagging.md for the measured shares."""

_STATED = ((0.95, 0.97), (0.8, 0.85), (0.0, 0.6))
"""From which probability on what is stated of an op at a border, and of what goes with it."""


def stated(likely: float) -> float:
    """The confidence to be stated for a probability."""
    return next(confidence for least, confidence in _STATED if likely >= least)


REBUILT = 0.97
"""What confidence is multiplied by where the order had to be rebuilt."""


Fields = tuple[Any, ...]
"""The arguments of a provenance, in order."""

_DOUBLES = len(BOUND_KINDS)
_KINDS = (*BOUND_KINDS, "doubles")


def fields_of(
    kind: str,
    module: str,
    steps: tuple[Step, ...] = (),
    values: tuple[str, ...] = (),
    candidates: tuple[Candidate, ...] = (),
    witnesses: tuple[str, ...] = (),
) -> Fields:
    """A conclusion of some kind, with the confidence and the rule of that kind."""
    rule = KINDS[kind]
    return (
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


_Ints = npt.NDArray[np.int32]
"""Many are kept for a long time."""


_SURE = 6
"""Where the fields have the confidence."""


class _Rows(NamedTuple):
    """Ops that are where they are by what is around them, a row for each.

    ``kinds`` are numbers in ``_KINDS``, ``before`` and ``after`` known positions (-1 for none) with
    the relations and modules there, ``meetings`` where an op's users meet (-1 if that tells
    nothing), ``witnesses`` positions of doubles, -1 after the last.
    """

    ats: _Ints
    modules: _Ints
    kinds: _Ints
    before: _Ints
    after: _Ints
    relations: _Ints
    earlier: _Ints
    later: _Ints
    meetings: _Ints
    witnesses: _Ints


class _Row(NamedTuple):
    """One of them."""

    at: int
    module: int
    kind: int
    before: int
    after: int
    relations: int
    earlier: int
    later: int
    meeting: int
    witnesses: list[int]


_WITNESSES = 3


class Conclusions:
    """The reasons of all ops of a graph that inference found a module for.

    ``ats`` are their positions in order, and ``modules`` the numbers of their modules in ``paths``.
    """

    def __init__(self, flat: FlatGraph, paths: list[str]) -> None:
        self._flat, self._paths = flat, paths
        self._parts: list[_Rows] = []
        self._inside: dict[int, tuple[int, ...]] = {}
        self._made: dict[int, tuple[Any, ...]] = {}
        """What makes the reason of an op, and its arguments after the graph and the position."""
        self._sure: dict[int, float] = {}
        """How sure it is of an op, where that is not what its kind says."""
        self._rebuilt = False
        self.ats = self.modules = np.zeros(0, np.int64)

    def bound(
        self,
        decided: Decided,
        *,
        modules: Ints | None = None,
        witnesses: Ints | None = None,
        meetings: Ints | None = None,
    ) -> None:
        """Ops at their bounds; or in other ``modules``, which their doubles tell."""
        size = len(decided.ats)
        relations = decided.before.relations * len(RELATIONS) + decided.after.relations
        doubles = modules is not None
        self._parts.append(
            _Rows(
                *(
                    column.astype(np.int32)
                    for column in (
                        decided.ats,
                        decided.modules if modules is None else modules,
                        np.full(size, _DOUBLES) if doubles else decided.kinds,
                        decided.before.ops,
                        decided.after.ops,
                        relations,
                        decided.before.modules,
                        decided.after.modules,
                        np.full(size, -1) if meetings is None else meetings,
                        np.full((size, _WITNESSES), -1) if witnesses is None else witnesses,
                    )
                )
            )
        )
        self._inside.update(decided.inside)

    def settle(self, at: int, make: Callable[..., Fields], *arguments: object) -> None:
        """That ``make(flat, at, *arguments)`` gives the reason of an op."""
        self._made[at] = (make, *arguments)

    def doubt(self, at: int, sure: float) -> None:
        """State how sure it is of an op, in place of what its kind says."""
        self._sure[at] = sure

    def close(self, ats: Ints, where: Ints, *, rebuilt: bool) -> None:
        """That all is concluded: the positions in order, and where all ops are.

        ``rebuilt`` says that the order is not the file's.
        """
        self.ats, self.modules, self._rebuilt = ats, where[ats], rebuilt
        if self._parts:
            rows = _Rows(*map(np.concatenate, zip(*self._parts, strict=True)))
            order = np.argsort(rows.ats)
            self._parts = [_Rows(*(column[order] for column in rows))]

    def by_position(self) -> dict[int, str]:
        """Position → FQN, of all that is concluded."""
        modules = map(self._paths.__getitem__, self.modules.tolist())
        return dict(zip(self.ats.tolist(), modules, strict=True))

    def origins(self) -> Ints:
        """The origin of each of ``ats``, as a number in :data:`~hexviz.model.op.ORIGINS`."""
        found = np.full(len(self.ats), ORIGINS.index("inherited"))
        for at, (make, *_) in self._made.items():
            if make is nothing_known:
                found[np.searchsorted(self.ats, at)] = ORIGINS.index("fallback")
        return found

    def origin(self, at: int) -> str:
        """The origin of the op at a position."""
        making = self._made.get(at)
        return "fallback" if making is not None and making[0] is nothing_known else "inherited"

    def doubts(self) -> dict[int, Doubt]:
        """How sure it is of each op, by position."""
        sure = REBUILT if self._rebuilt else 1.0
        of_kind = [Doubt(CONFIDENCE[kind] * sure, (), ()) for kind in _KINDS]
        found: dict[int, Doubt] = {}
        for rows in self._parts:
            kinds = map(of_kind.__getitem__, rows.kinds.tolist())
            found.update(zip(rows.ats.tolist(), kinds, strict=True))
        for at in self._made:
            if at not in self._sure:
                found[at] = Doubt(self.fields(at)[_SURE], (), ())
        known = {one: Doubt(one * sure, (), ()) for one in set(self._sure.values())}
        found.update({at: known[one] for at, one in self._sure.items()})
        return found

    def fields(self, at: int) -> Fields:
        """The arguments of the provenance of the op at a position."""
        making = self._made.get(at)
        if making is not None:
            return self._final(at, making[0](self._flat, at, *making[1:]))
        (rows,) = self._parts
        row = _Row._make([column[np.searchsorted(rows.ats, at)].tolist() for column in rows])
        linked = [are_linked(self._flat, at, end) for end in (row.before, row.after)]
        return self._final(at, self._of_bounds(row, *linked))

    def all_fields(self) -> dict[int, Fields]:
        """As :meth:`fields`, by position of all ops: who is linked is found out at once."""
        found: dict[int, Fields] = {}
        structure = structure_of(self._flat)
        for rows in self._parts:
            ats, *ends = (column.astype(np.int64) for column in (rows.ats, rows.before, rows.after))
            linked = [((one >= 0) & structure.linked(ats, one)).tolist() for one in ends]
            columns = [column.tolist() for column in rows]
            for row, *with_ends in zip(
                map(_Row._make, zip(*columns, strict=True)), *linked, strict=True
            ):
                found[row.at] = self._of_bounds(row, *with_ends)
        for at, (make, *arguments) in self._made.items():
            found[at] = make(self._flat, at, *arguments)
        return {at: self._final(at, fields) for at, fields in found.items()}

    def _final(self, at: int, fields: Fields) -> Fields:
        """The fields with how sure it is of the op; less where the order had to be rebuilt."""
        sure = self._sure.get(at)
        if sure is not None:
            fields = (*fields[:_SURE], sure, *fields[_SURE + 1 :])
        if not self._rebuilt:
            return fields
        return (*fields[:_SURE], fields[_SURE] * REBUILT, *fields[_SURE + 1 :], True)

    def _of_bounds(self, row: _Row, before_linked: bool, after_linked: bool) -> Fields:
        """The reason of an op; whether it reads from what is before and after, or is read by it."""
        at, paths = row.at, self._paths
        kind, ids = _KINDS[row.kind], self._flat.columns.ids
        first, second = map(RELATIONS.__getitem__, divmod(row.relations, len(RELATIONS)))
        steps: dict[int, Step] = {}
        if row.before >= 0:
            steps[row.before] = step_to(self._flat, at, row.before, first, linked=before_linked)
        if row.after >= 0:
            steps[row.after] = step_to(self._flat, at, row.after, second, linked=after_linked)
        for one in self._inside.get(at, ()):
            steps[one] = Step(ids[one], RELATIONS[-1])
        told, module = tuple(steps.values()), paths[row.module]
        if row.kind == _DOUBLES:
            witnesses = tuple([ids[one] for one in row.witnesses if one >= 0])
            return fields_of(kind, module, told, witnesses=witnesses)
        meeting = paths[row.meeting] if row.meeting >= 0 else None
        rejected = _rejected(kind, module, paths[row.earlier], paths[row.later], meeting)
        return fields_of(kind, module, told, candidates=rejected)


def _rejected(
    kind: str, bound: str, earlier: str, later: str, meeting: str | None
) -> tuple[Candidate, ...]:
    """What else was considered than the bound."""
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
    return tuple(rejected)


def nothing_known(_flat: FlatGraph, _at: int) -> Fields:
    """Of an op that nothing tells of."""
    return fields_of("nothing known", "")
