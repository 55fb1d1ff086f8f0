import contextlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.errors import ReadError
from hexviz.model.reader import WEIGHTS_LEFT_OUT, external_locations, parse, read
from tests.build import parse as parse_text

MODEL = parse_text("g (float[2] x) => (float[2] y) { y = Neg (x) }")


def external(location: str) -> onnx.ModelProto:
    proto = parse_text("g (float[2] x, float[2] w) => (float[2] y) { y = Add (x, w) }")
    tensor = onnx.numpy_helper.from_array(np.zeros(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    proto.graph.initializer.append(tensor)
    return proto


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(MODEL.SerializeToString())
    file = read(path)
    assert file.name == "m.onnx"
    assert file.base_dir == tmp_path
    assert [node.op_type for node in file.proto.graph.node] == ["Neg"]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model", b"\x00" * 64, b"PK\x03\x04" + b"x" * 40, MODEL.SerializeToString()[:-7]],
    ids=["empty", "text", "zeros", "zip", "truncated"],
)
def test_what_is_no_model_is_one_clear_line(content: bytes) -> None:
    with pytest.raises(ReadError, match=r"is not an ONNX model") as caught:
        parse(content, name="thing.onnx")
    assert "thing.onnx" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_truncation_is_an_error_or_a_model() -> None:
    whole = MODEL.SerializeToString()
    for end in range(len(whole)):
        with contextlib.suppress(ReadError):  # any other error fails the test
            parse(whole[:end], name="cut.onnx")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist: check the path"):
        read(tmp_path / "no.onnx")
    with pytest.raises(ReadError, match="is a folder"):
        read(tmp_path)


def test_missing_external_data_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(external("weights.bin").SerializeToString())
    with pytest.raises(ReadError, match=r"keeps its weights in weights\.bin, which is missing"):
        read(path)
    (tmp_path / "weights.bin").write_bytes(b"\0" * 8)
    assert read(path).base_dir == tmp_path


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../x", "..\\x"])
def test_external_data_cannot_leave_the_folder(tmp_path: Path, location: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(external(location).SerializeToString())
    with pytest.raises(ReadError, match="outside its folder"):
        read(path)


def test_external_data_cannot_leave_through_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 8)
    (folder / "weights.bin").symlink_to(tmp_path / "secret")
    (folder / "m.onnx").write_bytes(external("weights.bin").SerializeToString())
    with pytest.raises(ReadError, match="through a link out of its folder"):
        read(folder / "m.onnx")


def test_an_upload_cannot_bring_external_data() -> None:
    with pytest.raises(ReadError, match="which was not given"):
        parse(external("weights.bin").SerializeToString(), name="m.onnx")


def test_weights_left_out_on_purpose_are_no_missing_file() -> None:
    proto = external(WEIGHTS_LEFT_OUT)
    assert external_locations(proto) == set()
    assert parse(proto.SerializeToString(), name="m.onnx").proto == proto


@pytest.mark.parametrize("location", ["", "a\0b", "x" * 5000])
def test_a_location_that_is_no_name_is_a_clear_line(tmp_path: Path, location: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(external(location).SerializeToString())
    with pytest.raises(ReadError, match="export it again"):
        read(path)


def test_a_classifier_that_puts_out_maps_opens() -> None:
    """A valid model; onnx-ir has no type for maps."""
    proto = parse_text("g (float[1,2] x) => (float[1,2] y) { y = Neg (x) }")
    output = proto.graph.output.add(name="z")
    kind = output.type.sequence_type.elem_type.map_type
    kind.key_type = onnx.TensorProto.INT64
    kind.value_type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    proto.graph.node.append(
        onnx.helper.make_node(
            "ZipMap", ["y"], ["z"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]
        )
    )
    file = parse(proto.SerializeToString(), name="classifier.onnx")
    assert [node.op_type for node in file.proto.graph.node] == ["Neg", "ZipMap"]
    assert file.proto == proto
