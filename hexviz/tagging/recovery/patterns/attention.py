"""Attention: two products with a softmax between, and projections of what goes in and comes out.

::

    x ─┬→ MatMul(Wq) → Reshape → Transpose ─→ MatMul → (scale, mask) → Softmax ─→ MatMul → Transpose
       ├→ MatMul(Wk) → Reshape → Transpose ────┘                                   │        ↓
       └→ MatMul(Wv) → Reshape → Transpose ────────────────────────────────────────┘     Reshape
                                                                                            ↓
                                                                                  MatMul(Wo) → Add

The softmax is where the search begins: down to the second product, up to the first, from the
operands of both to the nearest products with weights. All three projections and the one at the
end have to be there; without the last it is ``Attention``, and so it is where nothing splits heads.
It is *cross*-attention where keys and values come from another stream than the queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern

__all__ = ["Attention", "after_bias", "find_attention", "has_weight", "with_flattening"]

Test = Callable[[Dataflow, int], bool]

_SCORES = frozenset({"pass", "layout", "add", "sub", "mul", "div", "elementwise", "gate", "concat"})
_OPERAND = _SCORES | {"norm", "mean", "reduce", "activation"}
_CONTEXT = frozenset({"pass", "layout", "concat"})
_WEIGHTS = frozenset({"pass", "layout", "elementwise", "mul", "div", "concat", "add", "product"})
_MOST_HEADS = 64
_NEAR = 40  # moving ops between a softmax and the products, and from there to the projections
_MOST = 400  # moving ops of an attention


@dataclass(frozen=True, slots=True)
class Attention(Pattern):
    """An attention; ``crosses`` if its keys and values come from elsewhere than its queries."""

    crosses: bool = False


def find_attention(flow: Dataflow) -> Iterator[Attention]:
    """All that is proven to be one, in the order of their softmax."""
    for at in flow.of_kind("softmax", "attention", "reduce"):
        if flow.kinds[at] == "attention":
            found = _fused(flow, at)
        else:
            begin = at if flow.kinds[at] == "softmax" else _exponent(flow, at)
            found = None if begin is None else _around(flow, begin, at)
        if found is not None:
            yield found


def _exponent(flow: Dataflow, at: int) -> int | None:
    """The Exp of a softmax in parts, of its sum."""
    ups = flow.ups(at)
    if flow.types[at] == "ReduceSum" and len(ups) == 1 and ups[0] != INPUT:
        return ups[0] if flow.types[ups[0]] == "Exp" else None
    return None


def _around(flow: Dataflow, begin: int, anchor: int) -> Attention | None:
    second = _second_product(flow, anchor)
    if second is None:
        return None
    product, values = second
    first = _nearest(flow, flow.ups(begin), _SCORES, _multiplies_two)
    if first is None:
        return None
    operands = [flow.ups(first)[:1], flow.ups(first)[-1:], values]
    projections = [_nearest(flow, one, _OPERAND, has_weight) for one in operands]
    if any(one is None for one in projections):
        return None
    query, key, value = (one for one in projections if one is not None)
    begins, crosses = _begins(flow, query, key, value)
    end, has_heads = product, _has_heads(flow, first, begins)
    output = _output(flow, product)
    if output is not None:
        end = output
    core = _core(flow, end, begins)
    if core is None or anchor not in core or first not in core:
        return None
    ops = flow.own(with_flattening(flow, core, begins), after=min(begins))
    word = "MultiHeadAttention" if output is not None and has_heads else "Attention"
    entry = flow.source(flow.ups(query)[0])
    return Attention(word, frozenset(ops), (first, anchor, product), entry, end, crosses)


def _second_product(flow: Dataflow, softmax: int) -> tuple[int, tuple[int, ...]] | None:
    """The product with what a softmax weighs, and the operand that is weighed."""
    weights = {softmax}
    pending = [softmax]
    while pending and len(weights) <= _NEAR:
        at = pending.pop()
        for after in flow.downs(at):
            if after in weights:
                continue
            if flow.kinds[after] == "product" and not _mixes_heads(flow, after):
                others = tuple([one for one in flow.ups(after) if one not in weights])
                return (after, others) if len(others) == 1 and others[0] != INPUT else None
            if flow.kinds[after] not in _WEIGHTS:
                continue
            weights.add(after)
            pending.append(after)
    return None


def _multiplies_two(flow: Dataflow, at: int) -> bool:
    return flow.kinds[at] == "product" and flow.matrix(at) is None


def has_weight(flow: Dataflow, at: int) -> bool:
    """Whether an op is a product with a weight, or a convolution."""
    return flow.kinds[at] in ("product", "conv") and flow.matrix(at) is not None


def _mixes_heads(flow: Dataflow, at: int) -> bool:
    """Whether an op is a projection from heads to as many heads, before or after the softmax."""
    dims = (flow.matrix(at) or ()) if flow.kinds[at] == "product" else ()
    return bool(dims) and len(set(dims)) == 1 and dims[0] <= _MOST_HEADS


def _nearest(
    flow: Dataflow, starts: Sequence[int], passed: frozenset[str], wanted: Test
) -> int | None:
    """The nearest op upstream that is wanted, on ways through ops that do certain things."""
    pending = [-one for one in starts]
    heapify(pending)
    seen = set(starts)
    for _ in range(_NEAR):
        if not pending:
            return None
        at = -heappop(pending)
        if at == INPUT:
            continue
        if wanted(flow, at):
            return at
        if flow.kinds[at] not in passed and not _mixes_heads(flow, at):
            continue
        for one in flow.ups(at):
            if one not in seen:
                seen.add(one)
                heappush(pending, -one)
    return None


def _begins(flow: Dataflow, query: int, key: int, value: int) -> tuple[set[int], bool]:
    """The first ops of an attention, and whether it looks at another stream than it comes from.

    Keys and values may come from what was made shorter by a convolution before, queries by way
    of a smaller dimension: their begin is moved up while that leads to a stream that is shared.
    """
    begins = {query, key, value}
    streams = {at: flow.stream(at) for at in begins}
    moved = dict(streams)
    for at in sorted(begins):
        upper = _single_above(flow, streams[at])
        if upper is not None and flow.stream(upper) in {
            stream for other, stream in streams.items() if other != at
        }:
            moved[at] = flow.stream(upper)
            begins = (begins - {at}) | {upper}
    asked = moved[query]
    crosses = _related(flow, moved[key], moved[value]) and not any(
        _related(flow, asked, moved[one]) for one in (key, value)
    )
    return begins, crosses


def _single_above(flow: Dataflow, at: int) -> int | None:
    """The nearest op with a weight on a way without forks."""
    for _ in range(8):
        if at == INPUT:
            return None
        if has_weight(flow, at):
            return at
        if len(flow.ups(at)) != 1 or flow.kinds[at] not in ("pass", "layout", "norm", "activation"):
            return None
        at = flow.ups(at)[0]
    return None


def _related(flow: Dataflow, one: int, other: int) -> bool:
    """Whether one stream is the other, maybe with something light done to it."""
    if INPUT in (one, other):
        return one == other
    passed = _CONTEXT | {"add", "norm", "mul", "pool"}
    above, below = sorted((one, other))
    return _nearest(flow, (below,), passed, lambda _, at: at == above) is not None


def _has_heads(flow: Dataflow, first: int, begins: set[int]) -> bool:
    """Whether the order of elements changes between projections and the first product."""
    pending = list(flow.ups(first))
    seen = set(pending)
    turned = {"Transpose", "Reshape"}
    found: set[str] = set()
    while pending and len(seen) <= _NEAR:
        at = pending.pop()
        if at == INPUT or at in begins:
            continue
        found.add(flow.types[at])
        for one in flow.ups(at):
            if one not in seen:
                seen.add(one)
                pending.append(one)
    return turned <= found or flow.types[first] == "Einsum"


def _output(flow: Dataflow, product: int) -> int | None:
    """The last op of the projection after the second product."""
    at = product
    for _ in range(12):
        downs = flow.downs(at)
        if len(downs) != 1 or len(flow.ups(downs[0])) != 1:
            return None
        at = downs[0]
        if has_weight(flow, at):
            return after_bias(flow, at)
        if flow.kinds[at] not in ("pass", "layout", "norm") and flow.types[at] != "Mul":
            return None
    return None


def after_bias(flow: Dataflow, at: int) -> int:
    """The last op of a product with a weight: the Reshape after a Gemm, the bias, a dropout."""
    is_whole = flow.types[at] in ("MatMulInteger", "ConvInteger")  # and is scaled back after it
    wanted = dict.fromkeys(("Add", "Identity", *(("Cast", "Mul") if is_whole else ())), True)
    wanted["Reshape"] = flow.types[at] in ("Gemm", "FusedGemm")
    while True:
        downs = flow.downs(at)
        if len(downs) != 1 or len(flow.ups(downs[0])) != 1:
            return at
        kind = flow.types[downs[0]]
        if not wanted.get(kind, False):
            return at
        wanted[kind] = False
        at = downs[0]


def _core(flow: Dataflow, end: int, begins: set[int]) -> set[int] | None:
    """What moves between the projections and the end: above the one, below the other."""
    seen = {end}
    pending = [end]
    lowest = min(begins)
    while pending:
        at = pending.pop()
        if at in begins:
            continue
        for one in flow.ups(at):
            if one not in seen and one >= lowest:
                if len(seen) > _MOST:
                    return None
                seen.add(one)
                pending.append(one)
    core: set[int] = set()
    for at in sorted(seen):
        if at in begins or any(one in core for one in flow.ups(at)):
            core.add(at)
    return core


def with_flattening(flow: Dataflow, core: set[int], begins: set[int]) -> set[int]:
    """And the Reshape that makes of a batch of sequences the matrix that a Gemm multiplies."""
    found = set(core)
    for at in begins:
        for one in flow.ups(at) if flow.types[at] in ("Gemm", "FusedGemm") else ():
            is_reshape = one != INPUT and flow.types[one] == "Reshape"
            if is_reshape and all(reader in core for reader in flow.readers[one]):
                found.add(one)
    return found


def _fused(flow: Dataflow, at: int) -> Attention | None:
    """An op that is a whole attention, with the projections that it does not do itself."""
    end = _output(flow, at)
    if end is None:
        return None
    begins, crosses = {at}, False
    if flow.moves(at, 1):
        operands = [one for one in map(flow.operand, (at,) * 3, range(3)) if one is not None]
        found = [_nearest(flow, (one,), _OPERAND, has_weight) for one in operands]
        projections = [one for one in found if one is not None]
        if len(projections) < len(operands):
            return None
        begins = set(projections)
        if len(projections) == 3:
            begins, crosses = _begins(flow, *projections)
    core = _core(flow, end, begins)
    if core is None or at not in core:
        return None
    ops = flow.own(with_flattening(flow, core, begins), after=min(begins))
    entry = flow.stream(min(begins))
    return Attention("MultiHeadAttention", frozenset(ops), (at,), entry, end, crosses)
