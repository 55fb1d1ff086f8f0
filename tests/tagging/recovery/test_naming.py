"""Names for stretches, borders that are proven, and inner stretches."""

from __future__ import annotations

import numpy as np

from hexviz.tagging.recovery.patterns.naming import name_stretches
from hexviz.tagging.recovery.stretch import Stretch
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
