"""Why each op is where it is, by position: columns of fields, an object when somebody looks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
import numpy.typing as npt

from hexviz.model.op import Candidate, Provenance
from hexviz.model.op_sequence import Provenances

__all__ = [
    "Doubt",
    "Fields",
    "Later",
    "Reasons",
    "Shared",
    "doubts_of",
    "fields_of",
    "reasons_where",
]

Fields = tuple[Any, ...]
"""The arguments of a provenance, in order; it has defaults for the later ones."""

_VALUES, _CONFIDENCE, _SHARED_BY = 4, 6, 8
"""Where the fields have what is named so."""


class Doubt(NamedTuple):
    """What speaks against a tag, as far as its own reason says.

    ``candidates`` are those of what the file says; what inference considered is not among them.
    """

    confidence: float
    candidates: tuple[Candidate, ...]
    shared_by: tuple[str, ...]

    @classmethod
    def of(cls, fields: Fields) -> Doubt:
        """That of the arguments of a provenance."""
        if len(fields) > _SHARED_BY and not (fields[5] or fields[_SHARED_BY]):
            return _plain_doubt(fields[_CONFIDENCE])
        confidence = fields[6] if len(fields) > _CONFIDENCE else 1.0
        candidates = fields[5] if len(fields) > _CONFIDENCE - 1 else ()
        return cls(confidence, candidates, fields[8] if len(fields) > _SHARED_BY else ())


@functools.lru_cache(maxsize=64)
def _plain_doubt(confidence: float) -> Doubt:
    """One for all that are as sure; there are a few confidences."""
    return Doubt(confidence, (), ())


fields_of: Callable[[Provenance], Fields] = attrgetter(*Provenance.__slots__)
"""The arguments that a provenance was made of."""


class Later(Protocol):
    """What makes the reasons of many ops, each when it is looked at."""

    def fields(self, at: int) -> tuple[Any, ...]:
        """The arguments of the provenance of the op at a position."""

    def origin(self, at: int) -> str:
        """The second of them."""

    def all_fields(self) -> Mapping[int, tuple[Any, ...]]:
        """As ``fields``, of each op, by position: takes less than one after the other."""

    def doubts(self) -> Mapping[int, Doubt]:
        """How sure it is of each op, by position."""


class Shared:
    """The fields of a provenance that many ops share, made when one of them is looked at.

    With ``names``, those of all ops, each has one of its own: the value that tells of it is its
    name.
    """

    __slots__ = ("_fields", "doubt", "made", "module", "names")

    def __init__(self, fields: Fields, *, names: Sequence[str] | None = None) -> None:
        self._fields = fields
        self.doubt = Doubt.of(fields)
        self.module: str = fields[0]
        self.names = names
        self.made: Provenance | None = None

    def fields(self, at: int) -> Fields:
        """The arguments of the provenance of the op at a position."""
        if self.names is None:
            return self._fields
        return (*self._fields[:_VALUES], (self.names[at],), *self._fields[_VALUES + 1 :])


class Reasons(MutableMapping[int, Provenance]):
    """Position → provenance, for the ops of which something is known.

    ``modules`` holds the module of each position, ``None`` where nothing is known: what asks where
    ops are, reads it and makes no objects. What decides hands over the fields of a provenance
    (:meth:`settle`), which become one when it is looked at; many ops may share one.
    """

    __slots__ = ("_made", "modules")

    def __init__(self, size: int) -> None:
        self.modules: list[str | None] = [None] * size
        self._made: list[Provenance | Fields | Shared | Later | None] = [None] * size

    @classmethod
    def of(cls, known: Mapping[int, Provenance], size: int) -> Reasons:
        """What is known, as columns of their own."""
        result = cls(size)
        if isinstance(known, Reasons):
            result.modules, result._made = known.modules.copy(), known._made.copy()
        else:
            for at, why in known.items():
                result[at] = why
        return result

    def settle(self, at: int, fields: Fields | Shared) -> None:
        """Decide for a position; ``fields`` are the arguments of a provenance, in order."""
        self.modules[at] = fields.module if isinstance(fields, Shared) else fields[0]
        self._made[at] = fields

    def settle_all(self, found: Sequence[Shared | None]) -> None:
        """Decide for many positions at once; ``None`` leaves one as it is."""
        self._made = [
            known if one is None else one for one, known in zip(found, self._made, strict=True)
        ]
        self.modules = [
            known if one is None else one.module
            for one, known in zip(found, self.modules, strict=True)
        ]

    def origins(self) -> list[str]:
        """The origin of each position, all of which have to be known."""
        return [
            why._fields[1]
            if type(why) is Shared
            else why[1]
            if type(why) is tuple
            else why.origin
            if isinstance(why, Provenance)
            else why.origin(at)  # type: ignore[union-attr] # it is known
            for at, why in enumerate(self._made)
        ]

    def doubts(self) -> list[Doubt]:
        """What speaks against each tag, of positions all of which have to be known."""
        found: list[Doubt] = []
        later: dict[int, Mapping[int, Doubt]] = {}
        for at, why in enumerate(self._made):
            if isinstance(why, Shared):
                found.append(why.doubt)
            elif isinstance(why, tuple):
                found.append(Doubt.of(why))
            elif isinstance(why, Provenance):
                found.append(Doubt(why.confidence, why.candidates, why.shared_by))
            elif why is not None:
                if id(why) not in later:
                    later[id(why)] = why.doubts()
                found.append(later[id(why)][at])
        return found

    def fields(self, at: int) -> Fields:
        """The arguments of the provenance of a position, without making it."""
        found = self._made[at]
        if isinstance(found, tuple):
            return found
        if found is None:
            raise KeyError(at)
        if isinstance(found, Provenance):
            return fields_of(found)
        return found.fields(at)

    def all_fields(self) -> list[Fields]:
        """As :meth:`fields`, of all positions; ops that share a reason share the tuple."""
        found: list[Fields] = []
        later: dict[int, Mapping[int, Fields]] = {}
        for at, why in enumerate(self._made):
            if isinstance(why, tuple):
                found.append(why)
            elif isinstance(why, Shared):
                found.append(why.fields(at))
            elif isinstance(why, Provenance):
                found.append(fields_of(why))
            elif why is not None:
                if id(why) not in later:
                    later[id(why)] = why.all_fields()
                found.append(later[id(why)][at])
        return found

    def conclude(self, modules: Mapping[int, str], why: Later) -> None:
        """Decide for many positions at once: ``why`` tells of each when somebody looks."""
        for at, module in modules.items():
            self.modules[at] = module
            self._made[at] = why

    def __getitem__(self, at: int) -> Provenance:
        found = self._made[at] if 0 <= at < len(self._made) else None
        if found is None:
            raise KeyError(at)
        if isinstance(found, Provenance):
            return found
        if isinstance(found, Shared) and found.names is None:
            if found.made is None:
                found.made = Provenance(*found.fields(at))
            return found.made
        fields = found if isinstance(found, tuple) else found.fields(at)
        made = self._made[at] = Provenance(*fields)
        return made

    def __setitem__(self, at: int, why: Provenance) -> None:
        self.modules[at] = why.module
        self._made[at] = why

    def __delitem__(self, at: int) -> None:
        if at not in self:
            raise KeyError(at)
        self.modules[at] = self._made[at] = None

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and 0 <= at < len(self.modules) and self.modules[at] is not None

    def __iter__(self) -> Iterator[int]:
        return (at for at, module in enumerate(self.modules) if module is not None)

    def __len__(self) -> int:
        return len(self.modules) - self.modules.count(None)

    def by_position(self) -> Provenances:
        """The provenances as a sequence, all of which have to be known."""
        return _ByPosition(self)


def reasons_where(provenance: Sequence[Provenance], wanted: npt.NDArray[np.bool_]) -> Reasons:
    """The reasons of some positions only; those of reasons are not made for it."""
    result = Reasons(len(wanted))
    source = provenance._reasons._made if isinstance(provenance, _ByPosition) else provenance
    modules = provenance._reasons.modules if isinstance(provenance, _ByPosition) else None
    for at in np.flatnonzero(wanted).tolist():
        result._made[at] = source[at]
        result.modules[at] = modules[at] if modules is not None else provenance[at].module
    return result


def doubts_of(provenance: Sequence[Provenance]) -> list[Doubt]:
    """What speaks against each of these tags; those of reasons are not made for it."""
    if isinstance(provenance, _ByPosition):
        return provenance.doubts()
    return [Doubt(why.confidence, why.candidates, why.shared_by) for why in provenance]


class _ByPosition(Provenances):
    def __init__(self, reasons: Reasons) -> None:
        self._reasons = reasons

    @overload
    def __getitem__(self, at: int) -> Provenance: ...
    @overload
    def __getitem__(self, at: slice) -> list[Provenance]: ...
    def __getitem__(self, at: int | slice) -> Provenance | list[Provenance]:
        if isinstance(at, slice):
            return [self._reasons[one] for one in range(*at.indices(len(self)))]
        return self._reasons[at]

    def __iter__(self) -> Iterator[Provenance]:
        return map(self._reasons.__getitem__, range(len(self)))

    def __len__(self) -> int:
        return len(self._reasons.modules)

    def all_fields(self) -> list[Fields]:
        return self._reasons.all_fields()

    def doubts(self) -> list[Doubt]:
        """What speaks against each tag."""
        return self._reasons.doubts()
