"""Which ops are auxiliary, and of which category: by their types, and by what a Gather looks up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hexviz.model.columns import PRIMARY, Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import find_calls
from hexviz.model.op import CATEGORIES, category
from hexviz.tagging.module_sources import owners_of_weights
from hexviz.tagging.prefixes import Prefixes, find_prefixes

__all__ = ["find_categories"]


def find_categories(flat: FlatGraph, prefixes: Prefixes | None = None) -> Ints:
    """By position the number of an op's category, as :class:`~hexviz.model.columns.TagColumns` has.

    ``prefixes`` are those of the file, where they are known already.
    """
    op_types, domains = flat.columns.op_types, flat.columns.domains
    numbers = {name: at for at, name in enumerate(CATEGORIES)}
    code: dict[tuple[str, str], int] = {}
    for one in set(zip(domains, op_types, strict=True)):
        kind = category(*one)
        code[one] = PRIMARY if kind is None else numbers[kind]
    found = np.array([code[one] for one in zip(domains, op_types, strict=True)], np.int64)
    # An op that looks a weight up may be a module's own arithmetic, by its type.
    either = {
        one for one in code if code[one] != PRIMARY and category(*one, looks_up_weight=True) is None
    }
    if either:
        candidates = [
            at for at, one in enumerate(zip(domains, op_types, strict=True)) if one in either
        ]
        found[_looking_up(flat, candidates, prefixes or find_prefixes(flat))] = PRIMARY
    return found


def _looking_up(flat: FlatGraph, candidates: Iterable[int], prefixes: Prefixes) -> list[int]:
    """Those of these ops whose first input is a module's own weight, also through Identity."""
    ops = flat.columns
    owned: dict[str, bool] = {}
    if find_calls(flat).passed:  # an input of a function stands for weights
        owned.update(dict.fromkeys(owners_of_weights(flat, prefixes), True))
    found = []
    for at in candidates:
        value = ops.inputs[at][0] if ops.inputs[at] else ""
        passed: list[str] = []
        while value not in owned:
            passed.append(value)
            maker = flat.makers.get(value)
            if value in flat.weights:
                owned[value] = prefixes.owner(flat.weights[value]) is not None
            elif maker is None:
                owned[value] = False
            elif ops.op_types[maker] == "Constant" and ops.outputs[maker][0] == value:
                owned[value] = prefixes.owner(flat.values[value]) is not None
            elif ops.op_types[maker] == "Identity" and ops.inputs[maker]:
                value = ops.inputs[maker][0]
            else:
                owned[value] = False
        owned.update(dict.fromkeys(passed, owned[value]))
        if owned[value]:
            found.append(at)
    return found
