from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.model import tensors
from hexviz.model.reader import STORED_SPARSELY, WEIGHTS_LEFT_OUT, from_proto
from hexviz.model.tensors import MOST_BINS, MOST_READ, TensorSummary, npy, tensor_summary
from tests.build import parse


def summary_of(values: Any, dtype: Any = None) -> TensorSummary:
    """The summary of an array, through a protobuf as in a file."""
    return tensor_summary(onnx.numpy_helper.from_array(np.array(values, dtype=dtype)))


def summary_of_proto(**fields: Any) -> TensorSummary:
    return tensor_summary(onnx.TensorProto(**fields))


def test_figures_of_ordinary_numbers() -> None:
    summary = summary_of([[1.0, 2.0], [0.0, 5.0]], np.float32)
    assert (summary.dtype, summary.shape, summary.size) == ("float", (2, 2), 4)
    assert summary.nbytes == 16
    assert summary.elements == "[[1, 2], [0, 5]]"
    found = summary.statistics
    assert found is not None
    assert (found.minimum, found.maximum, found.mean) == (0, 5, 2)
    assert found.std == pytest.approx(math.sqrt(3.5))
    assert (found.zeros, found.nans, found.infinities) == (1, 0, 0)
    assert summary.histogram is not None
    assert len(summary.histogram.counts) == MOST_BINS
    assert sum(summary.histogram.counts) == 4
    assert summary.histogram.counts[-1] == 1  # the greatest is in the last bin, not past it
    assert not summary.note
    assert not summary.unreadable


@pytest.mark.parametrize(
    "dtype",
    [
        np.float16,
        np.float64,
        np.int8,
        np.int64,
        np.uint8,
        np.uint64,
        ml_dtypes.bfloat16,
        ml_dtypes.float8_e4m3fn,
        ml_dtypes.float8_e4m3fnuz,
        ml_dtypes.float8_e5m2,
        ml_dtypes.float8_e5m2fnuz,
        ml_dtypes.int4,
        ml_dtypes.uint4,
        ml_dtypes.float4_e2m1fn,
    ],
)
def test_every_kind_of_number(dtype: Any) -> None:
    summary = summary_of([0, 1, 2, 3, 1], dtype)
    assert not summary.unreadable
    assert summary.elements == "[0, 1, 2, 3, 1]"
    found = summary.statistics
    assert found is not None
    assert (found.minimum, found.maximum, found.zeros) == (0, 3, 1)
    assert found.mean == pytest.approx(1.4)
    assert summary.histogram is not None
    assert sum(summary.histogram.counts) == 5


def test_a_small_range_of_integers_has_a_bin_for_each() -> None:
    summary = summary_of([-2, -2, 0, 3], np.int64)
    assert summary.histogram is not None
    assert (summary.histogram.low, summary.histogram.high) == (-2, 3)
    assert summary.histogram.counts == (2, 0, 1, 0, 0, 1)
    assert summary.histogram.whole


def test_booleans_count_as_zero_and_one() -> None:
    summary = summary_of([True, False, True, True])
    assert summary.statistics is not None
    assert (summary.statistics.mean, summary.statistics.zeros) == (0.75, 1)
    assert summary.histogram is not None
    assert summary.histogram.counts == (1, 3)
    odd = summary_of_proto(data_type=onnx.TensorProto.BOOL, dims=[2], raw_data=b"\x02\x00")
    assert odd.statistics is not None
    assert odd.statistics.maximum == 1


def test_long_integers_keep_their_digits() -> None:
    summary = summary_of([2**63 - 1, -(2**63), 2**62 + 1], np.int64)
    assert summary.statistics is not None
    assert summary.statistics.maximum == 2**63 - 1
    assert summary.statistics.minimum == -(2**63)
    close = summary_of([2**62, 2**62 + 1], np.int64)
    assert close.histogram is not None
    assert not close.histogram.whole


def test_text_is_spelled_and_has_no_statistics() -> None:
    words = [b"a", b"b" * 100, b"<b>"]
    summary = summary_of_proto(data_type=onnx.TensorProto.STRING, dims=[3], string_data=words)
    assert summary.elements == f"[“a”, “{'b' * 39}…”, “<b>”]"
    assert summary.note == "text, so without statistics"
    assert summary.nbytes is None
    assert summary.statistics is None
    stray = summary_of_proto(data_type=onnx.TensorProto.STRING, dims=[1], string_data=[b"\xff\xfe"])
    assert stray.elements == "[“��”]"


def test_complex_numbers_have_no_statistics() -> None:
    summary = summary_of([1 + 2j], np.complex64)
    assert summary.elements == "[(1+2j)]"
    assert summary.note == "complex numbers, so without statistics"


def test_empty_and_scalar_tensors() -> None:
    empty = summary_of(np.zeros((0, 3), np.float32))
    assert (empty.size, empty.elements, empty.statistics, empty.unreadable) == (0, "[]", None, "")
    scalar = summary_of(0.125, np.float32)
    assert (scalar.shape, scalar.size, scalar.elements) == ((), 1, "0.125")
    assert scalar.statistics is not None
    assert (scalar.statistics.std, scalar.statistics.minimum) == (0, 0.125)
    assert scalar.histogram is not None
    assert scalar.histogram.counts == (1,)


