"""Squeeze-and-excitation: channels weighed by what a small network makes of their means.

::

    x ─┬→ GlobalAveragePool → Conv 1×1 → Relu → Conv 1×1 → Sigmoid ─┐
       └────────────────────────────────────────────────────────────┴→ Mul
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.tagging.recovery.patterns.attention import has_weight
from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern

__all__ = ["find_squeeze_excite"]

_BETWEEN = frozenset({"pass", "layout", "activation", "gate", "norm", "add", "mul", "div", "mean"})
_MOST = 24


def find_squeeze_excite(flow: Dataflow) -> Iterator[Pattern]:
    """From each global pool down to the product with what was pooled."""
    for at in flow.of_kind("globalpool", "mean"):
        found = _below(flow, at)
        if found is not None:
            yield found


def _below(flow: Dataflow, pool: int) -> Pattern | None:
    """The product where the pooled way meets the other; exactly two weights are on it."""
    ups = flow.ups(pool)
    if len(ups) != 1:
        return None
    entry = flow.source(ups[0])
    ops = {pool}
    ends = [pool]
    weights = 0
    while len(ops) < _MOST:
        downs = sorted({one for at in ends for one in flow.downs(at)} - ops)
        if not downs:
            return None
        at = downs[0]
        others = [one for one in flow.ups(at) if one not in ops]
        if others:
            is_gate = flow.kinds[at] == "mul" and len(others) == 1
            if not is_gate or flow.source(others[0]) != entry or weights != 2:
                return None
            ops.add(at)
            if flow.escapes(ops, at):
                return None
            return Pattern("SqueezeExcite", frozenset(flow.own(ops)), (pool, at), entry, at)
        if has_weight(flow, at):
            weights += 1
        elif flow.kinds[at] not in _BETWEEN:
            return None
        ops.add(at)
        ends.append(at)
        ends = [one for one in ends if any(down not in ops for down in flow.downs(one))]
    return None
