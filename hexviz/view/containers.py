"""The boxes a graph is drawn in: modules, stacks of equal ones, calls, and sections.

::

    bert                 a module whose only content is another one shares its box:
    └─ encoder           "BertEncoder / BertLayer ×12" is the box of `encoder`
       ├─ layer.0 ─┐     and of the stack of its twelve layers
       ├─ …        ├ ×12
       └─ layer.11 ┘

The ops are numbered so that every module and every call holds one run of
*slots*; neither stacks nor sections change that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hexviz.model.graph import TaggedGraph
from hexviz.view.calls import CallGroup
from hexviz.view.repeats import Anatomy, Span, runs
from hexviz.view.sections import Member, Part, Run, Section, split

__all__ = ["Contained", "Container", "contain"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Container:
    """A module, a call, a section of one or a stack of equal modules, with what lies in it.

    ``key`` is the FQN, ``FQN!NAME`` for a call, ``KEY@first-last`` (1-based) for a section of
    KEY, or ``FQN~count`` for a stack, after its first member. ``module`` is the FQN
    its own ops belong to: of a stack, the module around it. ``face`` is the
    FQN whose colours it bears: of a stack, its first member. ``items`` are in
    execution order: the keys of child containers, and ops as positions in
    ``graph.ops``. Its ops, at any depth, are the slots ``low`` to ``high``.
    ``label`` is the title of its box. ``members`` are the keys of a stack's
    equal containers, of which the first stands for all.
    """

    key: str
    module: str
    face: str
    parent: str | None
    depth: int
    items: tuple[str | int, ...]
    low: int
    high: int
    label: str
    is_section: bool = False
    is_call: bool = False
    members: tuple[str, ...] = ()

    @property
    def is_module(self) -> bool:
        """Whether it is the box of a module or of a stack of them."""
        return not (self.is_section or self.is_call)

    @property
    def count(self) -> int:
        """Number of ops in it, at any depth."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Contained:
    """All containers by key, parents first; the container of each position; slots and positions.

    ``hosts`` leads from a module without a box of its own to the key of the
    box it shares.
    """

    containers: Mapping[str, Container]
    hosts: Mapping[str, str]
    home: tuple[str, ...]
    op_at: Ints
    slot_of: Ints


@dataclass(slots=True)
class _Draft:
    """A container before its items are known; ``content`` is not yet split into sections.

    ``base`` starts the keys of its sections, ``first`` is the number of the
    first of its content. ``stack`` are the FQNs of equal siblings.
    """

    key: str
    module: str
    face: str
    parent: str | None
    depth: int
    label: str
    content: Sequence[Part]
    span: Span
    base: str
    first: int = 1
    is_section: bool = False
    is_call: bool = False
    stack: tuple[str, ...] = ()
    items: tuple[str | int, ...] = ()


def contain(
    graph: TaggedGraph,
    modules: Sequence[str],
    calls: Mapping[int, CallGroup],
    small: AbstractSet[int],
    section: int,
) -> Contained:
    """Put every op in its box; linear in the graph.

    ``modules`` is the module of each position, ``calls`` the call around it, if there is one,
    ``small`` the positions drawn as mere dots, ``section`` the most direct children of a container.
    """
    members = _members(graph, modules, calls)
    op_at, spans = _slots(members)
    slot_of = np.empty(len(op_at), dtype=np.int64)
    slot_of[op_at] = np.arange(len(op_at))
    facts = Anatomy(graph, modules, op_at, spans)
    work = _Work(graph, members, facts, slot_of, small, section)
    containers = work.run()
    return Contained(containers, work.hosts, tuple(work.home), op_at, slot_of)


def _members(
    graph: TaggedGraph, modules: Sequence[str], calls: Mapping[int, CallGroup]
) -> dict[str, list[Member]]:
    """Direct children per module with ops below, in the order of their first op."""
    members: dict[str, list[Member]] = {"": []}
    placed: set[str] = set()
    for position, fqn in enumerate(modules):
        if fqn not in members:
            # The first op of a branch places all modules on the way down to it.
            below: str = fqn
            members[below] = []
            while (parent := graph.modules[below].parent) is not None:
                known = parent in members
                members.setdefault(parent, []).append(below)
                if known:
                    break
                below = parent
        call = calls.get(position)
        if call is None:
            members[fqn].append(position)
        elif call.key not in placed:
            placed.add(call.key)
            members[fqn].append(call)
    return members


def _slots(members: Mapping[str, Sequence[Member]]) -> tuple[Ints, dict[str, Span]]:
    """The position of each slot, and the slots of each module and call: depth first, on a stack."""
    op_at: list[int] = []
    begun: dict[str, int] = {}
    spans: dict[str, Span] = {}
    work: list[Member] = [""]
    while work:
        step = work.pop()
        if isinstance(step, int):
            op_at.append(step)
            continue
        key = step if isinstance(step, str) else step.key
        if key not in begun:
            begun[key] = len(op_at)
            work.append(step)  # met again once all below has its slots
            work.extend(reversed(members[step] if isinstance(step, str) else step.members))
        else:
            spans[key] = (begun[key], len(op_at))
    return np.array(op_at, dtype=np.int64), spans