def test_what_is_not_finite_is_counted_and_left_out_of_the_rest() -> None:
    summary = summary_of([math.nan, math.inf, -math.inf, -math.inf, 1, 3], np.float32)
    found = summary.statistics
    assert found is not None
    assert (found.nans, found.infinities) == (1, 3)
    assert (found.minimum, found.maximum, found.mean, found.std) == (1, 3, 2, 1)
    assert summary.histogram is not None
    assert sum(summary.histogram.counts) == 2


def test_nothing_but_nan() -> None:
    summary = summary_of([math.nan] * 3, np.float16)
    found = summary.statistics
    assert found is not None
    assert (found.minimum, found.maximum, found.mean, found.std) == (None,) * 4
    assert (found.nans, found.zeros) == (3, 0)
    assert summary.histogram is None


def test_zero_slices_tell_of_pruned_channels() -> None:
    weight = np.ones((4, 3, 2), np.float32)
    weight[[1, 3]] = 0
    summary = summary_of(weight)
    assert summary.statistics is not None
    assert summary.statistics.zero_slices == ((0, 2, 4),)
    assert summary.statistics.zeros == 12
    weight[:, 2] = 0
    weight[1, 2, 0] = math.nan
    summary = summary_of(weight)
    assert summary.statistics is not None
    assert summary.statistics.zero_slices == ((0, 1, 4),)


@given(st.lists(st.floats(), min_size=1, max_size=40))
def test_any_numbers_at_all(values: list[float]) -> None:
    """No warning, no overflow: the range of 64-bit floats is wider than their arithmetic."""
    summary = summary_of(values, np.float64)
    found = summary.statistics
    assert found is not None
    finite = [value for value in values if math.isfinite(value)]
    assert found.nans + found.infinities + len(finite) == len(values)
    if finite:
        assert (found.minimum, found.maximum) == (min(finite), max(finite))
        assert found.mean is not None
        assert found.std is not None
        assert math.isfinite(found.mean)
        assert math.isfinite(found.std)
        assert summary.histogram is not None
        assert sum(summary.histogram.counts) == len(finite)


def test_large_tensors_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx.numpy_helper, "to_array", lambda _: pytest.fail("it was read"))
    large = summary_of(np.zeros((MOST_READ + 1,), np.int8))
    assert large.note == "more than 1,000,000 elements, so not read"
    assert (large.size, large.nbytes) == (MOST_READ + 1, MOST_READ + 1)
    assert large.statistics is None
    assert not large.unreadable


def summary_of_external(
    folder: Path | None, content: bytes | None = None, **changed: Any
) -> TensorSummary:
    """The summary of a tensor whose data lies in ``w.bin``, two floats at the second one there."""
    if content is not None and folder is not None:
        (folder / "w.bin").write_bytes(content)
    given: dict[str, Any] = {
        "location": "w.bin",
        "offset": 4,
        "length": 8,
        "data_type": onnx.TensorProto.FLOAT,
        "dims": [2],
    }
    given |= changed
    tensor = onnx.TensorProto(
        data_type=given.pop("data_type"),
        dims=given.pop("dims"),
        data_location=onnx.TensorProto.EXTERNAL,
    )
    for key, value in given.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor_summary(tensor, base_dir=folder)


def test_data_beside_the_model_is_read_at_its_place(tmp_path: Path) -> None:
    content = np.array([9, 1, 3, 9], np.float32).tobytes()
    summary = summary_of_external(tmp_path, content)
    assert summary.outside
    assert summary.elements == "[1, 3]"
    int4 = onnx.TensorProto.INT4
    packed = summary_of_external(tmp_path, data_type=int4, dims=[3], offset=0, length=2)
    assert packed.size == 3
    assert not packed.unreadable


