"""The boxes a graph is drawn in: modules, stacks of equal ones, calls, and sections.

::

    bert                 a module whose only content is another one shares its box:
    └─ encoder           "BertEncoder / BertLayer ×12" is the box of `encoder`
       ├─ layer.0 ─┐     and of the stack of its twelve layers
       ├─ …        ├ ×12
       └─ layer.11 ┘

Neither stacks nor sections change the order of the slots. Most boxes of a large model are never
seen, so one is made when somebody asks for it, or for what is in it.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from hexviz.model.cached import cached_property
from hexviz.view.calls import CallGroup
from hexviz.view.repeats import Anatomy, runs
from hexviz.view.sections import Part, Run, Section, split
from hexviz.view.slots import Slots, Span

__all__ = ["Boxes", "Container"]

_DIGITS = 9
"""Of the number of a member, at most: keys come from links, too."""


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


@dataclass(slots=True)
class _Draft:
    """A container before its items are known; ``content`` is not yet split into sections.

    ``base`` starts the keys of its sections, ``first`` is the number of the
    first of its content. ``stack`` are the FQNs of equal siblings, ``guests`` the modules that
    share the box, outermost first. ``made`` is the container once it was opened, ``inner`` are the
    boxes right in it.
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
    guests: tuple[str, ...] = ()
    inner: tuple[_Draft, ...] = ()
    made: Container | None = None


