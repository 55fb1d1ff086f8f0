"""Why each op is where it is, by position: columns of fields, an object when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol

from hexviz.model.op import Provenance

__all__ = ["Later", "Reasons"]


class Later(Protocol):
    """What makes the reasons of many ops, each when it is looked at."""

    def fields(self, at: int) -> tuple[Any, ...]:
        """The arguments of the provenance of the op at a position."""


class Reasons(MutableMapping[int, Provenance]):
    """Position → provenance, for the ops of which something is known.

    ``modules`` holds the module of each position, ``None`` where nothing is known: what asks where
    ops are, reads it and makes no objects. What decides hands over the fields of a provenance
    (:meth:`settle`), which become one when it is looked at; many ops may share one.
    """

    __slots__ = ("_made", "modules")

    def __init__(self, size: int) -> None:
        self.modules: list[str | None] = [None] * size
        self._made: list[Provenance | tuple[Any, ...] | Later | None] = [None] * size

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

    def settle(self, at: int, fields: tuple[Any, ...]) -> None:
        """Decide for a position; ``fields`` are the arguments of a provenance, in order."""
        self.modules[at] = fields[0]
        self._made[at] = fields

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
