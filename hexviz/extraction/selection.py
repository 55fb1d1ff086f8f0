"""A selection of modules, and the ops it holds."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from hexviz.errors import SelectionError
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph

__all__ = ["EVERYTHING", "Selection", "selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Modules with all below them, minus excluded ones with all below those.

    By segment: ``layer1`` neither includes nor excludes ``layer10``.

    >>> part = Selection(frozenset({"enc"}), frozenset({"enc.att"}))
    >>> [part.holds(fqn) for fqn in ("enc.ffn", "enc.att.q", "enc.attention", "dec")]
    [True, False, True, False]
    """

    modules: frozenset[str]
    exclude: frozenset[str] = frozenset()

    def holds(self, fqn: str) -> bool:
        """Whether ops of this module are selected."""
        return any(is_within(fqn, one) for one in self.modules) and not any(
            is_within(fqn, one) for one in self.exclude
        )


EVERYTHING = Selection(frozenset({""}))
"""The whole model."""


def selection(graph: TaggedGraph, modules: Iterable[str], exclude: Iterable[str] = ()) -> Selection:
    """A selection that is sure to mean something in ``graph``.

    Raises:
        SelectionError: if a name is no module and encloses none, or if no op
            is left; the message names near ones.
    """
    result = Selection(frozenset(modules), frozenset(exclude))
    known = [module.fqn for module in graph.modules]
    for name in sorted(result.modules | result.exclude):
        if not any(is_within(fqn, name) for fqn in known):
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"; near ones: {', '.join(near)}" if near else ""
            raise SelectionError(f"No module is called {name!r}{hint}.")
    if not any(result.holds(op.module) for op in graph.ops):
        raise SelectionError("The selection holds no op: select more, or exclude less.")
    return result
