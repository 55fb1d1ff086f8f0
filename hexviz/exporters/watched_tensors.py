"""The tensors of a watched model: found in what a call gives, as arrays, and told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor

from hexviz.exporters.rebind import flat_outputs

__all__ = ["Array", "as_plain", "close", "copied", "fingerprint", "same", "tensors_in", "to_array"]

Array = npt.NDArray[Any]

_SAMPLED = 512  # elements by which tensors are told apart at first


def to_array(tensor: Tensor) -> Array:
    """The elements of a tensor; types that numpy has not come as those of ``ml_dtypes``."""
    plain = tensor.detach().cpu().contiguous()
    if plain.is_complex():
        plain = torch.view_as_real(plain)
    try:
        return np.asarray(plain.numpy())
    except TypeError:
        name = str(plain.dtype).removeprefix("torch.").upper()
        kind = onnx.TensorProto.DataType.Value(name)
        bits = {1: torch.uint8, 2: torch.int16}[plain.element_size()]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
        return np.asarray(plain.view(bits).numpy()).view(dtype)


def tensors_in(given: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists, dicts and dataclasses, in order."""
    return [tensor for _, tensor in flat_outputs(_opened(given)) if _is_plain(tensor)]


def _opened(given: Any) -> Any:
    """Dataclasses, of which torch does not know how they are nested, as dicts."""
    if dataclasses.is_dataclass(given) and not isinstance(given, (type, Mapping)):
        return {
            one.name: _opened(getattr(given, one.name, None)) for one in dataclasses.fields(given)
        }
    if type(given) in (tuple, list):
        return [_opened(one) for one in given]
    return given


def _is_plain(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta


def copied(given: Any) -> Any:
    """The same arguments with copies of their tensors, which the model may change in place."""
    return torch.utils._pytree.tree_map(
        lambda one: one.clone() if isinstance(one, Tensor) else one, given
    )


def fingerprint(array: Array) -> Any:
    """What tells most tensors apart without reading one again; equal tensors have the same."""
    plain = as_plain(array)
    flat = plain.reshape(-1)
    step = max(1, flat.size // _SAMPLED)
    with np.errstate(all="ignore"):
        total = float(np.sum(flat, dtype=np.float64)) if flat.size else 0.0
    return array.shape, array.dtype.str, str(total), flat[::step][:_SAMPLED].tobytes()


def as_plain(array: Array) -> Array:
    """In a type that numpy and torch both know."""
    return array if array.dtype.isbuiltin == 1 else array.astype(np.float32)


def same(one: Array, other: Array) -> bool:
    """Whether two arrays have the same shape and bytes."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def close(one: Array, other: Array) -> bool:
    """Equal but for the order of sums, which threads may decide."""
    if one.shape != other.shape:
        return False
    ours, theirs = as_plain(one), as_plain(other)
    if ours.dtype.kind != "f":
        return bool(np.array_equal(ours, theirs))
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    with np.errstate(all="ignore"):
        scale = np.abs(np.nan_to_num(theirs, posinf=0.0, neginf=0.0)).max(initial=0.0)
        return bool(np.allclose(ours, theirs, rtol=1e-6, atol=1e-6 * scale, equal_nan=True))
