"""Types and shapes as a file tells them."""

import onnx
import pytest

from hexviz.model.types import has_negative_sizes, open_negative_sizes, shape_of

FLOAT = onnx.TensorProto.FLOAT


def tensor(*dims: int | str | None) -> onnx.TypeProto:
    made: onnx.TypeProto = onnx.helper.make_tensor_type_proto(FLOAT, dims)
    return made


@pytest.mark.parametrize(
    ("told", "shape"),
    [
        (tensor(-1, 4), ("?", 4)),
        (tensor(-7, -(2**63)), ("?", "?")),
        (tensor(0, 4), (0, 4)),
        (tensor("n", None, 1), ("n", "?", 1)),
        (onnx.helper.make_sequence_type_proto(tensor(-1, 2)), ("?", 2)),
        (onnx.helper.make_optional_type_proto(tensor(-1, 2)), ("?", 2)),
    ],
)
def test_a_negative_size_is_an_open_one(told: onnx.TypeProto, shape: tuple[int | str, ...]) -> None:
    assert shape_of(told) == shape
    open_negative_sizes(told)
    assert not has_negative_sizes(told)
    assert shape_of(told) == shape
