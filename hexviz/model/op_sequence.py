"""All ops of a graph as a sequence that makes them when somebody looks.

::

    graph.ops[7]        one op, made from what the columns have at position 7
    for op in graph.ops             all of them, made once and kept
    len(graph.ops), graph.columns   no op at all
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar, overload

from hexviz.model.columns import Ints, TagColumns
from hexviz.model.gc_control import collector_paused
from hexviz.model.op import CATEGORIES, Context, Op, Provenance

__all__ = ["OpSequence", "Provenances", "Taken"]

Kind = TypeVar("Kind")


class Taken(Sequence[Kind], Generic[Kind]):
    """What numbers by position stand for in a table; -1 stands for its last entry.

    >>> import numpy as np
    >>> list(Taken(["", "enc", None], np.array([1, 0, -1])))
    ['enc', '', None]
    """

    __slots__ = ("_numbers", "_table")

    def __init__(self, table: Sequence[Kind], numbers: Ints) -> None:
        self._table = table
        self._numbers = numbers

    @overload
    def __getitem__(self, at: int) -> Kind: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Kind]: ...
    def __getitem__(self, at: int | slice) -> Kind | Sequence[Kind]:
        if isinstance(at, slice):
            return Taken(self._table, self._numbers[at])
        found: Kind = self._table[self._numbers[at]]
        return found

    def __iter__(self) -> Iterator[Kind]:
        return map(self._table.__getitem__, self._numbers.tolist())

    def __len__(self) -> int:
        return len(self._numbers)


class Provenances(Sequence[Provenance], ABC):
    """The provenance of each op by position, made when somebody looks."""

    @abstractmethod
    def all_fields(self) -> list[tuple[Any, ...]]:
        """The arguments of each provenance, none of which is made; it has defaults for the rest."""


class OpSequence(Sequence[Op]):
    """The ops of a graph: those that are asked for by position, or all once it is gone through.

    ``fields`` are columns by position, one for each field of an op (see :class:`Op`). Equal to
    every sequence of equal ops. ``columns`` says where all of them belong.
    """

    def __init__(self, columns: TagColumns, fields: Sequence[Sequence[Any]]) -> None:
        self.columns = columns
        self._fields = fields
        self._made: tuple[Op, ...] | None = None

    @classmethod
    def of(
        cls,
        columns: TagColumns,
        tags: Sequence[str],
        facts: Sequence[Sequence[Any]],
        values: Sequence[Sequence[Any]],
        provenance: Sequence[Provenance],
        contexts: Sequence[Context | None],
        shared_by: Sequence[tuple[str, ...]],
    ) -> OpSequence:
        """The ops of some columns.

        ``tags`` are those of the modules in ``columns.paths``. ``facts`` are the columns of an
        op's first six fields, ``values`` those of its inputs and outputs.
        """
        return cls(
            columns,
            (
                *facts,
                Taken(columns.paths, columns.modules),
                Taken(tags, columns.modules),
                provenance,
                contexts,
                *values,
                Taken([*CATEGORIES, None], columns.categories),
                shared_by,
                Taken([*columns.known_calls, None], columns.calls),
            ),
        )

    @property
    def ids(self) -> Sequence[str]:
        """The ids of all ops."""
        found: Sequence[str] = self._fields[Op._fields.index("id")]
        return found

    @property
    def provenance(self) -> Sequence[Provenance]:
        """That of all ops."""
        found: Sequence[Provenance] = self._fields[Op._fields.index("provenance")]
        return found

    def column(self, field: str) -> Sequence[Any]:
        """What all ops have in a field, by position."""
        return self._fields[Op._fields.index(field)]

    @overload
    def __getitem__(self, at: int) -> Op: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Op, ...]: ...
    def __getitem__(self, at: int | slice) -> Op | tuple[Op, ...]:
        if isinstance(at, slice):
            return self._all()[at]
        if self._made is not None:
            return self._made[at]
        size = len(self)
        if not -size <= at < size:
            raise IndexError(at)
        return Op._make(map(itemgetter(at % size), self._fields))

    def __iter__(self) -> Iterator[Op]:
        return iter(self._all())

    def __reversed__(self) -> Iterator[Op]:
        return reversed(self._all())

    def __len__(self) -> int:
        return len(self.columns.modules)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OpSequence):
            return self._all() == other._all()
        return isinstance(other, Sequence) and self._all() == tuple(other)

    __hash__ = None  # type: ignore[assignment] # as a list, it is no key

    def __repr__(self) -> str:
        return f"<{len(self):,} ops>"

    def _all(self) -> tuple[Op, ...]:
        if self._made is None:
            with collector_paused():
                self._made = tuple(map(Op._make, zip(*self._fields, strict=True)))
        return self._made
