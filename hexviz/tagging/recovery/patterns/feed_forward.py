"""Feed-forward parts: a projection up, a nonlinearity, a projection back.

::

    x → MatMul(d, h) → Add → GELU → MatMul(h, d) → Add                        plain

    x ─┬→ MatMul(d, h) → SiLU ─┬→ Mul → MatMul(h, d)                          gated
       └→ MatMul(d, h) ────────┘

Looked for from the second projection up. A chain of projections in a head looks the same, so it
counts only if it gives back as many numbers as it gets, if a nonlinearity neither comes
right before it nor right after, and if what follows is a sum or a norm.
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.tagging.recovery.patterns.attention import after_bias, has_weight, with_flattening
from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.operators import CARRIES_ACTIVATION
from hexviz.tagging.recovery.patterns.pattern import Pattern

__all__ = ["find_feed_forward", "is_depthwise", "is_pointwise"]

_INSIDE = frozenset({"pass", "layout", "add", "sub", "mul", "div", "elementwise", "gate", "norm"})
_NONLINEAR = frozenset({"activation", "gate"})
_NOT_BEFORE = _NONLINEAR | {"globalpool", "mean"}  # of pooled channels it is a gate
_MOST = 40  # moving ops between the two projections
_AFTER = frozenset({"add", "norm", "skipnorm", "mul", "mean", "elementwise"})


def find_feed_forward(flow: Dataflow) -> Iterator[Pattern]:
    """All that are proven to be one."""
    for at in flow.of_kind("product", "conv"):
        if has_weight(flow, at) and (flow.kinds[at] == "product" or is_pointwise(flow, at)):
            found = _above(flow, at)
            if found is not None:
                yield found


def is_pointwise(flow: Dataflow, at: int) -> bool:
    """Whether a convolution looks at one place at a time, through all channels."""
    dims = flow.matrix(at) or ()
    return len(dims) > 2 and all(dim == 1 for dim in dims[2:]) and not is_depthwise(flow, at)


def is_depthwise(flow: Dataflow, at: int) -> bool:
    """Whether a convolution keeps channels apart."""
    dims = flow.matrix(at) or ()
    group = flow.attribute(at, "group")
    return len(dims) > 2 and dims[1] == 1 and group is not None and group.i > 1


def _above(flow: Dataflow, down: int) -> Pattern | None:
    """The part that ends with a projection, if all that goes into it comes from one or two."""
    found = _projections(flow, down)
    if found is None:
        return None
    inner, ups = found
    nonlinear = [at for at in inner if flow.kinds[at] in _NONLINEAR]
    nonlinear += [at for at in ups if _has_activation(flow, at)]
    if not nonlinear or not _gives_back(flow, ups, down):
        return None
    entry, end = flow.stream(min(ups)), after_bias(flow, down)
    if not _in_a_block(flow, entry, end):
        return None
    core = with_flattening(flow, inner | ups | _on_the_way(flow, down, end), ups)
    if flow.escapes(core, end):
        return None
    anchors = (*sorted(ups), min(nonlinear), down)
    return Pattern("FeedForward", frozenset(flow.own(core)), anchors, entry, end)


def _projections(flow: Dataflow, down: int) -> tuple[set[int], set[int]] | None:
    """What lies above a projection, and the one or two above that.

    Those are of its kind and read the same.
    """
    first = flow.operand(down, 0)
    if first is None or not flow.moves(down, 0):
        return None
    is_conv = flow.kinds[down] == "conv"
    inner, ups = {down}, set[int]()
    pending = [first]
    while pending:
        at = pending.pop()
        if at in inner or at in ups:
            continue
        if at == INPUT or len(inner) > _MOST:
            return None
        kind = flow.kinds[at]
        if kind in ("product", "conv") and has_weight(flow, at):
            is_depth = kind == "conv" and is_depthwise(flow, at)
            if not is_depth:
                if kind != flow.kinds[down] or (is_conv and not is_pointwise(flow, at)):
                    return None
                ups.add(at)
                if len(ups) > 2 or len({flow.stream(one) for one in ups}) > 1:
                    return None
                continue
            if is_conv:
                return None  # an inverted residual
        elif kind not in _INSIDE and kind not in _NONLINEAR:
            return None
        inner.add(at)
        pending += flow.ups(at)
    return (inner, ups) if ups else None


def _has_activation(flow: Dataflow, at: int) -> bool:
    return flow.types[at] in CARRIES_ACTIVATION or flow.attribute(at, "activation") is not None


def _gives_back(flow: Dataflow, ups: set[int], down: int) -> bool:
    """Whether as many numbers come out as go in, as far as the weights tell."""
    is_conv = flow.kinds[down] == "conv"
    out = (flow.matrix(down) or ())[: 1 if is_conv else 2]
    for at in ups:
        into = flow.matrix(at) or ()
        if into and out and into[1 if is_conv else 0] != out[-1]:
            return False
    return True


def _in_a_block(flow: Dataflow, entry: int, end: int) -> bool:
    if (entry != INPUT and flow.kinds[entry] in _NOT_BEFORE) or _has_activation(flow, end):
        return False
    at = end
    for _ in range(6):
        downs = flow.downs(at)
        if not downs:
            return False
        kinds = {flow.kinds[one] for one in downs}
        if kinds & _AFTER:
            return not kinds & _NONLINEAR
        if len(downs) > 1 or flow.kinds[downs[0]] not in ("pass", "layout"):
            return False
        at = downs[0]
    return False


def _on_the_way(flow: Dataflow, down: int, end: int) -> set[int]:
    """The ops of a bias and the like, from a product to its end."""
    found = {end}
    at = end
    while at != down:
        at = flow.ups(at)[0]
        found.add(at)
    return found