class _Work:
    """One run of :func:`contain`."""

    def __init__(
        self,
        graph: TaggedGraph,
        members: Mapping[str, Sequence[Member]],
        facts: Anatomy,
        slot_of: Ints,
        small: AbstractSet[int],
        section: int,
    ) -> None:
        self.graph = graph
        self.members = members
        self.facts = facts
        self.slot_of = slot_of
        self.small = small
        self.section = section
        self.grouped: dict[str, list[Part]] = {}
        self.hosts: dict[str, str] = {}
        self.home = [""] * len(graph.ops)

    def run(self) -> dict[str, Container]:
        """Work from the root downwards."""
        drafts: list[_Draft] = []
        work = [self._draft("", None)]
        while work:
            draft = work.pop()
            drafts.append(draft)
            parts = self._parts(draft)
            draft.items = tuple(part if isinstance(part, int) else part.key for part in parts)
            for part in parts:
                if isinstance(part, int):
                    self.home[part] = draft.key
            work.extend(part for part in reversed(parts) if isinstance(part, _Draft))
        return {
            draft.key: Container(
                key=draft.key,
                module=draft.module,
                face=draft.face,
                parent=draft.parent,
                depth=draft.depth,
                items=draft.items,
                low=draft.span[0],
                high=draft.span[1],
                label=draft.label,
                is_section=draft.is_section,
                is_call=draft.is_call,
                members=tuple(self.hosts.get(fqn, fqn) for fqn in draft.stack),
            )
            for draft in drafts
        }

    def _parts(self, draft: _Draft) -> list[_Draft | int]:
        """What lies directly in a container: ops, boxes and sections."""
        parts: list[_Draft | int] = []
        for part in split(draft.content, first=draft.first, folded=self.small, limit=self.section):
            if isinstance(part, int):
                parts.append(part)
            elif isinstance(part, Section):
                parts.append(self._section(draft, part))
            elif isinstance(part, CallGroup):
                parts.append(self._call(draft, part))
            else:
                parts.append(self._draft(part, draft))
        return parts

    def _section(self, around: _Draft, part: Section) -> _Draft:
        return _Draft(
            key=f"{around.base}@{part.first}-{part.last}",
            module=around.module,
            face=around.face,
            parent=around.key,
            depth=around.depth + 1,
            label=part.label,
            content=part.members,
            span=(self._span(part.members[0])[0], self._span(part.members[-1])[1]),
            base=around.base,
            first=part.first,
            is_section=True,
        )

    def _call(self, around: _Draft, call: CallGroup) -> _Draft:
        return _Draft(
            key=call.key,
            module=call.module,
            face=call.module,
            parent=around.key,
            depth=around.depth + 1,
            label=call.label,
            content=call.members,
            span=self._span(call),
            base=call.key,
            is_call=True,
        )

    def _draft(self, start: str | Run, around: _Draft | None) -> _Draft:
        """A box for a module or a run, and for what is alone in it, as long as that goes on."""
        chain: list[str] = []
        step: Part = start
        while isinstance(step, str):
            chain.append(step)
            content = self._content(step)
            if step == "" or len(content) != 1 or isinstance(content[0], int | CallGroup):
                break
            step = content[0]
        labels = [self.graph.modules[fqn].label for fqn in chain]
        if isinstance(step, Run):
            face, stack, content = step.members[0], step.members, step.members
            key = f"{face}~{len(stack)}"
            module = chain[-1] if chain else around.module if around else ""
            labels.append(f"{_kind(self.graph, face)} ×{len(stack)}")
        else:
            key = module = face = chain[-1]
            stack = ()
        self.hosts.update((fqn, key) for fqn in chain if fqn != key)
        return _Draft(
            key=key,
            module=module,
            face=face,
            parent=around.key if around else None,
            depth=around.depth + 1 if around else 0,
            label=" / ".join(labels),
            content=content,
            span=self._span(step),
            base=key,
            stack=stack,
        )

    def _content(self, fqn: str) -> Sequence[Part]:
        """What lies directly in a module, with its equal siblings together.

        A call that is all there is needs no box: the module's own says as much.
        """
        found = self.grouped.get(fqn)
        if found is None:
            members = self.members[fqn]
            if len(members) == 1 and isinstance(members[0], CallGroup):
                members = members[0].members
            found = self.grouped[fqn] = runs(members, self.facts)
        return found

    def _span(self, part: Part) -> Span:
        if isinstance(part, int):
            slot = int(self.slot_of[part])
            return slot, slot + 1
        if isinstance(part, Run):
            return self.facts.spans[part.members[0]][0], self.facts.spans[part.members[-1]][1]
        return self.facts.spans[part.key if isinstance(part, CallGroup) else part]


def _kind(graph: TaggedGraph, fqn: str) -> str:
    """What equal siblings are called together: their class or, unknown, their common name."""
    module = graph.modules[fqn]
    return module.class_name or module.label.rstrip("0123456789._") or module.label
