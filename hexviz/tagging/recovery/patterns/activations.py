"""Nonlinearities that a file writes out in four or more ops.

::

    x ─┬→ Div → Erf → Add ─┐           GELU by the error function
       └───────────────────┴→ Mul → Mul

    x ─┬→ Pow → Mul → Add → Mul → Tanh → Add ─┐       by the hyperbolic tangent
       └──────────────────────────────────────┴→ Mul → Mul

A SiLU in two ops is no module of its own: a tree with a box for each would be noise.
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern

__all__ = ["find_activations"]


def find_activations(flow: Dataflow) -> Iterator[Pattern]:
    """GELU in either form, HardSwish as a Clip between what it scales."""
    for at in flow.of_kind("activation", "gate"):
        kind = flow.types[at]
        if kind in ("Erf", "Tanh"):
            found = _gelu(flow, at)
            if found is not None:
                yield found


def _gelu(flow: Dataflow, at: int) -> Pattern | None:
    """``x / 2 · (1 + f(…x…))``, the half before or after."""
    downs = flow.downs(at)
    if len(downs) != 1 or flow.types[downs[0]] != "Add" or len(flow.ups(downs[0])) != 1:
        return None
    plus = downs[0]
    inner, entry = _argument(flow, at)
    if entry is None:
        return None
    ops = {*inner, at, plus}
    end, halved, gated = plus, False, False
    while not (halved and gated):
        downs = flow.downs(end)
        if len(downs) != 1 or flow.kinds[downs[0]] not in ("mul", "div"):
            return None
        after = downs[0]
        others = [one for one in flow.ups(after) if one != end]
        if not others and not halved:
            halved = True
        elif len(others) == 1 and not gated:
            gated = True
            other = others[0]
            if other != entry:
                if halved or other == INPUT or flow.kinds[other] not in ("mul", "div"):
                    return None
                if flow.ups(other) != (entry,):
                    return None
                halved = True
                ops.add(other)
        else:
            return None
        ops.add(after)
        end = after
    return Pattern("GELU", frozenset(flow.own(ops)), (at,), entry, end)


def _argument(flow: Dataflow, at: int) -> tuple[set[int], int | None]:
    """The ops that make of ``x`` what the function gets, and the op that makes ``x``."""
    ups = flow.ups(at)
    if len(ups) != 1 or ups[0] == INPUT:
        return set(), None
    scaled = ups[0]
    if flow.kinds[scaled] not in ("mul", "div") or len(flow.ups(scaled)) != 1:
        return set(), None
    if flow.types[at] == "Erf":
        return {scaled}, flow.ups(scaled)[0]
    total = flow.ups(scaled)[0]
    if total == INPUT or flow.types[total] != "Add":
        return set(), None
    found = flow.fork(total, 6)  # x + 0.044715 x³
    if found is None or any(flow.kinds[one] not in ("mul", "elementwise") for one in found[1]):
        return set(), None
    return {scaled, total, *found[1]}, found[0]
