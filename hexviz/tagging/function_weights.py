"""Weights that functions get passed: whose they are inside, and what a call does with them.

PyTorch 2.1 wrote each module as a function that is handed its weights::

    Block(x, layer1.conv.weight, layer1.scale.gamma)      layer1: where its weights meet
      Conv(x, w)     w stands for layer1.conv.weight      layer1.conv
      Sigmoid(c)     nothing tells                        at most as deep as the call
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import reduce

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import Calls, root_body
from hexviz.model.op import category

__all__ = ["modules_of_calls", "passed_weights"]


def passed_weights(calls: Calls, owners: Mapping[str, str]) -> dict[str, str]:
    """Value id of a function's input → where the holders of the weights it stands for meet.

    Only inputs for which every call passes a weight.
    """
    return {
        formal: reduce(names.common_ancestor, [owners[one] for one in meant])
        for formal, meant in calls.passed.items()
        if all(one in owners for one in meant)
    }


def modules_of_calls(
    flat: FlatGraph,
    calls: Calls,
    owners: Mapping[str, str],
    telling: Callable[[str, int], bool],
) -> dict[int, tuple[str, str]]:
    """Position of a call → the module that the weights it passes tell of, and one of them.

    Several modules' weights are used where these meet. Weights of one module
    tell of a call only if the function does nothing but compute with them.
    ``telling`` says whether a weight identifies the module of the op at a position.
    """
    found: dict[int, tuple[str, str]] = {}
    if not calls.callee:
        return found
    whole = _whole(flat, calls, owners)
    for at, path in calls.callee.items():
        held: dict[str, str] = {}
        for value in flat.ops[at].inputs:
            if value in owners and telling(value, at):
                held.setdefault(owners[value], value)
        if len(held) > 1 or (held and path in whole):
            found[at] = reduce(names.common_ancestor, held), next(iter(held.values()))
    return found


def _whole(flat: FlatGraph, calls: Calls, owners: Mapping[str, str]) -> set[str]:
    """The functions that do nothing before, behind or beside computing with weights passed in."""
    inside: dict[str, list[int]] = {"": [], **{path: [] for path in calls.callers}}
    for at, op in enumerate(flat.ops):
        inside.setdefault(root_body(op.body), []).append(at)
    layout: set[str] = set()
    for path in reversed(list(calls.callers)):  # what is called before who calls it
        if all(_prepares(flat, calls, layout, at) for at in inside[path]):
            layout.add(path)
    weights = set(owners)
    for path in ("", *calls.callers):  # who calls before what is called
        for formal in calls.inputs.get(path, ()):
            if any(one in weights for one in calls.passed.get(formal, ())):
                weights.add(formal)
        for at in inside[path]:
            op = flat.ops[at]
            if _prepares(flat, calls, layout, at) and op.inputs and weights.issuperset(op.inputs):
                weights.update(op.outputs)
    whole = set(layout)
    for path in reversed(list(calls.callers)):
        steps = [at for at in inside[path] if not _prepares(flat, calls, layout, at)]
        is_telling = [not weights.isdisjoint(flat.ops[at].inputs) for at in steps]
        # What lies between two ops that compute with the weights is the module's own.
        simple = all(calls.callee[at] in whole for at in steps if at in calls.callee)
        if simple and (not is_telling or (is_telling[0] and is_telling[-1])):
            whole.add(path)
    return whole


def _prepares(flat: FlatGraph, calls: Calls, layout: Collection[str], at: int) -> bool:
    """Whether an op does no arithmetic: an auxiliary one, or a call of nothing but these."""
    if at in calls.callee:
        return calls.callee[at] in layout
    op = flat.ops[at]
    return category(op.domain, op.op_type, looks_up_weight=True) is not None
