"""Whole layers of transformers: residual sums around an attention and a feed-forward part.

::

    x ─┬→ norm → attention ─┐       ┌→ norm → feed-forward ─┐
       └────────────────────┴→ Add ─┴───────────────────────┴→ Add      norm first

    x ─┬→ attention ─┐              ┌→ feed-forward ─┐
       └─────────────┴→ Add → norm ─┴────────────────┴→ Add → norm      norm last

Each sum belongs to the part that it closes. Where a tool made one op of a sum and of the norm of
the next layer, the norm decides: its output is what the next layer reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hexviz.tagging.recovery.patterns.attention import Attention
from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.feed_forward import is_depthwise
from hexviz.tagging.recovery.patterns.pattern import Pattern
from hexviz.tagging.recovery.patterns.residual import Residual

__all__ = ["find_layers"]


_LAYERS = {
    ("self", "feed"): "TransformerLayer",
    ("both",): "TransformerLayer",
    ("self", "cross", "feed"): "DecoderLayer",
    ("feed", "self", "conv", "feed"): "ConformerLayer",
}
"""What the residual sums of a layer are around, in order → the word for the layer."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A residual sum and what it is around: a role of those in :data:`_LAYERS`."""

    residual: Residual
    role: str
    patterns: tuple[Pattern, ...]


def find_layers(
    flow: Dataflow, residuals: Iterable[Residual], patterns: Sequence[Pattern]
) -> Iterator[Pattern]:
    """Every layer that one of these rows of parts is."""
    parts = _parts(flow, residuals, patterns)
    for last in parts.values():
        chain = _chain(flow, last, parts)
        if chain:
            yield _layer(flow, chain)


def _parts(
    flow: Dataflow, residuals: Iterable[Residual], patterns: Sequence[Pattern]
) -> dict[int, _Part]:
    """The parts by the position of their sum."""
    roles: dict[int, tuple[str, Pattern]] = {}
    for one in patterns:
        if isinstance(one, Attention):
            roles[one.exit] = ("cross" if one.crosses else "self", one)
        elif one.word == "FeedForward":
            roles[one.exit] = ("feed", one)
    found = {}
    for residual in residuals:
        inside = [roles[at] for at in residual.ops if at in roles]
        kinds = sorted(role for role, _ in inside)
        if len(kinds) == 1 or kinds == ["feed", "self"]:
            role = kinds[0] if len(kinds) == 1 else "both"
            found[residual.total] = _Part(residual, role, tuple(one for _, one in inside))
        elif not inside and any(is_depthwise(flow, at) for at in _convs(flow, residual)):
            found[residual.total] = _Part(residual, "conv", ())
    inner = {
        at
        for one in found.values()
        if one.role == "both"
        for at in one.residual.ops
        if at != one.residual.total
    }
    return {at: one for at, one in found.items() if one.role != "both" or at not in inner}


def _convs(flow: Dataflow, residual: Residual) -> list[int]:
    return [at for at in residual.ops if flow.kinds[at] == "conv"]


def _chain(flow: Dataflow, last: _Part, parts: Mapping[int, _Part]) -> list[_Part]:
    """The parts that make a layer together with the last one, in order; none, if there is none."""
    chain = [last]
    while len(chain) < max(map(len, _LAYERS)):
        before = parts.get(_sum_before(flow, chain[0].residual.fork))
        if before is None:
            break
        chain.insert(0, before)
    while chain and tuple(one.role for one in chain) not in _LAYERS:
        del chain[0]
    return chain


def _sum_before(flow: Dataflow, fork: int) -> int:
    """The sum whose output a fork is, maybe with a norm between."""
    for _ in range(4):
        if fork == INPUT or flow.kinds[fork] in ("add", "skipnorm"):
            return fork
        if flow.kinds[fork] not in ("norm", "pass", "layout") or len(flow.ups(fork)) != 1:
            return INPUT
        fork = flow.ups(fork)[0]
    return INPUT


def _layer(flow: Dataflow, chain: Sequence[_Part]) -> Pattern:
    core: set[int] = set()
    for one in chain:
        core |= one.residual.ops
        core.update(*(pattern.ops for pattern in one.patterns))
    for one, after in pairwise(chain):
        at = after.residual.fork
        while at != one.residual.total:  # norms between
            core.add(at)
            at = flow.ups(at)[0]
    first, end = chain[0].residual, chain[-1].residual.total
    entry = first.fork
    if _norm_is_last(flow, chain):
        downs = flow.downs(end)
        while len(downs) == 1 and flow.kinds[downs[0]] in ("norm", "pass"):
            end = downs[0]
            core.add(end)
            if flow.kinds[end] == "norm":
                break
            downs = flow.downs(end)
    elif entry != INPUT and flow.kinds[entry] == "skipnorm":
        core.add(entry)
    if not _norm_is_last(flow, chain) and flow.kinds[end] == "skipnorm":
        core.discard(end)
    word = _LAYERS[tuple(one.role for one in chain)]
    anchors = tuple(at for one in chain for pattern in one.patterns for at in pattern.anchors)
    return Pattern(word, frozenset(flow.own(core)), anchors, entry, end)


def _norm_is_last(flow: Dataflow, chain: Sequence[_Part]) -> bool:
    """Whether sums are normalized before anything else reads them."""
    total = chain[0].residual.total
    if flow.kinds[total] == "skipnorm":
        outputs = flow.flat.columns.outputs[total]
        return not any(outputs[1:])
    downs = flow.downs(total)
    return len(downs) == 1 and flow.kinds[downs[0]] == "norm"
