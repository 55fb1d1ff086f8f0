"""Siblings as witnesses: what is recorded of an op's double in another copy of its module.

Repeated blocks run the same code, so an op has doubles in the other blocks:
ops of the same type with the same surroundings, four steps far. Where the
doubles' modules are recorded and all agree but for the block's index
(``encoder.layer.#.output.dropout``; indices inside the block count), and only
one module that was open around the op fits, the op belongs there. A module
that no op of this block is declared for may be inferred to exist that way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy, pattern
from hexviz.tagging.bounds import Bounds
from hexviz.tagging.paths import HASH, ROOT, Paths
from hexviz.tagging.structure import Mask, starts_of, structure_of

__all__ = ["Doubles", "Testimony", "find_doubles", "find_testimony"]

_WITNESSES = 2  # doubles that have to agree: one alone may be a chance likeness
_MOST_NAMED = 3  # witnesses that are named
_CELLS = 1 << 22  # of a table of steps at once: some files have paths of a hundred


class Testimony(NamedTuple):
    """What doubles say of some ops: their modules (numbers), and the doubles.

    ``witnesses`` has a row of positions for each op, -1 after the last.
    """

    ats: Ints
    modules: Ints
    witnesses: Ints


@dataclass(frozen=True, slots=True)
class Doubles:
    """The pattern that the modules of an op's doubles all have, and some of them (positions)."""

    form: str
    some: tuple[int, ...]


def find_doubles(flat: FlatGraph, paths: Paths, where: Ints) -> dict[int, Doubles]:
    """What all doubles of an op say, where it is something else than the op's own module.

    ``where`` holds numbers in ``paths``. The widest surroundings that the op shares with two
    others at least decide; likeness of the nearest neighbours alone says too little.
    """
    forms = paths.patterns()[where]
    found: dict[int, Doubles] = {}
    undecided = np.ones(len(where), np.bool_)
    for group in structure_of(flat).prints[:0:-1]:
        large = np.bincount(group) > _WITNESSES
        keys, own, counts = np.unique(group << 32 | forms, return_inverse=True, return_counts=True)
        # Of two forms, one of a single op: all others say the same.
        apart = large & (np.bincount(keys >> 32, minlength=len(large)) == 2)
        alone = np.flatnonzero(undecided & apart[group] & (counts[own] == 1))
        if alone.size:
            members, starts = np.argsort(group, kind="stable"), starts_of(group, len(large))
            for at in alone.tolist():
                first, end = starts[group[at]], starts[group[at] + 1]
                some = members[first : min(first + _MOST_NAMED + 1, end)].tolist()
                named = tuple([one for one in some if one != at][:_MOST_NAMED])
                found[at] = Doubles(pattern(paths.names[where[named[0]]]), named)
        undecided &= ~large[group]
    return found


def find_testimony(flat: FlatGraph, anatomy: Anatomy, bounds: Bounds) -> Testimony:
    """What doubles say of undeclared ops; ``bounds`` are of what is declared."""
    nobody = np.zeros(0, np.int64)
    undeclared = np.flatnonzero(anatomy.home < 0)
    if not undeclared.size or not anatomy.has_lists:
        return Testimony(nobody, nobody, nobody.reshape(0, _MOST_NAMED))
    around = _Around(anatomy)
    ends = [
        np.where(end.ops >= 0, anatomy.home[end.ops], ROOT)
        for end in (bounds.before(undeclared), bounds.after(undeclared))
    ]
    declared = np.flatnonzero(anatomy.home >= 0)
    found: list[Testimony] = []
    for steps, group in enumerate(reversed(structure_of(flat).prints)):
        votes = _Votes(anatomy, declared, group, undeclared)
        place = votes.place[group[undeclared]]
        asked = np.flatnonzero(place >= 0)
        # Only the widest surroundings can tell parts of a block apart by their index.
        fitting = around.fitting(
            votes, place[asked], ends[0][asked], ends[1][asked], by_index=steps == 0
        )
        fits = asked[fitting >= 0]
        found.append(Testimony(undeclared[fits], fitting[fitting >= 0], votes.some[place[fits]]))
        left = np.ones(len(undeclared), np.bool_)
        left[fits] = False
        undeclared, ends = undeclared[left], [end[left] for end in ends]
    return Testimony(*map(np.concatenate, zip(*found, strict=True)))


