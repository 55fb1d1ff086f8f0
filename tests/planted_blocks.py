"""A graph that names no modules, and what is found in it: four blocks of two halves each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import onnx

from hexviz.api import TaggedGraph
from hexviz.model.flat import FlatGraph
from hexviz.model.reader import from_proto
from hexviz.tagging import tag as tagging
from hexviz.tagging.recovery.stretch import Stretch
from tests.build import parse

COPIES = 4


def blocks(copies: int = COPIES) -> onnx.ModelProto:
    """Blocks of a gate and a sum one after the other, and a Tanh after the last one::

    x ──┬─ Relu a0 ─ Mul b0 (by a constant c0) ─ Sigmoid d0 ─ Add e0 ── … ── Tanh y
        └──────────────────────────────────────────────────────┘
    """
    lines, last = [], "x"
    for at in range(copies):
        lines.append(
            f"c{at} = Constant <value_float = 2.0> ()  a{at} = Relu ({last})  "
            f"b{at} = Mul (a{at}, c{at})  d{at} = Sigmoid (b{at})  e{at} = Add (d{at}, {last})"
        )
        last = f"e{at}"
    body = "\n".join(lines)
    return parse(f"g (float[4,8] x) => (float[4,8] y) {{\n{body}\ny = Tanh ({last})\n}}")


def stretches(flat: FlatGraph, *, halves: bool = True, copies: int = COPIES) -> list[Stretch]:
    """Each block, of confidence 0.9, and its gate in it, of confidence 0.8; one alone is a Net."""
    places = {name: at for at, name in enumerate(flat.columns.ids)}
    found = []
    for at in range(copies):
        ops = np.array(sorted(places[f"{one}{at}"] for one in "abde" if f"{one}{at}" in places))
        gate = np.array(sorted(places[f"{one}{at}"] for one in "ab"))
        inner = [Stretch(gate, 1, 0.8, "Gate")] if halves else []
        word = "" if copies > 1 else "Net"
        found.append(Stretch(ops, 0, 0.9, word, inner))
    return found


@contextmanager
def finding(found: object = stretches) -> Iterator[mock.Mock]:
    """What is found while this lasts: by default those blocks."""
    with mock.patch.object(tagging, "find_stretches", side_effect=found) as asked:
        yield asked


def opened(proto: onnx.ModelProto | None = None, *, recover: bool = True) -> TaggedGraph:
    """That graph, or another one, as hexviz sees it."""
    file = from_proto(blocks() if proto is None else proto, name="blocks.onnx")
    return TaggedGraph.of(tagging.tag(file, recover=recover))


def recovered(proto: onnx.ModelProto | None = None) -> TaggedGraph:
    """The same where those blocks are found."""
    with finding():
        return opened(proto)
