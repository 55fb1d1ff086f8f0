"""Where something happened, in few words: ``in each of the 12 BertLayer (encoder.layer.*)``.

Repeated layers are named once. A *block* is a module with the number of a list
at its end; blocks whose names differ in numbers only are places of one pattern.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from hexviz.model import fqn as names
from hexviz.model.modules import ModuleTree

__all__ = ["Locations", "block", "starred"]

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_MOST_NAMED = 3
"""Modules, or patterns of them, that are named in one sentence."""

_PART = 2
"""Steps of the name of a part of a model, where no list numbers it."""


@functools.lru_cache(maxsize=65536)
def starred(fqn: str) -> str:
    """An FQN with a star for each number: the same for all members of a list.

    >>> starred("encoder.layer.11.output")
    'encoder.layer.*.output'
    """
    return _NUMBER.sub("*", fqn)


@functools.lru_cache(maxsize=65536)
def block(fqn: str) -> str:
    """The deepest numbered module around a module, or the part of the model that it is in.

    >>> block("encoder.layer.11.output.dense"), block("embeddings.norm.inner")
    ('encoder.layer.11', 'embeddings.norm')
    """
    numbers = [found.end() for found in _NUMBER.finditer(fqn)]
    return fqn[: numbers[-1]] if numbers else ".".join(fqn.split(".")[:_PART])


class Locations:
    """Counts modules by pattern, and says where things are.

    ``tree`` is of the same graph; where it knows no class, ``other`` may.
    """

    def __init__(self, tree: ModuleTree, other: ModuleTree) -> None:
        self._trees = tree, other
        self._all: dict[str, list[str]] = {}
        for module in tree:
            self._all.setdefault(starred(module.fqn), []).append(module.fqn)

    def phrase(self, counts: Counter[str]) -> str:
        """Where something happened; ``counts`` says how often in each module.

        ``in each of the 12 BertLayer (encoder.layer.*), twice; in pooler``.
        """
        groups: dict[str, list[str]] = {}
        for module in counts:
            groups.setdefault(starred(module), []).append(module)
        listed = sorted(groups.values(), key=lambda one: -sum(counts[name] for name in one))
        said = [self._one(group, counts) for group in listed[:_MOST_NAMED]]
        others = [name for group in listed[_MOST_NAMED:] for name in group]
        if others:
            modules = f"{len(others)} other module{'' if len(others) == 1 else 's'}"
            said.append(f"in {modules}, {times(sum(counts[one] for one in others))}")
        return "; ".join(said)

    def sums(self, counts: Counter[str]) -> str:
        """Where how many are; just where, if it is one place.

        ``274 in the 4 BertLayer (encoder.layer.*), 4 in embeddings``.
        """
        groups: dict[str, list[str]] = {}
        for module in counts:
            groups.setdefault(starred(module), []).append(module)
        listed = sorted(groups.values(), key=lambda one: -sum(counts[name] for name in one))
        said = []
        for group in listed[:_MOST_NAMED]:
            total = sum(counts[one] for one in group)
            among = (
                self.named(group[0])
                if len(group) == 1
                else f"{len(group)} {self.noun(group)} ({starred(group[0])})"
            )
            said.append(f"in {among}" if len(listed) == 1 else f"{total} in {among}")
        others = [name for group in listed[_MOST_NAMED:] for name in group]
        if others:
            total = sum(counts[one] for one in others)
            said.append(f"{total} in {len(others)} other module{'' if len(others) == 1 else 's'}")
        return ", ".join(said)

    def _one(self, modules: Sequence[str], counts: Counter[str]) -> str:
        often = {counts[one] for one in modules}
        if len(modules) == 1:
            where = f"in {self.named(modules[0])}"
        else:
            of = len(self._all.get(starred(modules[0]), ()))
            among = (
                f"each of the {len(modules)}"
                if len(modules) >= of
                else f"{len(modules)} of the {of}"
            )
            where = f"in {among} {self.noun(modules)} ({starred(modules[0])})"
        if len(often) > 1:
            return f"{where}, {times(sum(counts[one] for one in modules))} in all"
        count = often.pop()
        return where if count == 1 else f"{where}, {times(count)}"

    def noun(self, modules: Iterable[str]) -> str:
        """The class of some modules, if they have one in common."""
        classes = {self.class_name(one) for one in modules}
        return classes.pop() or "modules" if len(classes) == 1 else "modules"

    def class_name(self, module: str) -> str:
        """The class of a module, ``""`` if it is unknown."""
        known = (tree[module].class_name for tree in self._trees if module in tree)
        return next(filter(None, known), "")

    def named(self, module: str) -> str:
        """A module with its class, for a sentence."""
        known = self.class_name(module)
        if not module:
            return f"the model itself ({known})" if known else "the model itself"
        return f"{module} ({known})" if known else module


def common_pattern(modules: Iterable[str]) -> str:
    """One name for where some modules are: their FQN, their pattern, or what is around all."""
    listed = list(dict.fromkeys(modules))
    if len(listed) == 1:
        return listed[0]
    patterns = list(dict.fromkeys(map(starred, listed)))
    return names.meeting(patterns) or ""


def times(count: int) -> str:
    """How often, in a word or two."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