class _Votes:
    """What the doubles of each group say whose modules agree but for the index of their block.

    ``place`` maps the number of a group to its row in the other tables, -1 where its members do not
    agree. A row of ``forms`` has the steps of a path, ``#`` for any index, and -1 after its last;
    ``lengths`` counts them, and ``last_any`` is the place of the last ``#``, -1 if there is none.
    ``some`` are a few of the doubles, -1 after the last.
    """

    def __init__(self, anatomy: Anatomy, declared: Ints, group: Ints, undeclared: Ints) -> None:
        asked = np.zeros(int(group.max()) + 1, np.bool_)
        asked[group[undeclared]] = True
        mine = declared[asked[group[declared]]]
        mine = mine[np.argsort(group[mine], kind="stable")]
        groups, first, counts = np.unique(group[mine], return_index=True, return_counts=True)
        patterns = anatomy.patterns[anatomy.home[mine]]
        if groups.size:
            same = np.minimum.reduceat(patterns, first) == np.maximum.reduceat(patterns, first)
            # What is recorded of the root says nothing of where a block is.
            kept = same & (counts >= _WITNESSES) & (anatomy.home[mine[first]] != ROOT)
            groups, first, counts = groups[kept], first[kept], counts[kept]
        self.place = np.full(len(asked), -1, np.int64)
        self.place[groups] = np.arange(len(groups))
        offsets = np.arange(_MOST_NAMED)
        nearby = mine[np.minimum(first[:, None] + offsets, len(mine) - 1)]
        self.some = np.where(offsets < counts[:, None], nearby, -1)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if ends.size else 0
        homes = anatomy.home[mine[np.arange(total) + np.repeat(first - (ends - counts), counts)]]
        self.lengths = anatomy.paths.depths[anatomy.home[mine[first]]]
        self.forms = np.full((len(groups), int(self.lengths.max(initial=0))), -1, np.int64)
        for begin, end in _stretches(counts, max(1, _CELLS // max(1, self.forms.shape[1]))):
            start = ends[begin] - counts[begin]
            table = anatomy.paths.rows(homes[start : ends[end - 1]], -1)
            starts = ends[begin:end] - counts[begin:end] - start
            least, most = np.minimum.reduceat(table, starts), np.maximum.reduceat(table, starts)
            self.forms[begin:end, : table.shape[1]] = np.where(least == most, least, HASH)
        self._loosen(anatomy.decimal)

    def _loosen(self, decimal: Mask) -> None:
        """Leave out the indices that say where the block is.

        Outside of the blocks that the doubles come from, indices say where
        those blocks are; inside, they say which part of the block it is::

            stage.3.block.1.conv.0  stage.3.block.4.conv.0     stage.#.block.#.conv.0
        """
        forms = self.forms
        places = np.arange(forms.shape[1])
        free = forms == HASH
        index = free | decimal[forms]
        if forms.size:
            first = np.where(free.any(1), free.argmax(1), index.argmax(1))
            forms[index & (places <= first[:, None])] = HASH
        self.last_any = np.where(forms == HASH, places, -1).max(1, initial=-1)


def _stretches(counts: Ints, most: int) -> Iterator[tuple[int, int]]:
    """Neighbouring groups that have about so many members, or one group that has more."""
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + most, "right")))
        yield begin, end
        begin = end