class Boxes(Mapping[str, Container]):
    """All containers by key, parents first; each made when it is asked for.

    ``small`` are the positions drawn as mere dots, ``section`` the most direct children of a
    container. Safe to share between threads.
    """

    def __init__(self, slots: Slots, facts: Anatomy, small: AbstractSet[int], section: int) -> None:
        self._slots = slots
        self._facts = facts
        self._small = small
        self._section = section
        self._made: dict[str, Container] = {}
        self._grouped: dict[str, Sequence[Part]] = {}
        self._making = threading.RLock()
        self._root = self._box("", None)

    def __getitem__(self, key: str) -> Container:
        found = self._made.get(key)
        if found is None:
            with self._making:
                slot = self._slot_in(key)
                if slot is None or self._way(slot, key)[-1].key != key:
                    raise KeyError(key)
                found = self._made[key]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return repr(self._all)

    @cached_property
    def _all(self) -> dict[str, Container]:
        with self._making:
            return {draft.key: self._opened(draft) for draft in self._walk()}

    @cached_property
    def hosts(self) -> Mapping[str, str]:
        """For each module without a box of its own, the key of the box it shares."""
        with self._making:
            drafts = [self._root, *(inner for one in self._walk() for inner in one.inner)]
            return {fqn: one.key for one in drafts for fqn in one.guests if fqn != one.key}

    def host(self, fqn: str) -> str | None:
        """The key of a module's box, which others may share; ``None`` if it has no ops."""
        slot = self._slot_of(fqn) if fqn in self._slots.modules.numbers else None
        if slot is None:
            return None
        with self._making:
            return next((one.key for one in self._way(slot) if fqn in one.guests), None)

    def outermost(self, key: str) -> str:
        """The outermost of the modules that share a box; the key itself, if there are none."""
        slot = self._slot_in(key)
        with self._making:
            guests = () if slot is None else self._way(slot, key)[-1].guests
        return guests[0] if guests else key

    def around_module(self, fqn: str) -> list[Container]:
        """The boxes around the first op of a module, outermost first; none, if it has no ops."""
        slot = self._slot_of(fqn) if fqn in self._slots.modules.numbers else None
        return [] if slot is None else self.around(slot)

    def around(self, slot: int) -> list[Container]:
        """The boxes around a slot, outermost first."""
        with self._making:
            return [self._opened(draft) for draft in self._way(slot)]

    def _walk(self) -> Iterator[_Draft]:
        """All boxes, each followed by what is in it."""
        pending = [self._root]
        while pending:
            draft = pending.pop()
            self._opened(draft)
            yield draft
            pending.extend(reversed(draft.inner))

    def _way(self, slot: int, key: str | None = None) -> list[_Draft]:
        """The boxes around a slot, outermost first; no further than the one with a key."""
        way = [self._root]
        while True:
            draft = way[-1]
            self._opened(draft)
            if draft.key == key:
                return way
            inner = draft.inner
            # They come in the order of their slots.
            at = bisect_right(inner, slot, key=lambda one: one.span[0]) - 1
            if at < 0 or slot >= inner[at].span[1]:
                return way
            way.append(inner[at])

    def _slot_in(self, key: str) -> int | None:
        """A slot of the box that a key would be of."""
        slot = self._slot_of(key)
        if slot is not None:
            return slot
        base, _, members = key.rpartition("@")
        first = members.partition("-")[0]
        slot = self._slot_of(base)
        if slot is None or not first.isdecimal() or len(first) > _DIGITS:
            return None
        draft = self._way(slot, base)[-1]
        at = int(first) - draft.first
        if draft.key != base or not 0 <= at < len(draft.content):
            return None
        return self._span(draft.content[at])[0]

    def _slot_of(self, key: str) -> int | None:
        """A slot of the module, the call or the stack that a key would be of."""
        slots = self._slots
        number = slots.modules.numbers.get(key)
        if number is not None:
            return slots.lows[number] if slots.counts[number] or not key else None
        if key in slots.groups.numbers:
            return slots.group_span(slots.groups[slots.groups.numbers[key]])[0]
        first, _, count = key.rpartition("~")
        number = slots.modules.numbers.get(first) if count.isdecimal() and count != key else None
        return None if number is None else slots.lows[number]

    def _opened(self, draft: _Draft) -> Container:
        """The container of a draft, with its items."""
        if draft.made is not None:
            return draft.made
        items: list[str | int] = []
        inner: list[_Draft] = []
        for part in split(
            draft.content, first=draft.first, folded=self._small, limit=self._section
        ):
            if isinstance(part, int):
                items.append(part)
                continue
            if isinstance(part, Section):
                below = self._part(draft, part)
            elif isinstance(part, CallGroup):
                below = self._call(draft, part)
            else:
                below = self._box(part, draft)
            items.append(below.key)
            inner.append(below)
        draft.inner = tuple(inner)
        found = draft.made = self._made[draft.key] = Container(
            key=draft.key,
            module=draft.module,
            face=draft.face,
            parent=draft.parent,
            depth=draft.depth,
            items=tuple(items),
            low=draft.span[0],
            high=draft.span[1],
            label=draft.label,
            is_section=draft.is_section,
            is_call=draft.is_call,
            members=tuple([self._key(fqn) for fqn in draft.stack]),
        )
        return found

    def _part(self, around: _Draft, part: Section) -> _Draft:
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

    def _box(self, start: str | Run, around: _Draft | None) -> _Draft:
        """A box for a module or a run, and for what is alone in it, as long as that goes on."""
        chain, last, content = self._chain(start)
        modules = self._slots.modules
        labels = [modules.label(fqn) for fqn in chain]
        if isinstance(last, Run):
            face, stack = last.members[0], last.members
            module = chain[-1] if chain else around.module if around else ""
            labels.append(f"{self._kind(face)} ×{len(stack)}")
        else:
            module = face = last
            stack = ()
        key = _key_of(last)
        return _Draft(
            key=key,
            module=module,
            face=face,
            parent=around.key if around else None,
            depth=around.depth + 1 if around else 0,
            label=" / ".join(labels),
            content=content,
            span=self._span(last),
            base=key,
            stack=stack,
            guests=tuple(chain),
        )

    def _key(self, fqn: str) -> str:
        """The key of the box of a module that lies in a stack."""
        return _key_of(self._chain(fqn)[1])

    def _chain(self, start: str | Run) -> tuple[list[str], str | Run, Sequence[Part]]:
        """The modules that share a box, the module or the stack that it is of, and its content."""
        chain: list[str] = []
        step: Part = start
        while isinstance(step, str):
            chain.append(step)
            content = self._content(step)
            if step == "" or len(content) != 1 or isinstance(content[0], int | CallGroup):
                return chain, step, content
            step = content[0]
        assert isinstance(step, Run)  # noqa: S101 - a module has neither ops nor calls there
        return chain, step, step.members

    def _content(self, fqn: str) -> Sequence[Part]:
        """What lies directly in a module, with its equal siblings together.

        A call that is all there is needs no box: the module's own says as much.
        """
        found = self._grouped.get(fqn)
        if found is None:
            members = self._slots.members(self._slots.modules.numbers[fqn])
            if len(members) == 1 and isinstance(members[0], CallGroup):
                members = list(members[0].members)
            found = self._grouped[fqn] = runs(members, self._facts)
        return found

    def _span(self, part: Part) -> Span:
        slots = self._slots
        if isinstance(part, int):
            slot = int(slots.slot_of[part])
            return slot, slot + 1
        if isinstance(part, CallGroup):
            return slots.group_span(part)
        first, last = (part.members[0], part.members[-1]) if isinstance(part, Run) else (part, part)
        numbers = slots.modules.numbers
        return slots.span(numbers[first])[0], slots.span(numbers[last])[1]

    def _kind(self, fqn: str) -> str:
        """What equal siblings are called together: their class or, unknown, their common name."""
        modules = self._slots.modules
        label = modules.label(fqn)
        return modules.class_name(fqn) or label.rstrip("0123456789._") or label


def _key_of(last: str | Run) -> str:
    """The key of the box of a module or a stack."""
    return f"{last.members[0]}~{len(last.members)}" if isinstance(last, Run) else last
