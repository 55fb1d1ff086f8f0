"""Algebra of fully-qualified module names (FQNs).

An FQN is a dotted path, ``encoder.layer.0``; the root is ``""``. Everything
here works by segment: ``layer1`` is no ancestor of ``layer10``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

__all__ = ["ancestors", "common_ancestor", "is_within", "join", "meeting", "parent"]


def parent(fqn: str) -> str:
    """The enclosing FQN; the root is its own parent.

    >>> parent("encoder.layer.0")
    'encoder.layer'
    """
    return fqn.rpartition(".")[0]


def join(parts: Iterable[str]) -> str:
    """Join path segments, dropping empty ones.

    >>> join(["encoder", "", "layer.0"])
    'encoder.layer.0'
    """
    return ".".join(part for part in parts if part)


def is_within(fqn: str, ancestor: str) -> bool:
    """Whether ``fqn`` is ``ancestor`` or lies below it.

    >>> is_within("layer10", "layer1"), is_within("layer1.0", "layer1"), is_within("a", "")
    (False, True, True)
    """
    return not ancestor or fqn == ancestor or fqn.startswith(ancestor + ".")


def ancestors(fqn: str) -> list[str]:
    """The FQN and all that enclose it, root first.

    >>> ancestors("a.b")
    ['', 'a', 'a.b']
    """
    result = [""]
    if fqn:
        dot = fqn.find(".")
        while dot != -1:
            result.append(fqn[:dot])
            dot = fqn.find(".", dot + 1)
        result.append(fqn)
    return result


def common_ancestor(first: str, second: str) -> str:
    """The deepest FQN that encloses both.

    >>> common_ancestor("encoder.layer.0.attention", "encoder.layer.1")
    'encoder.layer'
    """
    if is_within(second, first):
        return first
    if is_within(first, second):
        return second
    mine, other = first.split("."), second.split(".")
    shared = 0
    for one, two in zip(mine, other, strict=False):
        if one != two:
            break
        shared += 1
    return ".".join(mine[:shared])


def meeting(fqns: Iterable[str]) -> str | None:
    """The deepest FQN that encloses all of these; ``None`` of none.

    >>> meeting(["a.b.0", "a.b.1", "a.c"]), meeting([])
    ('a', None)
    """
    listed = list(fqns)
    return reduce(common_ancestor, listed) if listed else None