def test_a_file_of_gigabytes_is_not_opened(tmp_path: Path) -> None:
    size = 800_000_000
    (tmp_path / "w.bin").mkdir()  # which cannot be read
    summary = summary_of_external(tmp_path, dims=[size], length=4 * size)
    assert summary.note == "more than 1,000,000 elements, so not read"
    assert summary.nbytes == 3_200_000_000


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"location": "gone.bin"}, "gone.bin is missing"),
        ({"location": ""}, "is missing"),
        ({"location": "../w.bin"}, "outside the model's folder"),
        ({"location": "/etc/passwd"}, "outside the model's folder"),
        ({"location": "a\0b"}, "null"),
        ({"offset": 12}, "w.bin ends before its data does"),
        ({"offset": 10**30}, ""),
        ({"offset": -5}, ""),
        ({"length": 4}, "it holds 4 bytes, and its shape wants 8"),
        ({"offset": "four"}, ""),
        ({"dims": [-2]}, "a dimension is negative"),
        ({"data_type": onnx.TensorProto.UNDEFINED}, ""),
        ({"data_type": onnx.TensorProto.STRING}, ""),
    ],
)
def test_damaged_data_beside_the_model_is_told(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    summary = summary_of_external(tmp_path, b"\0" * 16, **changed)
    assert summary.unreadable
    assert reason in summary.unreadable
    assert str(tmp_path) not in summary.unreadable
    assert summary.statistics is None


def test_data_in_a_folder_that_nobody_knows_is_not_looked_for() -> None:
    assert summary_of_external(None).unreadable == "the folder of its data is unknown"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\0" * 16)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    assert "outside" in summary_of_external(folder).unreadable


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (WEIGHTS_LEFT_OUT, "left out of the export"),
        (STORED_SPARSELY, "stored sparsely, so not read"),
    ],
)
def test_what_is_elsewhere_says_so(tmp_path: Path, location: str, reason: str) -> None:
    (tmp_path / location).write_bytes(b"\0" * 16)
    summary = summary_of_external(tmp_path, location=location)
    assert summary.note == reason
    assert not summary.outside
    assert not summary.unreadable
    assert summary.statistics is None


@pytest.mark.parametrize(
    "fields",
    [
        {"data_type": 1, "dims": [4], "raw_data": b"x"},
        {"data_type": 1, "dims": [4]},
        {"data_type": 1, "dims": [4], "float_data": [1]},
        {"data_type": 1, "dims": [2], "int64_data": [1, 2]},
        {"data_type": 1, "dims": [-1], "float_data": [1]},
        {"data_type": 1, "dims": [2**62, 0, -1]},
        {"data_type": 1, "dims": [1] * 80, "float_data": [1]},
        {"data_type": 0, "dims": [1], "raw_data": b"\0\0\0\0"},
        {"data_type": 99, "dims": [1], "raw_data": b"\0\0\0\0"},
        {"data_type": onnx.TensorProto.STRING, "dims": [2], "string_data": [b"a"]},
        {"data_type": onnx.TensorProto.INT4, "dims": [40], "raw_data": b"xy"},
        {"data_type": onnx.TensorProto.INT4, "dims": [40], "int32_data": [1, 2]},
    ],
    ids=str,
)
def test_damaged_tensors_are_told(fields: dict[str, Any]) -> None:
    summary = summary_of_proto(**fields)
    assert summary.unreadable
    assert "\n" not in summary.unreadable
    assert summary.statistics is None


@given(
    st.integers(0, 30),
    st.lists(st.integers(-3, 40), max_size=4),
    st.binary(max_size=64),
    st.sampled_from(["raw_data", "float_data", "int32_data", "int64_data", "uint64_data"]),
)
def test_no_tensor_whatsoever_is_a_crash(
    data_type: int, dims: list[int], content: bytes, field: str
) -> None:
    summary_of_proto(
        data_type=data_type,
        dims=dims,
        **{field: content if field == "raw_data" else list(content)},
    )


def test_packed_numbers_may_lie_in_entries_of_their_own() -> None:
    summary = summary_of_proto(data_type=onnx.TensorProto.UINT4, dims=[3], int32_data=[0x21, 0x03])
    assert summary.elements == "[1, 2, 3]"


def test_initializers_of_a_read_file() -> None:
    file = from_proto(
        parse("g (float[2] x) => (float[2] y) <float[2] w = {1, 3}> { y = Add (x, w) }"), name="f"
    )
    assert tensor_summary(file.proto.graph.initializer[0]).elements == "[1, 3]"


@pytest.mark.parametrize(
    ("values", "dtype", "kept"),
    [
        ([[1.5, -2]], np.float32, np.float32),
        ([True, False], np.bool_, np.bool_),
        ([1, 2], np.int64, np.int64),
        ([1.5, 2], ml_dtypes.bfloat16, np.float32),
        ([-3, 7], ml_dtypes.int4, np.int8),
        (2.5, np.float64, np.float64),
    ],
)
def test_elements_are_saved_so_that_numpy_reads_them_without_pickle(
    values: Any, dtype: Any, kept: Any
) -> None:
    array = np.array(values, dtype=dtype)
    saved = npy(onnx.numpy_helper.from_array(array))
    assert saved is not None
    read = np.load(io.BytesIO(saved), allow_pickle=False)
    assert (read.dtype, read.shape) == (kept, array.shape)
    assert np.array_equal(read, array.astype(kept))


def test_what_cannot_be_saved_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    text = onnx.helper.make_tensor("t", onnx.TensorProto.STRING, [1], [b"a"])
    assert npy(text) is None
    short = onnx.TensorProto(data_type=onnx.TensorProto.FLOAT, dims=[4], raw_data=b"\0" * 4)
    assert npy(short) is None
    monkeypatch.setattr(tensors, "MOST_SAVED", 15)
    assert npy(onnx.helper.make_tensor("t", onnx.TensorProto.INT8, [2], [1, 2])) is None
    assert npy(onnx.helper.make_tensor("t", onnx.TensorProto.INT8, [1], [1])) is not None
