"""What ONNX's checker and ONNX Runtime say of a model, in one line each."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.errors import ExtractionError
from hexviz.extraction.check import check
from hexviz.extraction.runtime import one_line, open_session, run, runtime_version, to_value
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import parse

GOOD = "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add (x, w) }"


def external(folder: Path, text: str = GOOD, size: int = 2) -> onnx.ModelProto:
    """The model with its weight ``w`` in a file, as a reader that loads none would see it."""
    proto = parse(text)
    path = folder / "m.onnx"
    array = np.arange(size, dtype=np.float32)
    proto.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(array, "w"))
    onnx.save(proto, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return onnx.load(path, load_external_data=False)


def leave_out(tensor: onnx.TensorProto) -> None:
    for key in ("raw_data", "float_data", "external_data"):
        tensor.ClearField(key)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)


def test_a_good_model_passes() -> None:
    checks = check(parse(GOOD), None)
    assert checks.ok
    assert checks.sound
    assert checks.versions == (f"onnx {onnx.__version__}", runtime_version())
    assert checks.record()["checker"] is None


def test_a_value_that_nobody_makes_is_found_by_both() -> None:
    checks = check(parse("g (float[2] x) => (float[2] y) { y = Add (x, lost) }"), None)
    assert not checks.sound
    assert "lost" in str(checks.checker)
    assert "'lost' is not a graph input" in str(checks.runtime)
    assert not checks.unsupported
    assert "\n" not in f"{checks.checker}{checks.runtime}"


def test_a_wrong_shape_is_found() -> None:
    checks = check(parse("g (float[2] x) => (float[3] y) { y = Neg (x) }"), None)
    assert "differ in dimension 0" in str(checks.checker)


@pytest.mark.parametrize(
    "text",
    [
        "g (bfloat16[2] x) => (bfloat16[2] y) { y = Add (x, x) }",
        """<ir_version: 10, opset_import: ["" : 20, "nowhere" : 1]>
        g (float[2] x) => (float[2] y) { y = nowhere.Odd (x) }""",
    ],
)
def test_what_the_runtime_does_not_know_is_no_fault_of_the_model(text: str) -> None:
    checks = check(parse(text), None)
    assert checks.unsupported
    assert checks.sound
    assert not checks.ok


def test_weights_in_another_file_are_found_and_nothing_is_written(tmp_path: Path) -> None:
    proto = external(tmp_path)
    before = sorted(tmp_path.iterdir())
    content = proto.SerializeToString()
    assert check(proto, tmp_path).ok
    assert sorted(tmp_path.iterdir()) == before
    assert proto.SerializeToString() == content


def test_large_weights_are_not_read_for_the_checker(tmp_path: Path) -> None:
    text = GOOD.replace("[2]", "[100000]").replace("= {1, 2}", "= {1}")
    assert check(external(tmp_path, text, 100_000), tmp_path).ok


def test_a_missing_file_is_said_by_the_runtime(tmp_path: Path) -> None:
    proto = external(tmp_path)
    (tmp_path / "w.bin").unlink()
    checks = check(proto, tmp_path)
    assert checks.checker is None
    assert "w.bin" in str(checks.runtime)
    assert "tensorprotoutils" not in str(checks.runtime)
    assert "was not given" in str(check(proto, None).runtime)


def test_a_shape_in_another_file_is_read_for_the_checker(tmp_path: Path) -> None:
    text = """g (float[4] x) => (float[a, b] y)
    { s = Constant <value = int64[2] {2, 2}> () y = Reshape (x, s) }"""
    proto = parse(text)
    tensor = proto.graph.node[0].attribute[0].t
    tensor.ClearField("int64_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="s.bin")
    tensor.external_data.add(key="length", value="16")
    (tmp_path / "s.bin").write_bytes(np.array([2, 2]).tobytes())
    checks = check(proto, tmp_path)
    assert checks.checker is None
    assert "external" in str(checks.runtime)  # it reads no shapes from there


def test_weights_left_out_leave_the_structure_to_check() -> None:
    proto = parse(GOOD)
    leave_out(proto.graph.initializer[0])
    checks = check(proto, None)
    assert checks.checker is None
    assert checks.runtime == "The weights were left out of the model, so it cannot be run."
    assert checks.sound
    assert not checks.ok
    proto.graph.node[0].input[0] = "lost"
    assert not check(proto, None).sound


def test_deep_nesting_is_refused_and_does_not_crash() -> None:
    value = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2])
    node = onnx.helper.make_node("Neg", ["x"], ["y"])
    for _ in range(28):
        body = onnx.helper.make_graph([node], "body", [], [value])
        node = onnx.helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
        del node.attribute[1].g.node[:]
        node.attribute[1].g.node.add(op_type="Neg", input=["x"], output=["y"])
    proto = parse("g (bool c, float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.node[0].CopyFrom(node)
    for told in (check(proto, None).checker, check(proto, None).runtime):
        assert told is None or "\n" not in told


def test_a_refusal_is_one_line_without_source_code() -> None:
    text = (
        "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Add node. "
        "Name:'a' Status Message: /src/x/element_wise_ops.h:563 void onnxruntime::B<T>::Init("
        "std::map<int, int (*)(int)>, ptrdiff_t) const [with T = float] Attempting to broadcast.\n"
    )
    told = one_line(RuntimeError(text))
    assert told == "Failed in Add node. Name:'a' Attempting to broadcast."


def test_a_run_that_fails_says_so_in_one_line() -> None:
    text = "g (float[n] x, float[m] z) => (float[k] y) { y = Add (x, z) }"
    session = open_session(parse(text), None)
    feed = {"x": to_value(np.ones(2, np.float32)), "z": to_value(np.ones(3, np.float32))}
    with pytest.raises(ExtractionError, match=r"^Failed in Add node\. .*2 by 3$"):
        run(session, ["y"], feed)
    with pytest.raises(ExtractionError, match="Nothing is given for the input 'z'"):
        run(session, ["y"], {"x": feed["x"]})