class _Around:
    """What is open around an op, and what is known to run elsewhere."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy, self._paths = anatomy, anatomy.paths
        self._is_inhabited = np.zeros(len(anatomy.paths), np.bool_)
        here = np.unique(anatomy.home[anatomy.home >= 0])
        while here.size:
            self._is_inhabited[here] = True
            here = np.unique(anatomy.above[here])
            here = here[~self._is_inhabited[here]]

    @cached_property
    def _inhabited(self) -> frozenset[str]:
        return frozenset(self._paths.names[one] for one in np.flatnonzero(self._is_inhabited))

    @cached_property
    def _last(self) -> dict[str, int]:
        """List → the last index of its members."""
        found: dict[str, int] = {}
        seen = {""}
        for module in self._anatomy.modules:
            here = module
            while here not in seen:
                seen.add(here)
                members, _, index = here.rpartition(".")
                if index.isdecimal():
                    found[members] = max(found.get(members, 0), int(index))
                here = members
        return found

    def fitting(
        self, votes: _Votes, place: Ints, ones: Ints, others: Ints, *, by_index: bool
    ) -> Ints:
        """For each op the one module around it that has the wanted form, -1 if there is none.

        ``place`` is the row of the form, and the ops stand between ``ones`` and ``others``.
        Unless ``by_index``, modules around them that differ in nothing but
        their indices are not told apart.
        """
        if not place.size:
            return place
        order = np.lexsort((others, ones, place))
        keys = np.stack((place, ones, others))[:, order]
        new = np.concatenate((np.ones(1, np.bool_), (keys[:, 1:] != keys[:, :-1]).any(0)))
        keys = keys[:, new]
        width = votes.forms.shape[1] + 2 * int(self._paths.depths[keys[1:]].max())
        rows = max(1, _CELLS // max(1, width))
        found = [
            self._find(votes, *keys[:, begin : begin + rows], by_index=by_index)
            for begin in range(0, keys.shape[1], rows)
        ]
        result = np.empty_like(place)
        result[order] = np.concatenate(found)[np.cumsum(new) - 1]
        return result

    def _find(
        self, votes: _Votes, place: Ints, ones: Ints, others: Ints, *, by_index: bool
    ) -> Ints:
        paths, decimal = self._paths, self._anatomy.decimal
        forms, lengths = votes.forms[place], votes.lengths[place]
        ends = (ones, others)
        tables = [paths.rows(end, -2) for end in ends]
        known = [_agreeing(forms, table, decimal) for table in tables]
        bound = _agreeing(_padded(tables[0], -1), tables[1], decimal)
        shared = paths.depths[paths.common(ones, others)]
        valid = [
            # What was open at both ends was open here. An index that only other
            # blocks have says nothing of this one.
            (far >= bound) & (votes.last_any[place] < far) & self._is_free(end, forms, lengths, far)
            for end, far in zip(ends, known, strict=True)
        ]
        valid[1] &= ones != others
        if not by_index:
            alike = [_alike(forms, lengths, table, decimal) for table in tables]
            told_apart = alike[0] & alike[1] & (shared < lengths)
            valid = [one & ~told_apart for one in valid]
        same = shared >= np.minimum(*known)
        chosen = np.where(valid[0], ones, others)
        depth = np.where(valid[0], known[0], known[1])
        fits = (valid[0] ^ valid[1]) | (valid[0] & valid[1] & same)
        result = np.full(len(place), -1, np.int64)
        at = np.flatnonzero(fits)
        if not at.size:
            return result
        lines = paths.rows(paths.lifted(chosen[at], depth[at]), -1)
        lines = np.where(
            np.arange(forms.shape[1]) < depth[at][:, None],
            _widened(lines, forms.shape[1]),
            forms[at],
        )
        turns = self._in_turn(forms[at], lines, [table[at] for table in tables])
        result[at[turns]] = self._numbered(
            chosen[at[turns]], depth[at[turns]], lines[turns], lengths[at[turns]]
        )
        return result

    def _is_free(self, ends: Ints, forms: Ints, lengths: Ints, known: Ints) -> Mask:
        """Whether nothing runs in what a form leads to from where it leaves an end's path.

        A module that runs elsewhere was not open here, and so was nothing in it.
        """
        free = np.ones(len(ends), np.bool_)
        for at, here, _ in self._descended(self._paths.lifted(ends, known), forms, lengths, known):
            # Paths that are younger than this are those of modules that doubles showed.
            free[
                at[(here < len(self._is_inhabited)) & self._is_inhabited.take(here, mode="clip")]
            ] = False
        return free

    def _descended(
        self, here: Ints, forms: Ints, lengths: Ints, depths: Ints
    ) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Where forms lead to from paths at a depth, step by step, as far as there are paths.

        Each step has the rows that go on, where they are, and the depth there.
        """
        at = np.flatnonzero(depths < lengths)
        here, depths = here[at], depths[at]
        while at.size:
            down = self._paths.children(here, forms[at, depths])
            there = down >= 0
            at, here, depths = at[there], down[there], depths[there] + 1
            if at.size:
                yield at, here, depths
            going = depths < lengths[at]
            at, here, depths = at[going], here[going], depths[going]

    def _numbered(self, ends: Ints, depths: Ints, lines: Ints, lengths: Ints) -> Ints:
        """The numbers of paths that follow an end down to a depth, and then the steps of a line."""
        paths = self._paths
        found, reached = paths.lifted(ends, depths), depths.copy()
        for at, here, depth in self._descended(found, lines, lengths, depths):
            found[at], reached[at] = here, depth
        names = paths.step_names()
        for place in np.flatnonzero(reached < lengths).tolist():
            steps = [names[step] for step in lines[place, reached[place] : lengths[place]].tolist()]
            above = paths.names[found[place]]
            found[place] = paths.number(".".join((above, *steps) if above else steps))
        return found

    def _in_turn(self, forms: Ints, lines: Ints, tables: Sequence[Ints]) -> Mask:
        """Whether no other member of a list could have run here; lists run in order::

        before  layers.1.fc     after  layers.3.conv     layers.2.# fits, layers.4.# does not
        """
        decimal, width = self._anatomy.decimal, lines.shape[1]
        index = decimal[lines]
        number = self._anatomy.step_values
        firsts, lasts = (
            np.where(
                (_agreeing(lines, table, decimal)[:, None] >= np.arange(width))
                & decimal[_widened(table, width)],
                _widened(table, width),
                -1,
            )
            for table in tables
        )
        own = number[lines]
        wrong = ((firsts >= 0) & (own < number[firsts])) | ((lasts >= 0) & (own > number[lasts]))
        fits = np.logical_not((index & wrong).any(axis=1))
        settled = (forms != HASH) | (
            (firsts >= 0) & (lasts >= 0) & (own == number[firsts]) & (own == number[lasts])
        )
        names = self._paths.step_names()
        for place in np.flatnonzero(fits & (index & ~settled).any(1)).tolist():
            steps = [names[step] for step in lines[place].tolist() if step >= 0]
            for at in np.flatnonzero(index[place] & ~settled[place]).tolist():
                ends = [
                    int(names[end[place, at]]) if end[place, at] >= 0 else None
                    for end in (firsts, lasts)
                ]
                if not self._is_only_one(steps, at, *ends):
                    fits[place] = False
                    break
        return fits

    def _is_only_one(self, steps: list[str], at: int, first: int | None, last: int | None) -> bool:
        """Whether something runs in all members of a list that may come here, but for one."""
        index = int(steps[at])
        if last is None:
            last = self._last.get(".".join(steps[:at]), 0)
        if last - (first or 0) > len(self._inhabited):  # there are more numbers than members
            return False
        return all(
            ".".join((*steps[:at], str(other), *steps[at + 1 :])) in self._inhabited
            for other in range(first or 0, last + 1)
            if other != index
        )


def _agreeing(forms: Ints, table: Ints, decimal: Mask) -> Ints:
    """How many leading steps of a path a form stands for."""
    width = min(forms.shape[1], table.shape[1])
    forms, table = forms[:, :width], table[:, :width]
    same = (forms == table) | ((forms == HASH) & decimal[table])
    counts: Ints = np.logical_and.accumulate(same, axis=1).sum(1)
    return counts


def _alike(forms: Ints, lengths: Ints, table: Ints, decimal: Mask) -> Mask:
    """Whether a path begins like a form, but for any index."""
    table = _widened(table, forms.shape[1])
    fits = (forms == table) | (decimal[table] & ((forms == HASH) | decimal[forms]))
    alike: Mask = (fits | (np.arange(forms.shape[1]) >= lengths[:, None])).all(1)
    return alike


def _padded(table: Ints, filler: int) -> Ints:
    """A table of paths with another filler."""
    return np.where(table < 0, filler, table)


def _widened(table: Ints, width: int) -> Ints:
    """A table of paths with so many columns."""
    more = width - table.shape[1]
    if more <= 0:
        return table[:, :width]
    return np.pad(table, ((0, 0), (0, more)), constant_values=-2)
