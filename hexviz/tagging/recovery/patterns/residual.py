"""Blocks around a residual sum: what lies between where two ways part and where they meet.

::

    x ─┬→ Conv → Relu → Conv ─┐
       └──────────────────────┴→ Add → Relu       the block is all but x

The fork is the nearest op that all ways into the sum come from. What the convolutions inside are
says which block it is: 1×1, k×k, 1×1 that narrow and widen a ``Bottleneck``, 1×1, depthwise, 1×1
that widen and narrow an ``InvertedResidual``, others with k×k among them a ``ResidualBlock``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.feed_forward import is_depthwise, is_pointwise

__all__ = ["Residual", "classify", "find_residuals"]

_MOST = 500  # moving ops of a block
_FITS = frozenset({"pass", "layout", "norm", "pool", "conv"})
_EACH = 15  # times that an op is looked at, on average
_SMALL = 20_000
_MOST_UNEQUAL = 150  # of one where both ways change what they carry


@dataclass(frozen=True, slots=True)
class Residual:
    """A sum, the fork of what it adds up, and the moving ops between, the sum included."""

    total: int
    fork: int
    ops: frozenset[int]


def find_residuals(flow: Dataflow) -> Iterator[Residual]:
    """Every sum of two ways from one fork, of which nothing between is read from outside.

    In graphs of sums of sums of sums the search ends early.
    """
    most = flow.looked_at + _EACH * len(flow.kinds) + _SMALL
    for at in flow.of_kind("add", "skipnorm", "conv"):
        if flow.looked_at > most:
            return
        ups = flow.ups(at)
        found = None
        if len(ups) == 2:
            found = _skipped(flow, at, *sorted(ups)) or _unequal(flow, at) or _fitted(flow, at)
        if found is not None and not flow.escapes(set(found.ops), at):
            yield found


def _skipped(flow: Dataflow, at: int, older: int, newer: int) -> Residual | None:
    """The block if one of the ways is a mere skip, through changes of layout at most."""
    for fork in dict.fromkeys((older, flow.source(older))):
        ops = flow.between(fork, at, _MOST)
        if ops is not None and newer in ops and newer != fork:
            return Residual(at, fork, frozenset(ops))
    return None


def _fitted(flow: Dataflow, at: int) -> Residual | None:
    """The block if one of the ways is a convolution alone, whatever else comes into the other."""
    for short, long in (flow.ups(at), flow.ups(at)[::-1]):
        if INPUT in (short, long):
            continue
        fork, convs = short, 0
        for _ in range(4):
            if len(flow.ups(fork)) != 1 or flow.kinds[fork] not in _FITS:
                break
            convs += flow.kinds[fork] == "conv"
            fork = flow.ups(fork)[0]
            if fork == INPUT:
                break
            if convs == 1:
                ops = flow.between(fork, at, _MOST_UNEQUAL)
                if ops is not None and {short, long} <= ops:
                    return Residual(at, fork, frozenset(ops))
    return None


def _unequal(flow: Dataflow, at: int) -> Residual | None:
    found = flow.fork(at, _MOST_UNEQUAL)
    return None if found is None else Residual(at, found[0], frozenset({at, *found[1]}))


def classify(flow: Dataflow, residual: Residual, gates: frozenset[int]) -> str:
    """The word for a residual block by its convolutions, ``""`` for another.

    ``gates`` are the ops of squeeze-and-excitation anywhere.
    """
    if any(flow.kinds[at] in ("product", "softmax", "attention") for at in residual.ops - gates):
        return ""
    convs = sorted(at for at in residual.ops if flow.kinds[at] == "conv" and at not in gates)
    fork = flow.source(residual.fork)
    shortcuts = [
        at for at in convs if fork in _from(flow, at) and _reaches_alone(flow, at, residual.total)
    ]
    if len(convs) > 2 and len(shortcuts) == 1:  # it makes the skip fit
        convs.remove(shortcuts[0])
    return convolutions_word(flow, convs)


def _from(flow: Dataflow, at: int) -> set[int]:
    """The source of what a convolution works on, and that of a pool right before."""
    first = flow.operand(at, 0)
    first = INPUT if first is None else flow.source(first)
    if first != INPUT and flow.kinds[first] == "pool" and flow.ups(first):
        return {first, flow.source(flow.ups(first)[0])}
    return {first}


def _reaches_alone(flow: Dataflow, at: int, total: int) -> bool:
    """Whether a sum is reached without another convolution."""
    for _ in range(6):
        if at == total:
            return True
        downs = flow.downs(at)
        if len(downs) != 1:
            return False
        at = downs[0]
        kind = flow.kinds[at]
        is_scale = kind == "mul" and len(flow.ups(at)) == 1
        if at != total and kind not in ("pass", "layout", "norm", "add") and not is_scale:
            return False
    return False


def convolutions_word(flow: Dataflow, convs: Sequence[int]) -> str:
    """What a chain of convolutions is called."""
    dims = [flow.matrix(at) or () for at in convs]
    if not convs or any(len(one) < 3 for one in dims):
        return ""
    points = [is_pointwise(flow, at) for at in convs]
    depths = [is_depthwise(flow, at) for at in convs]
    out, into = [one[0] for one in dims], [one[1] for one in dims]
    if len(convs) == 3 and points[0] and points[2] and not points[1]:
        if depths[1]:
            is_wide = out[0] > into[0] and out[2] < into[2]
            return "InvertedResidual" if is_wide else ""
        return "Bottleneck" if out[2] >= out[0] else ""
    if 2 <= len(convs) <= 4 and not any(depths) and not all(points):
        return "ResidualBlock"
    return ""
