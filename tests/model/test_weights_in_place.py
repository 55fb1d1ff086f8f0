"""Files opened with their large weights left in them."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import hexviz
from hexviz.errors import ReadError
from hexviz.matching.sliced_run import values_of
from hexviz.model.reader import digest, digest_of
from hexviz.model.weights_in_place import elements_in_place, is_askew, read_in_place
from hexviz.tagging.tag import load

WIDE = 640  # 1.6 MB for a square of floats


def a_file(folder: Path, name: str = "m") -> Path:
    """Square weights whose names have different lengths, so that most lie at no multiple of 4."""
    draw = np.random.default_rng(0)
    weights = [
        onnx.numpy_helper.from_array(draw.standard_normal((WIDE, WIDE)).astype(np.float32), one)
        for one in (f"{name}.weight", f"{name}.a.weight", f"{name}.ab.weight", f"{name}.abc.weight")
    ]
    bias = onnx.numpy_helper.from_array(np.ones(WIDE, np.float32), "bias")
    nodes, read = [], "x"
    for at, weight in enumerate(weights):
        nodes.append(onnx.helper.make_node("MatMul", [read, weight.name], [f"h{at}"]))
        read = f"h{at}"
    nodes.append(onnx.helper.make_node("Add", [read, "bias"], ["y"]))
    kind = [onnx.helper.make_tensor_value_info(one, 1, [2, WIDE]) for one in "xy"]
    graph = onnx.helper.make_graph(nodes, "g", kind[:1], kind[1:], [*weights, bias])
    model = onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_large_weights_stay_in_the_file_and_all_else_is_as_it_was(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    file, whole = read_in_place(path), onnx.load(path)
    assert file.proto.ByteSize() < 10_000
    assert file.name == path.name
    left = [one for one in file.proto.graph.initializer if one.external_data]
    assert [one.name for one in left] == [one.name for one in whole.graph.initializer[:4]]
    for mine, theirs in zip(file.proto.graph.initializer, whole.graph.initializer, strict=True):
        if mine.external_data:
            found = elements_in_place(mine, file.base_dir)
            np.testing.assert_array_equal(found, onnx.numpy_helper.to_array(theirs))
            mine.CopyFrom(theirs)
    assert file.proto == whole


def test_values_are_the_same_to_the_bit_wherever_weights_lie(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    graph = load(path, weights_in_place=True)
    assert any(is_askew(one) for one in graph.proto.graph.initializer)
    feed = {"x": np.random.default_rng(1).standard_normal((2, WIDE)).astype(np.float32)}
    mine = {name: value.copy() for name, value in values_of(graph, feed)}
    for name, value in values_of(hexviz.load(path), feed):
        np.testing.assert_array_equal(mine[name], value)
    assert graph.proto.ByteSize() < 10_000


def test_a_file_that_was_cut_short_says_so(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    content = path.read_bytes()
    file = read_in_place(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ReadError, match="cut short"):
        read_in_place(path)
    with pytest.raises(ReadError, match=r"m\.onnx ends before the weight 'm\.abc\.weight' does"):
        elements_in_place(file.proto.graph.initializer[3], file.base_dir)
    path.unlink()
    with pytest.raises(ReadError, match="cannot be read"):
        elements_in_place(file.proto.graph.initializer[0], file.base_dir)
    with pytest.raises(ReadError, match="does not exist"):
        read_in_place(path)
    with pytest.raises(ReadError, match="cannot be read"):
        digest_of(path)


@pytest.mark.parametrize("noise", [b"\x00", b"\xff" * 12, b"\x3a\xff\xff\xff\x7f", b"\x0b"])
def test_what_is_no_model_is_refused_as_ever(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(noise * (1 << 21))
    with pytest.raises(ReadError, match="not an ONNX model"):
        read_in_place(path)


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    assert digest_of(path) == digest(path.read_bytes())
