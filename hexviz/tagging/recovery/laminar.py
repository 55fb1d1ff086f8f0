"""Stretches that lie in one another or apart, never across: what is chosen of all candidates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.runs import Span
from hexviz.tagging.structure import Mask

__all__ = ["Laminar"]

_SHORTENED = 0.75  # of a stretch that lies across another, what has to be left to take it
_LEFT = 0.5  # of a stretch, what has to be left for it to be looked at any further
_WHOLE = 0.75  # of the stretch around it, what a single one may have at most
_FILLED = 0.6  # of a stretch, what members of one list fill that it merely joins


class Laminar:
    """Chosen stretches, by number: ``spans``, ``families``, and ``parents``, -1 for none.

    ``lists`` numbers those that are copies under one parent; a family may have several lists.
    """

    def __init__(self, size: int) -> None:
        self.spans: list[Span] = []
        self.families: list[int] = []
        self.lists: list[int] = []
        self.parents: list[int] = []
        self._inside: dict[int, list[tuple[int, int]]] = {-1: []}  # by parent: starts and numbers
        self._known: set[Span] = set()
        self._innermost = np.full(size + 1, -1)  # by cut, strictly around it
        # By cut where the innermost begins and ends; the whole order where there is none.
        self._around = np.zeros(size + 1, np.int64), np.full(size + 1, size)
        self._next_family = self._next_list = 0

    def __contains__(self, span: Span) -> bool:
        return span in self._known

    def parent(self, span: Span) -> int:
        """The innermost chosen stretch that holds all of this one, -1 if there is none."""
        at = int(self._innermost[(span[0] + span[1]) // 2])
        while at >= 0 and not (self.spans[at][0] <= span[0] and self.spans[at][1] >= span[1]):
            at = self.parents[at]
        return self.parents[at] if at >= 0 and self.spans[at] == span else at

    def lies_across(self, span: Span) -> bool:
        """Whether a border of the stretch lies in a chosen one that does not hold the other."""
        one, two = self._innermost[span[0]], self._innermost[span[1]]
        return bool(
            (one >= 0 and self.spans[one][1] < span[1])
            or (two >= 0 and self.spans[two][0] > span[0])
        )

    def may_fit(self, starts: Ints, ends: Ints) -> Mask:
        """Whether stretches, if cut a little, may still fit in: once not, never again."""
        before, after = self._around
        least = _LEFT * (ends - starts)
        found: Mask = (after[starts] - starts >= least) & (ends - before[ends] >= least)
        return found

    def choose(self, spans: Iterable[Span], *, alone: bool = False, joins: bool = False) -> None:
        """Take copies of one block, as far as they fit in with what is chosen.

        Of each row of them with one parent at least two have to fit, or one if it may stand
        ``alone``. Those that merely hold several members of a list each are no blocks, unless that
        is what they are meant for (``joins``).
        """
        lists = self._fitting(spans)
        least = 1 if alone and sum(map(len, lists)) > 2 else 2
        took = False
        for row in lists:
            if len(row) < least or any(one in self._known for one in row):
                continue
            if len(row) == 1 and not self._is_part(row[0]):
                continue
            if not joins and self._joins_members(row):
                continue
            self.take(row)
            took = True
        self._next_family += took

    def _fitting(self, spans: Iterable[Span]) -> list[list[Span]]:
        """The stretches that fit, shortened where need be; neighbours with one parent together."""
        lists: list[list[Span]] = [[]]
        for whole in spans:
            span = self._shortened(whole)
            if self.lies_across(span):
                lists.append([])
                continue
            if lists[-1] and self.parent(lists[-1][-1]) != self.parent(span):
                lists.append([])
            lists[-1].append(span)
        return lists

    def _shortened(self, span: Span) -> Span:
        """The part that lies inside a chosen stretch, where a stretch juts out of it a little."""
        start, end = span
        one, two = int(self._innermost[start]), int(self._innermost[end])
        if one == two:
            return span
        least = _SHORTENED * (end - start)
        if two >= 0 and self.spans[two][0] > start and end - self.spans[two][0] >= least:
            return self.spans[two][0], end
        if one >= 0 and self.spans[one][1] < end and self.spans[one][1] - start >= least:
            return start, self.spans[one][1]
        return span

    def _is_part(self, span: Span) -> bool:
        """Whether a stretch is a small enough part of another."""
        parent = self.parent(span)
        if parent < 0:
            return False
        start, end = self.spans[parent]
        return span[1] - span[0] <= _WHOLE * (end - start)

    def take(self, row: Sequence[Span]) -> None:
        """Take stretches that fit as one list of the family that is being chosen."""
        for span in row:
            parent, number = self.parent(span), len(self.spans)
            first, last = self._range(parent, span)
            siblings = self._inside[parent]
            inside = siblings[first:last]
            siblings[first:last] = [(span[0], number)]
            self._inside[number] = inside
            for _, one in inside:
                self.parents[one] = number
            self.spans.append(span)
            self.families.append(self._next_family)
            self.lists.append(self._next_list)
            self.parents.append(parent)
            self._known.add(span)
            here = self._innermost[span[0] + 1 : span[1]]
            mine = here == parent
            here[mine] = number
            for column, border in zip(self._around, span, strict=True):
                column[span[0] + 1 : span[1]][mine] = border
        self._next_list += 1

    def close_family(self) -> None:
        """What is taken from now on is of another family."""
        self._next_family += 1

    def _range(self, parent: int, span: Span) -> tuple[int, int]:
        """Which of the stretches right inside a parent lie in a stretch."""
        siblings = self._inside[parent]
        return bisect_left(siblings, (span[0], -1)), bisect_left(siblings, (span[1], -1))

    def _joins_members(self, row: Iterable[Span]) -> bool:
        """Whether each stretch is little more than some members of one list."""
        for span in row:
            parent = self.parent(span)
            first, last = self._range(parent, span)
            members = [one for _, one in self._inside[parent][first:last]]
            if len({self.lists[one] for one in members}) != 1:
                return False
            filled = sum(self.spans[one][1] - self.spans[one][0] for one in members)
            if filled < _FILLED * (span[1] - span[0]):
                return False
        return True
