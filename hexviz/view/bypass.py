"""Bridging hidden ops so that no connection is lost.

::

    a → (h1) → (h2) → b          a ╌╌via 2╌╌> b
          └──→ (h3) → c     ⇒    a ╌╌via 2╌╌> c

Hidden ops are swept once in each direction with a set of bits per op: which
visible nodes reach it, which it reaches. Where a connected region of hidden
ops would turn m sources and n targets into many more than m + n lines, one
node stands for the region instead::

    a ─┐    ┌─ d            a ╲       ╱ d
    b ─(hidden)─ e    ⇒     b ─ hub ─── e
    c ─┘    └─ f            c ╱       ╲ f
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hexviz.view.index import Index

__all__ = ["HUB", "Bypass", "Link", "Region", "bridge"]

Ints = npt.NDArray[np.int64]

HUB = -2
"""In a :class:`Link`, hub number k is written ``HUB - k``."""

_TANGLED = 10


@dataclass(frozen=True, slots=True)
class Link:
    """A bridged connection between visible nodes (or hubs) via ``via`` hidden ops.

    ``values`` are the positions in ``Index.values`` of what enters at its
    target's side.
    """

    source: int
    target: int
    via: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A connected region of hidden ops drawn as one node; ``touched`` are its neighbours."""

    name: str
    n_ops: int
    touched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bypass:
    """All bridges of a scene; ``hubs`` are referred to by links as ``HUB - position``."""

    links: tuple[Link, ...]
    hubs: tuple[Region, ...]


@dataclass(slots=True)
class _Part:
    """The edges of one connected region of hidden ops."""

    entering: list[tuple[int, int]]
    inside: list[tuple[int, int]]
    leaving: list[tuple[int, int, int]]
    ops: set[int]


def bridge(source: Ints, target: Ints, value: Ints, owner: Ints, index: Index) -> Bypass:
    """Bridge the hidden ops.

    ``source``, ``target``, ``value`` are the edges with at least one hidden
    end, as in :class:`Index`; ``owner`` gives the visible node of each slot,
    -1 if hidden.
    """
    links: list[Link] = []
    hubs: list[Region] = []
    for part in _regions(source, target, value, owner):
        sources = sorted({visible for visible, _ in part.entering})
        targets = sorted({visible for _, visible, _ in part.leaving})
        if not sources or not targets:
            continue
        found = _pairs(part, sources, targets, _ranks(index, part.ops))
        if len(found) > len(sources) + len(targets) + _TANGLED:
            hub = HUB - len(hubs)
            first = min(part.ops, key=lambda slot: int(index.op_at[slot]))
            name = index.graph.ops[int(index.op_at[first])].id
            links.extend(Link(at, hub, len(part.ops), ()) for at in sources)
            links.extend(Link(hub, at, len(part.ops), _entering_values(part, at)) for at in targets)
            hubs.append(Region(name, len(part.ops), tuple(dict.fromkeys(sources + targets))))
        else:
            links.extend(
                Link(start, end, via, _entering_values(part, end))
                for (start, end), via in found.items()
            )
    return Bypass(_merged(links), tuple(hubs))


def _merged(links: list[Link]) -> tuple[Link, ...]:
    """One link per pair: two regions may connect the same nodes."""
    pairs: dict[tuple[int, int], Link] = {}
    for link in links:
        known = pairs.get((link.source, link.target))
        if known is not None:
            values = tuple(dict.fromkeys(known.values + link.values))
            link = Link(link.source, link.target, known.via + link.via, values)  # noqa: PLW2901
        pairs[link.source, link.target] = link
    return tuple(pairs.values())


def _entering_values(part: _Part, visible: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(value for _, end, value in part.leaving if end == visible))


def _ranks(index: Index, slots: set[int]) -> list[int]:
    """The slots in a topological order of the graph."""
    order = index.topological
    return sorted(slots, key=lambda slot: int(order[slot]))


def _regions(source: Ints, target: Ints, value: Ints, owner: Ints) -> list[_Part]:
    leader: dict[int, int] = {}

    def find(slot: int) -> int:
        root = slot
        while (above := leader.setdefault(root, root)) != root:
            root = above
        while leader[slot] != root:
            leader[slot], slot = root, leader[slot]
        return root

    edges = list(
        zip(
            source.tolist(),
            target.tolist(),
            value.tolist(),
            owner[source].tolist(),
            owner[target].tolist(),
            strict=True,
        )
    )
    for start, end, _, start_owner, end_owner in edges:
        if start_owner < 0 and end_owner < 0:
            leader[find(end)] = find(start)
    parts: dict[int, _Part] = {}
    for start, end, name, start_owner, end_owner in edges:
        hidden = start if start_owner < 0 else end
        part = parts.setdefault(find(hidden), _Part([], [], [], set()))
        if start_owner >= 0:
            part.entering.append((start_owner, end))
            part.ops.add(end)
        elif end_owner >= 0:
            part.leaving.append((start, end_owner, name))
            part.ops.add(start)
        else:
            part.inside.append((start, end))
            part.ops.update((start, end))
    return list(parts.values())


def _pairs(
    part: _Part, sources: list[int], targets: list[int], order: list[int]
) -> dict[tuple[int, int], int]:
    """Visible pairs connected through the region → number of hidden ops on such paths."""
    source_bit = {node: 1 << at for at, node in enumerate(sources)}
    target_bit = {node: 1 << at for at, node in enumerate(targets)}
    before = dict.fromkeys(order, 0)
    after = dict.fromkeys(order, 0)
    successors: dict[int, list[int]] = {}
    for start, end in part.inside:
        successors.setdefault(start, []).append(end)
    for visible, slot in part.entering:
        before[slot] |= source_bit[visible]
    for slot, visible, _ in part.leaving:
        after[slot] |= target_bit[visible]
    for slot in order:
        for following in successors.get(slot, ()):
            before[following] |= before[slot]
    for slot in reversed(order):
        for following in successors.get(slot, ()):
            after[slot] |= after[following]
    kinds = Counter((before[slot], after[slot]) for slot in order)
    found: dict[tuple[int, int], int] = {}
    for (reached_by, reaching), count in kinds.items():
        ends = [node for node in targets if reaching & target_bit[node]]
        for start in sources:
            if reached_by & source_bit[start]:
                for end in ends:
                    if start != end:
                        found[start, end] = found.get((start, end), 0) + count
    return found
