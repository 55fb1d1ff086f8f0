"""Graphs that say little or nothing: odd weights, none at all, or no ops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.nameless import nameless as renamed
from hexviz.matching.match import match
from hexviz.model.reader import read
from hexviz.tagging.tag import tag
from tests.matching.layered import graph_of, layered

ODD = [
    *("BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E5M2", "INT4", "UINT4", "FLOAT16", "DOUBLE"),
    *("COMPLEX64", "COMPLEX128", "STRING", "BOOL", "INT8", "UINT64"),
]


def tensor(kind: str, name: str, size: int) -> TensorProto:
    number = getattr(TensorProto, kind)
    if kind == "STRING":
        return helper.make_tensor(name, number, [size], [str(at).encode() for at in range(size)])
    return helper.make_tensor(name, number, [size], np.arange(size) % 2)


def selecting(weights: list[TensorProto]) -> onnx.ModelProto:
    """Each weight is gathered from, and each result is an output."""
    nodes = [helper.make_node("Gather", [one.name, "i"], [f"y{one.name}"]) for one in weights]
    index = helper.make_tensor_value_info("i", TensorProto.INT64, [1])
    outputs = [helper.make_tensor_value_info(f"y{one.name}", one.data_type, [1]) for one in weights]
    graph = helper.make_graph(nodes, "g", [index], outputs, weights)
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])


def nameless(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy without names; those of ``layered`` are numbers behind a v already."""
    return renamed(proto, letter="n")


def is_identity(before: onnx.ModelProto, after: onnx.ModelProto) -> bool:
    found = match(graph_of(before), graph_of(after))
    return [one.before for _, one in sorted(found.matches.items())] == [
        (at,) for at in range(found.ops_before)
    ]


@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize("kind", ODD)
def test_weights_of_any_type(kind: str, size: int) -> None:
    proto = selecting([tensor(kind, "v", size), tensor("FLOAT", "w", size)])
    assert is_identity(proto, proto)
    assert is_identity(proto, nameless(proto))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e38, 0.0])
def test_weights_of_one_number(number: float) -> None:
    array = np.full((8, 8), number, np.float32)
    mixed = array.copy()
    mixed[0] = np.arange(8)
    weights = [numpy_helper.from_array(array, "v"), numpy_helper.from_array(mixed, "w")]
    proto = selecting(weights)
    assert is_identity(proto, nameless(proto))


def test_sparse_weights() -> None:
    proto = selecting([tensor("FLOAT", "w", 5)])
    values = helper.make_tensor("s", TensorProto.FLOAT, [2], [1.0, 2.5])
    indices = helper.make_tensor("at", TensorProto.INT64, [2], [1, 3])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [6]))
    proto.graph.node.append(helper.make_node("Gather", ["s", "i"], ["z"]))
    proto.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1]))
    assert is_identity(proto, nameless(proto))


def test_graphs_with_nothing_in_them() -> None:
    empty = helper.make_model(helper.make_graph([], "g", [], []))
    found = match(graph_of(empty), graph_of(empty))
    assert not found.matches
    full = layered("ab")
    for pair in ((empty, full), (full, empty)):
        found = match(*(graph_of(one) for one in pair))
        assert not found.matches
        assert found.related == 0.0


def test_graphs_without_inputs_outputs_or_weights() -> None:
    for field in ("input", "output", "initializer"):
        proto = layered("abc")
        proto.graph.ClearField(field)
        assert is_identity(proto, proto)
    bare = layered("abc")
    bare.graph.ClearField("input")
    bare.graph.ClearField("output")
    assert is_identity(bare, nameless(bare))


def test_weights_that_were_trained_further_are_known_by_names() -> None:
    other = layered("abcd")
    for weight in other.graph.initializer:
        array = numpy_helper.to_array(weight)
        draw = np.random.default_rng(array.size)
        fresh = draw.standard_normal(array.shape).astype(np.float32)
        weight.CopyFrom(numpy_helper.from_array(fresh, weight.name))
    assert is_identity(layered("abcd"), other)


def test_external_data_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(layered("abcd"), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    whole = graph_of(layered("abcd"))
    (tmp_path / "w.bin").write_bytes((tmp_path / "w.bin").read_bytes()[:900])
    found = match(whole, tag(read(path)))
    assert [one.before for _, one in sorted(found.matches.items())] == [
        (at,) for at in range(found.ops_before)
    ]


def test_a_wrong_weight_does_not_make_its_surroundings_wrong() -> None:
    """Two layers changed the contents of one weight; all around them stay where they were."""
    before, after = layered("abcdef"), nameless(layered("abcdef"))
    swapped = [one for one in after.graph.initializer if tuple(one.dims) == (16, 16)]
    one, two = swapped[1], swapped[4]
    one.raw_data, two.raw_data = two.raw_data, one.raw_data
    graphs = graph_of(before), graph_of(after)
    found = match(*graphs)
    wrong = [at for at, match_ in found.matches.items() if match_.before[0] != at]
    assert len(found.matches) >= found.ops_after - 4
    assert len(wrong) <= 4
    assert {graphs[1].ops[at].op_type for at in wrong} <= {"MatMul", "Add"}


def test_biases_that_are_all_zero_say_nothing_of_which_is_which() -> None:
    proto = layered("abcdef")
    for weight in proto.graph.initializer:
        if len(weight.dims) == 1:
            zeros = np.zeros(tuple(weight.dims), np.float32)
            weight.CopyFrom(numpy_helper.from_array(zeros, weight.name))
    assert is_identity(proto, nameless(proto))
