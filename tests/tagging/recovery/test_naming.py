"""Names for stretches, borders that are proven, and inner stretches."""

from __future__ import annotations

import numpy as np
import onnx
from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.flatten import flatten
from hexviz.tagging.recovery.patterns.naming import name_stretches
from hexviz.tagging.recovery.stretch import Stretch
from tests.tagging.random_graphs import models
from tests.tagging.recovery.graphs import transformer


def test_layers_are_found_without_any_repetition_given() -> None:
    flat = transformer(3)
    top = name_stretches(flat, [])
    assert [one.name for one in top] == ["TransformerLayer"] * 3
    assert len({one.family for one in top}) == 1
    assert [[one.name for one in layer.inner] for layer in top] == [
        ["MultiHeadAttention", "FeedForward"]
    ] * 3
    assert sorted(at for layer in top for at in layer.ops.tolist()) == list(
        range(len(flat.columns.ids))
    )


def test_a_period_that_begins_in_the_middle_gets_the_borders_of_the_layers() -> None:
    flat = transformer(4)
    size = len(flat.columns.ids) // 4
    shifted = [
        Stretch(np.arange(begin + 6, begin + size + 6), 0, 0.7) for begin in (0, size, 2 * size)
    ]
    top = name_stretches(flat, shifted)
    assert [(int(one.ops[0]), len(one.ops)) for one in top] == [
        (begin * size, size) for begin in range(4)
    ]
    assert {one.name for one in top} == {"TransformerLayer"}


@given(models(), st.lists(st.tuples(st.integers(0, 13), st.integers(1, 13)), max_size=4))
def test_any_graph_with_any_stretches_keeps_its_promises(
    proto: onnx.ModelProto, spans: list[tuple[int, int]]
) -> None:
    flat = flatten(proto)
    size, given_, end = len(flat.columns.ids), [], 0
    for gap, length in spans:
        ops = np.arange(min(end + gap, size), min(end + gap + length, size))
        end += gap + length
        if len(ops):
            given_.append(Stretch(ops, 0, 0.5))
    top = name_stretches(flat, given_)
    pending = [(np.arange(size), top)]
    while pending:
        around, beside = pending.pop()
        ops = [at for one in beside for at in one.ops.tolist()]
        assert len(ops) == len(set(ops))
        assert set(ops) <= set(around.tolist())
        pending += [(one.ops, one.inner) for one in beside]
        assert all(one.ops.tolist() == sorted(one.ops.tolist()) for one in beside)


def test_copies_that_do_not_prove_the_word_have_none() -> None:
    flat = transformer(3)
    size = len(flat.columns.ids) // 3
    copies = [Stretch(np.arange(begin, begin + 6), 5, 0.7) for begin in range(0, 3 * size, size)]
    names = {one.name for layer in name_stretches(flat, copies) for one in layer.walk()}
    assert names <= {"TransformerLayer", "MultiHeadAttention", "FeedForward", ""}
    assert [one.name for one in name_stretches(flat, copies)] == ["TransformerLayer"] * 3
