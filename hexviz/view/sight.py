"""Which boxes are on the page, and which one shows what lies deeper or stands aside.

::

    encoder ─ stack "Layer ×12" ─ layer.0 ─ attention      stack open, its members not apart:
                                └ layer.5 ─ attention      layer.0's content fills the stack,
                                                           and stands for layer.5's

A stack shows its first member for all, until a person takes its members
*apart*, or hides something inside of them, so that they are no longer equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from hexviz.model.fqn import is_within
from hexviz.view.containers import Container
from hexviz.view.index import Index

__all__ = ["apart_stacks", "box_showing", "content", "drawn_path", "topmost_modules"]

Keys = AbstractSet[str]


def apart_stacks(index: Index, apart: Keys, hidden: Keys) -> frozenset[str]:
    """The stacks whose members are shown one by one: by wish, or because they differ in sight."""
    containers = index.containers
    found = {key for key in apart if key in containers and containers[key].members}
    for fqn in hidden:
        for stack in _stacks_about(index, fqn):
            if any(_inside(stack, containers[one].face, fqn) for one in stack.members):
                found.add(stack.key)
    return frozenset(found)


def _stacks_about(index: Index, fqn: str) -> Iterator[Container]:
    """The stacks around a module, or around the modules of a list."""
    for module in topmost_modules(index, fqn):
        for box in index.containers.around_module(module):
            if box.members:
                yield box


def topmost_modules(index: Index, fqn: str) -> list[str]:
    """A module, if there is one of that name; else those in it, without what is in these."""
    modules = index.graph.modules
    if fqn in modules:
        return [fqn]
    return [one for one in modules[modules.nearest(fqn)].children if is_within(one, fqn)]


def _inside(stack: Container, member: str, fqn: str) -> bool:
    """Whether a module is a member of a stack or in one; ``member`` may share its box."""
    above = fqn != stack.module and is_within(fqn, stack.module) and is_within(member, fqn)
    return above or is_within(fqn, member)


def content(index: Index, box: Container, apart: Keys) -> tuple[str | int, ...]:
    """What an open box shows directly: keys of containers, and positions of ops."""
    if box.members and box.key not in apart:
        return index.containers[box.members[0]].items
    return box.items


def drawn_path(index: Index, key: str, apart: Keys) -> list[str]:
    """The boxes that show a container if all of them are open, outermost first; no root.

    It ends early, at a stack, where another of its members stands for the container.
    """
    drawn: list[str] = []
    skipping: Container | None = None
    for step in index.path(key)[1:]:
        if skipping is not None:
            # Inside a stack: sections and the first member are not drawn as boxes.
            if step in skipping.members:
                if step != skipping.members[0]:
                    return drawn
                skipping = None
            continue
        drawn.append(step)
        box = index.containers[step]
        if box.members and step not in apart:
            skipping = box
    return drawn


def box_showing(index: Index, key: str, opened: Keys, apart: Keys) -> str:
    """The box on the page that shows a container: its own or the closed one around it."""
    path = drawn_path(index, key, apart)
    return next((step for step in path if step not in opened), path[-1] if path else "")
