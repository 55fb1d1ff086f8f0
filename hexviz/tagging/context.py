"""What an auxiliary op serves: the module where the nearest primary ops it feeds meet.

::

    Shape → Gather → Concat → Reshape → MatMul (attention.self)
                        ↑        └────→ Add    (attention.output)
                     Constant

MatMul and Add are the nearest primary ops downstream of all five; they meet in
``attention``, which is therefore the context of each of them. Where nothing
primary is downstream, those upstream decide; the root is the answer only
where there is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.edges import Links
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Context

__all__ = ["Contexts", "find_contexts"]

_CHAIN = 32  # steps of a chain that are kept as evidence
_USERS = 256  # users' modules from which on no more are added: lists nobody reads cost memory


class Contexts(Sequence[Context | None]):
    """The context of each op by position, ``None`` for primary ones: made when looked at.

    ``served`` are numbers of modules in ``fqns``, -1 for primary ops. An op that ``up`` reaches
    has its context from what feeds it, as nothing primary is downstream of it.
    """

    def __init__(
        self,
        ids: Sequence[str],
        fqns: Sequence[str],
        tags: Sequence[str],
        modules: Sequence[int],
        served: Ints,
        reaches: tuple[_Reach, _Reach | None],
    ) -> None:
        self.served = served
        self._ids = ids
        self._fqns = fqns
        self._tags = tags
        self._modules = modules
        self._down, self._up = reaches

    @overload
    def __getitem__(self, at: int) -> Context | None: ...
    @overload
    def __getitem__(self, at: slice) -> list[Context | None]: ...
    def __getitem__(self, at: int | slice) -> Context | list[Context | None] | None:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        served = int(self.served[at])
        if served < 0:
            return None
        reach, rule = self._down, "consumers"
        if reach.reached[at] < 0 and self._up is not None:
            reach, rule = self._up, "producers"
        if reach.reached[at] < 0:
            return Context(self._fqns[served], self._tags[served], "root")
        users = sorted(reach.users(at), key=self._first_op.__getitem__)
        chain = tuple([self._ids[one] for one in reach.chain(at)])
        fqns = self._fqns
        return Context(
            fqns[served], self._tags[served], rule, chain, tuple([fqns[one] for one in users])
        )

    def __iter__(self) -> Iterator[Context | None]:
        return map(self.__getitem__, range(len(self)))

    def __len__(self) -> int:
        return len(self.served)

    @cached_property
    def _first_op(self) -> dict[int, int]:
        """Number of a module → position of its first op."""
        return {module: at for at, module in reversed(list(enumerate(self._modules)))}


def find_contexts(
    flat: FlatGraph,
    ids: Sequence[str],
    modules: Sequence[int],
    auxiliary: Sequence[int],
    fqns: Sequence[str],
    tags: Sequence[str],
) -> Contexts:
    """The contexts of the ops at the positions ``auxiliary``, which are in order.

    ``modules`` are the numbers of all ops' modules in ``fqns``, the modules of the tree, whose
    tags are ``tags``.
    """
    meetings = _Meetings(fqns)
    down = _Reach(modules, auxiliary, meetings)
    down.sweep(reversed(auxiliary), *_listed(flat.links_down))
    up = None
    unreached = [at for at in auxiliary if down.reached[at] < 0]
    if unreached:  # few ops need it
        up = _Reach(modules, auxiliary, meetings)
        starts, sources = _listed(flat.links_up)
        up.sweep(_upstream(unreached, up.reached, starts, sources), starts, sources)
    homes = np.array([*meetings.homes, 0], np.int64)  # -1: nothing primary anywhere, so the root
    served = homes[np.array(down.reached, np.int64)]
    if up is not None:
        served[unreached] = homes[[up.reached[at] for at in unreached]]
    primary = np.ones(len(modules), bool)
    primary[auxiliary] = False
    served[primary] = -1
    return Contexts(ids, fqns, tags, modules, served, (down, up))


def _listed(links: Links) -> tuple[list[int], list[int]]:
    """The same as lists, of which one number at a time is faster to get."""
    return links.starts.tolist(), links.others.tolist()


def _upstream(
    unreached: Sequence[int], reached: Sequence[int], starts: Sequence[int], sources: Sequence[int]
) -> list[int]:
    """These positions and all that lead to them through auxiliary ops alone, in order."""
    found = set(unreached)
    pending = list(unreached)
    while pending:
        at = pending.pop()
        for near in sources[starts[at] : starts[at + 1]]:
            if reached[near] < 0 and near not in found:
                found.add(near)
                pending.append(near)
    return sorted(found)


class _Meetings:
    """Sets of modules that ops reach, and where each of them meets; each has a number.

    The first are those of a single module, in the order of the modules. ``homes`` are the numbers
    of the nearest modules of the tree around where they meet.
    """

    def __init__(self, fqns: Sequence[str]) -> None:
        self._fqns = fqns
        self._several: list[tuple[frozenset[int], str]] = []
        self._known: dict[tuple[frozenset[int], str], int] = {}
        self._joined: dict[tuple[int, ...], int] = {}
        self.homes = list(range(len(fqns)))

    def users(self, number: int) -> frozenset[int]:
        """The modules of such a set, as numbers."""
        single = number < len(self._fqns)
        return frozenset((number,)) if single else self._several[number - len(self._fqns)][0]

    def join(self, numbers: tuple[int, ...]) -> int:
        """The set of what is reached in several ways; users are added up to some hundreds."""
        known = self._joined.get(numbers)
        if known is None:
            first, *others = numbers
            users, path = self.users(first), self._path(first)
            for other in others:
                more = self.users(other)
                if users <= more:
                    users = more
                elif len(users) < _USERS:
                    users |= more
                path = names.common_ancestor(path, self._path(other))
            known = self._known.get((users, path))
            if known is None:
                known = self._known[users, path] = len(self.homes)
                self._several.append((users, path))
                self.homes.append(self._home(path))
            self._joined[numbers] = known
        return known

    def _path(self, number: int) -> str:
        single = number < len(self._fqns)
        return self._fqns[number] if single else self._several[number - len(self._fqns)][1]

    def _home(self, path: str) -> int:
        # Where modules meet may be a container that is no module of the tree.
        while path not in self._numbers:
            path = names.parent(path)
        return self._numbers[path]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {fqn: at for at, fqn in enumerate(self._fqns)}


class _Reach:
    """One sweep in one direction: whom each op reaches through auxiliary ops alone.

    ``reached`` are numbers of :class:`_Meetings`, -1 for nobody.
    """

    def __init__(
        self, modules: Sequence[int], auxiliary: Iterable[int], meetings: _Meetings
    ) -> None:
        self._meetings = meetings
        self.reached = list(modules)
        for at in auxiliary:
            self.reached[at] = -1
        self._step = [-1] * len(modules)
        self._last = [-1] * len(modules)

    def sweep(self, order: Iterable[int], starts: Sequence[int], others: Sequence[int]) -> None:
        """Go through auxiliary ops, the nearest to what they reach first.

        The neighbours of each are those of :class:`~hexviz.model.edges.Links`, as lists.
        """
        reached, step, last = self.reached, self._step, self._last
        distance = [0] * len(reached)
        for at in order:
            first, end = starts[at], starts[at + 1]
            if end - first == 1:
                best = others[first]
                found = reached[best]
                if found < 0:
                    continue
            else:
                several: dict[int, None] = {}
                best = -1
                for one in others[first:end]:
                    found = reached[one]
                    if found >= 0:
                        several[found] = None
                        if best < 0 or distance[one] < distance[best]:
                            best = one
                if best < 0:
                    continue
                found = (
                    next(iter(several))
                    if len(several) == 1
                    else self._meetings.join(tuple(several))
                )
            reached[at] = found
            step[at] = best
            distance[at] = distance[best] + 1
            furthest = last[best]
            last[at] = best if furthest < 0 else furthest

    def users(self, at: int) -> frozenset[int]:
        """The modules that an op reaches, as numbers."""
        return self._meetings.users(self.reached[at])

    def chain(self, at: int) -> tuple[int, ...]:
        """The ops from ``at``'s neighbour to the nearest primary op, long ones without a middle."""
        result: list[int] = []
        last = self._last[at]
        while len(result) < _CHAIN - 1 and (at := self._step[at]) != last:
            result.append(at)
        return (*result, last)
