"""How far two tensors are, where that is not just a subtraction."""

import math

import ml_dtypes
import numpy as np
import pytest

from hexviz.errors import MeasureError
from hexviz.measure.parity.tensor_error import relative_error, tensor_error

LOWEST = float(np.finfo(np.float32).min)


def floats(*numbers: float, dtype: object = np.float32) -> np.ndarray:
    return np.array(numbers, np.float64).astype(dtype)  # type: ignore[call-overload]


def test_errors_are_relative_to_the_largest_magnitude() -> None:
    found = tensor_error(floats(0.0, 1.0, -2.5), floats(0.001, 1.0, -2.0))
    assert found.max_abs_error == 0.5
    assert found.max_rel_error == 0.25
    assert found.cosine == pytest.approx(6 / math.sqrt(7.25 * 5.000001))
    assert found.sqnr_db == pytest.approx(10 * math.log10(5.000001 / 0.250001))


def test_equal_tensors_have_no_error() -> None:
    found = tensor_error(floats(1, 2), floats(1, 2))
    assert (found.max_abs_error, found.max_rel_error) == (0, 0)
    assert found.cosine == pytest.approx(1)
    assert found.sqnr_db is None


def test_what_is_not_finite_is_compared_by_place() -> None:
    reference = floats(0.5, LOWEST, -math.inf, math.nan)
    assert tensor_error(floats(0.5, -math.inf, LOWEST, math.nan), reference).max_rel_error == 0
    half = floats(0.5, -65504, -10000, math.nan, dtype=np.float16)
    assert tensor_error(half, reference).max_rel_error == 0
    moved = tensor_error(floats(LOWEST, 0.5, -math.inf, math.nan), reference)
    assert moved.max_rel_error is None
    assert relative_error(moved) == math.inf
    assert tensor_error(floats(0.5, math.inf, -math.inf, math.nan), reference).max_abs_error is None
    assert tensor_error(floats(math.nan), floats(1.0)).max_abs_error is None


def test_the_ends_of_a_mask_do_not_hide_an_error_beside_them() -> None:
    found = tensor_error(floats(0.5, LOWEST), floats(1.0, LOWEST))
    assert (found.max_abs_error, found.max_rel_error) == (0.5, 0.5)


def test_numbers_where_the_reference_is_all_zero_are_infinitely_wrong() -> None:
    assert tensor_error(floats(1e-9, 0), floats(0, 0)).max_rel_error is None
    assert tensor_error(floats(0, 0), floats(0, 0)).max_rel_error == 0


def test_integers_and_bools_are_exact() -> None:
    large = np.array([2**62, 5], np.int64)
    assert tensor_error(large, large).max_rel_error == 0
    assert tensor_error(large + np.array([1, 0]), large).max_rel_error == 1
    assert tensor_error(np.array([True]), np.array([False])).max_abs_error == 1
    assert tensor_error(np.array(["a"]), np.array(["b"])).max_rel_error == 1
    # A mask that one side keeps as numbers.
    assert tensor_error(np.array([True, False]), floats(1, 0)).max_rel_error == 0


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_floats_are_compared_as_numbers(dtype: object) -> None:
    found = tensor_error(floats(1, 2, dtype=dtype), floats(1, 4))
    assert found.max_rel_error == 0.5


def test_long_tensors_are_compared_to_their_end() -> None:
    reference = np.ones((3, 1 << 20), np.float32)
    ours = reference.copy()
    ours[-1, -1] = 3
    assert tensor_error(ours, reference).max_abs_error == 2


def test_empty_tensors_are_equal_and_other_shapes_are_refused() -> None:
    empty = np.zeros((0, 4), np.float32)
    assert tensor_error(empty, empty).max_rel_error == 0
    with pytest.raises(MeasureError, match=r"\[2, 1\] cannot be compared with .*\[2\]"):
        tensor_error(np.zeros((2, 1)), np.zeros(2))
