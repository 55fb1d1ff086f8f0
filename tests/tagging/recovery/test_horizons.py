"""What repeats between narrow places, whatever lies between and however varied it is inside."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hexviz.model.flatten import flatten
from hexviz.tagging.recovery import horizons
from hexviz.tagging.recovery.horizons import find_families
from hexviz.tagging.recovery.moving import find_moving


def families(types: list[tuple[str, ...]]) -> set[tuple[tuple[int, int], ...]]:
    """The stretches found in a stem and blocks, which have a sum around them if of several ops."""
    nodes: list[onnx.NodeProto] = []
    before = "x"

    def add(kind: str, *inputs: str) -> str:
        nodes.append(helper.make_node(kind, list(inputs), [f"v{len(nodes)}"]))
        return f"v{len(nodes) - 1}"

    for block in [("Sqrt",), *types]:
        after = before
        for kind in block:
            after = add(kind, after)
        before = add("Add", before, after) if len(block) > 1 else after
    value = helper.make_tensor_value_info
    ends = [value(name, TensorProto.FLOAT, None) for name in ("x", before)]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:])
    begins, starts, stops = find_families(find_moving(flatten(helper.make_model(graph))))
    spans = list(zip(starts.tolist(), stops.tolist(), strict=True))
    return {tuple(spans[one:two]) for one, two in pairwise(begins.tolist())}


BLOCK = ("Sin", "Cos", "Tan", "Exp", "Abs")


def test_blocks_in_a_row() -> None:
    assert ((1, 7), (7, 13), (13, 19)) in families([BLOCK] * 3)


def test_blocks_that_are_far_apart() -> None:
    assert ((1, 7), (10, 16)) in families([BLOCK, ("Neg",), ("Floor",), ("Ceil",), BLOCK])


def test_a_block_may_have_one_op_more() -> None:
    """Seen as a whole from afar, it is alike; op by op nothing would fall on the same place."""
    assert ((1, 7), (7, 14), (14, 20)) in families([BLOCK, (*BLOCK[:2], "Neg", *BLOCK[2:]), BLOCK])


def test_likeness_can_be_too_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizons, "_ALIKE", ())
    spans = families([BLOCK, (*BLOCK[:2], "Neg", *BLOCK[2:]), BLOCK])
    assert ((1, 7), (7, 14), (14, 20)) not in spans


def test_nothing_repeats() -> None:
    assert families([("Sin",), ("Cos",), ("Tan",)]) == set()


@pytest.mark.parametrize("count", [4_000, 8_000])
def test_what_is_kept_grows_with_the_graph_at_most(count: int) -> None:
    begins, starts, _ = _chain(count)
    assert len(starts) <= horizons._PER_PLACE * count
    assert len(begins) <= 4 * horizons._LONGEST
    assert (np.diff(begins) >= 2).all()


def _chain(count: int) -> horizons.Families:
    nodes = [helper.make_node("Relu", [f"v{at}"], [f"v{at + 1}"]) for at in range(count)]
    value = helper.make_tensor_value_info
    ends = [value(name, TensorProto.FLOAT, None) for name in ("v0", f"v{count}")]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:])
    return find_families(find_moving(flatten(helper.make_model(graph))))
