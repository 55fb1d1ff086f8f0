"""Residual blocks of convolutional networks as patterns, with the nonlinearity after the sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern
from hexviz.tagging.recovery.patterns.residual import Residual, classify

__all__ = ["find_blocks"]


def find_blocks(
    flow: Dataflow, residuals: Iterable[Residual], gates: frozenset[int]
) -> Iterator[Pattern]:
    """``Bottleneck``, ``InvertedResidual``, and ``ResidualBlock``."""
    for one in residuals:
        word = classify(flow, one, gates)
        if not word:
            continue
        end = one.total
        downs = flow.downs(end)
        if len(downs) == 1 and flow.kinds[downs[0]] == "activation" and word != "InvertedResidual":
            end = downs[0]
        convs = tuple(sorted(at for at in one.ops if flow.kinds[at] == "conv" and at not in gates))
        ops = frozenset(flow.own({*one.ops, end}))
        yield Pattern(word, ops, (*convs, one.total), one.fork, end)
