"""From what each op or module has by itself to totals over the module tree.

::

    encoder            own 1   total 1 + 5 + 3 = 9
      encoder.layer.0  own 2   total 2 + 3 = 5        a total is the own figure and the totals
        …attention     own 3   total 3                of the children: each figure counts once
      encoder.layer.1  own 3   total 3                in every module around it

Any figures that can be added will do: counts, microseconds, arrays with one element for each run.
Linear in ops and modules.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from hexviz.model.modules import ModuleTree

__all__ = ["sums_by_module", "totals"]

Figure = TypeVar("Figure")


def sums_by_module(
    tree: ModuleTree,
    figures: Iterable[tuple[str, Figure]],
    nothing: Figure,
    plus: Callable[[Any, Any], Figure] = operator.add,
) -> dict[str, Figure]:
    """FQN → the sum of its own figures, for every module of the tree, ``nothing`` without any.

    ``figures`` are pairs of a module and a figure. One of a module that the tree does not have goes
    to the nearest module around it.
    """
    found = {module.fqn: nothing for module in tree}
    for fqn, figure in figures:
        at = fqn if fqn in found else tree.nearest(fqn)
        found[at] = plus(found[at], figure)
    return found


def totals(
    tree: ModuleTree,
    own: Mapping[str, Figure],
    nothing: Figure,
    plus: Callable[[Any, Any], Figure] = operator.add,
) -> dict[str, Figure]:
    """FQN → the sum over the module and all below it, in the order of the tree.

    ``own`` need not have every module.
    """
    found = {module.fqn: own.get(module.fqn, nothing) for module in tree}
    # The tree has a module before all that are below it: backwards, children are complete.
    for module in reversed([*tree]):
        if module.parent is not None:
            found[module.parent] = plus(found[module.parent], found[module.fqn])
    return found
