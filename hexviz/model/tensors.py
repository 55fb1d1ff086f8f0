"""What the elements of a tensor look like: range, spread, zeros, a histogram.

A person looks at one tensor at a time and waits for it, so only what can be
read at once is read: tensors of up to :data:`MOST_READ` elements. Bytes in
another file are read, not mapped: a file that shrinks under a mapping ends
the process.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper

from hexviz.model.reader import STORED_SPARSELY, WEIGHTS_LEFT_OUT

__all__ = [
    "LEFT_OUT",
    "MOST_BINS",
    "MOST_READ",
    "MOST_SAVED",
    "SPARSE",
    "Histogram",
    "Statistics",
    "TensorSummary",
    "bytes_per_element",
    "npy",
    "tensor_elements",
    "tensor_summary",
]

MOST_READ = 1_000_000
"""Elements up to which a tensor is read."""

LEFT_OUT = "left out of the export"
SPARSE = "stored sparsely, so not read"

MOST_SAVED = 512_000_000
"""Bytes up to which a tensor is saved, counting eight for each element."""

MOST_BINS = 24
"""Bins of a histogram; fewer where the tensor holds fewer different integers."""

_FEW = 16  # elements up to which all are told
_LONGEST = 40  # characters of one text element
_EXTREME = 1e100  # beyond it, and below its inverse, squares do not fit a 64-bit float
_EXACT = 2**53  # integers up to which a 64-bit float tells them apart

_DAMAGE = (
    # What onnx, numpy and the system raise on a wrong size, an unknown type, data of
    # another type, a file that is gone. A damaged tensor is a thing to see, not to fail on.
    *(ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError),
    *(AssertionError, OverflowError, OSError, MemoryError),
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many finite elements lie in each of some bins of equal width.

    The first bin starts at ``low``, the last ends at ``high`` and includes
    it. For integers of a small range there is a bin for each: ``whole`` is
    set then, ``low`` and ``high`` are integers, and bin ``n`` counts the
    elements that are ``low + n``.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a tensor's elements.

    ``minimum``, ``maximum``, ``mean`` and ``std`` (of the population) are of
    the finite elements, ``None`` if there are none; of integers, the first
    two are integers. False counts as 0 and
    True as 1. ``zeros``, ``nans`` and ``infinities`` count elements.
    ``zero_slices`` tells of pruned channels: ``(axis, slices that are all
    zero, slices)`` for each of the first two axes of a tensor with several
    that has such slices.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    zeros: int
    nans: int
    infinities: int
    zero_slices: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TensorSummary:
    """What can be told of a tensor.

    ``size`` counts elements; ``nbytes`` is ``None`` for text, whose length
    no type tells. ``outside`` says that the data lies in a file beside the
    model. ``note`` is the reason, in a few words, why there are no
    statistics though nothing is wrong, ``unreadable`` why the data could not
    be read; both are ``""`` otherwise. ``elements`` spells out all of few.
    ``statistics`` and ``histogram`` are ``None`` for what has none.
    """

    dtype: str
    shape: tuple[int, ...]
    size: int
    nbytes: int | None
    outside: bool = False
    note: str = ""
    unreadable: str = ""
    elements: str = ""
    statistics: Statistics | None = None
    histogram: Histogram | None = None


def tensor_summary(
    tensor: onnx.TensorProto, *, base_dir: Path | None = None, most: int = MOST_READ
) -> TensorSummary:
    """Look at a tensor of up to ``most`` elements; ``base_dir`` is the folder of external data.

    What is damaged or missing is told, never raised.
    """
    dtype, size, nbytes = "unknown type", 0, None
    shape: tuple[int, ...] = ()
    outside = False
    note = unreadable = elements = ""
    statistics = histogram = None
    try:
        place = _place(tensor)
        outside = place is not None and place.location not in _NO_PLACES
        dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
        shape = tuple(tensor.dims)
        if any(dim < 0 for dim in shape):
            raise ValueError("a dimension is negative")
        size = math.prod(shape)
        is_text = tensor.data_type == onnx.TensorProto.STRING
        nbytes = None if is_text else math.ceil(size * bytes_per_element(tensor.data_type))
        note = _reason_to_leave(place, size, most)
        if not note:
            array = _elements(tensor, place, base_dir, size)
            if size <= _FEW:
                elements = _spelled(array.tolist())
            if is_text:
                note = "text, so without statistics"
            elif np.iscomplexobj(array):
                note = "complex numbers, so without statistics"
            elif size:
                with np.errstate(all="ignore"):
                    statistics, histogram = _figures(array)
    except _DAMAGE as error:
        unreadable = _told(error)
    return TensorSummary(
        dtype=dtype,
        shape=shape,
        size=size,
        nbytes=nbytes,
        outside=outside,
        note=note,
        unreadable=unreadable,
        elements=elements,
        statistics=statistics,
        histogram=histogram,
    )


def tensor_elements(
    tensor: onnx.TensorProto, *, base_dir: Path | None = None
) -> npt.NDArray[Any] | None:
    """The elements of a tensor, or ``None`` if it was stored without them or they are damaged."""
    try:
        place = _place(tensor)
        if _reason_to_leave(place, 0, 0) or any(dim < 0 for dim in tensor.dims):
            return None
        return _elements(tensor, place, base_dir, math.prod(tensor.dims))
    except _DAMAGE:
        return None


def npy(tensor: onnx.TensorProto, *, base_dir: Path | None = None) -> bytes | None:
    """The elements of a tensor as a ``.npy`` file, which numpy reads without pickle.

    Types that numpy does not have become 32-bit floats or bytes that hold them exactly. ``None``
    for text, for more than :data:`MOST_SAVED` bytes, and for what cannot be read.
    """
    if 8 * math.prod(tensor.dims) > MOST_SAVED:
        return None
    array = tensor_elements(tensor, base_dir=base_dir)
    if array is None or array.dtype.kind in "SUO":
        return None
    if array.dtype.kind not in "biufc":  # of ml_dtypes: small floats and integers
        whole = "int" in array.dtype.name
        array = array.astype(np.int8 if whole else np.float32)
    file = io.BytesIO()
    np.save(file, np.array(array, order="C"), allow_pickle=False)
    return file.getvalue()


def _told(error: BaseException) -> str:
    # A system's message holds the whole path of a file, which is nobody's business.
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text.splitlines() or [""])[0] or type(error).__name__


_TYPES = dict(onnx.TensorProto.DataType.items())
_BITS = {  # of the types of which several elements share a byte; the newest are not in every onnx
    _TYPES[name]: bits
    for bits, names in {
        2: ("UINT2", "INT2"),
        4: ("UINT4", "INT4", "FLOAT4E2M1"),
        6: ("FLOAT6E2M3", "FLOAT6E3M2"),
    }.items()
    for name in names
    if name in _TYPES
}


def bytes_per_element(data_type: int) -> float:
    """What an element of one of ONNX's types takes in a file: of some types, a part of a byte.

    Raises:
        ValueError: if it has no size (text), or there is no such type.
    """
    if data_type in _BITS:
        return _BITS[data_type] / 8
    if data_type not in _SIZED:
        raise ValueError(f"an element of type {data_type} has no size")
    return float(onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize)


_SIZED = {*_TYPES.values()} - {onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING}

_NO_PLACES = (WEIGHTS_LEFT_OUT, STORED_SPARSELY)


class _Place(NamedTuple):
    """Where a file beside the model holds a tensor's data."""

    location: str
    offset: int
    length: int | None


def _place(tensor: onnx.TensorProto) -> _Place | None:
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return None
    told = {one.key: one.value for one in tensor.external_data}
    length = int(told["length"]) if "length" in told else None
    return _Place(told.get("location", ""), int(told.get("offset", "0")), length)


def _reason_to_leave(place: _Place | None, size: int, most: int) -> str:
    if place is not None and place.location in _NO_PLACES:
        return LEFT_OUT if place.location == WEIGHTS_LEFT_OUT else SPARSE
    return f"more than {most:,} elements, so not read" if size > most else ""


def _elements(
    tensor: onnx.TensorProto, place: _Place | None, base_dir: Path | None, size: int
) -> npt.NDArray[Any]:
    if tensor.data_type == onnx.TensorProto.STRING and place is None:
        array: npt.NDArray[Any] = np.array([*tensor.string_data], object).reshape(tensor.dims)
    else:
        if place is not None:
            tensor = _read(tensor, place, base_dir, size)
        _check_amount(tensor, size)
        array = onnx.numpy_helper.to_array(tensor)
    if array.size != size:
        raise ValueError(f"it holds {array.size:,} elements, and its shape wants {size:,}")
    if array.dtype == np.bool_:
        array = array.view(np.uint8) != 0  # a byte of 2 would be a True that counts as 2
    return array


def _check_amount(tensor: onnx.TensorProto, size: int) -> None:
    """That a tensor holds as much data as its shape wants: onnx fills some with zeros."""
    if tensor.HasField("raw_data"):
        held, unit = len(tensor.raw_data), "bytes"
        wanted = math.ceil(size * bytes_per_element(tensor.data_type))
    else:
        held = sum(
            len(getattr(tensor, field))
            for field in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
        )
        wanted, unit = size, "elements"
        if _BITS.get(tensor.data_type) in (2, 4):  # several share an entry, as they share a byte
            wanted, unit = math.ceil(size * bytes_per_element(tensor.data_type)), "bytes"
        elif tensor.data_type in (onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128):
            wanted, unit = 2 * size, "parts"
    if held != wanted:
        raise ValueError(f"it holds {held:,} {unit}, and its shape wants {wanted:,}")


def _read(
    tensor: onnx.TensorProto, place: _Place, base_dir: Path | None, size: int
) -> onnx.TensorProto:
    """The same tensor with its data in memory: its own bytes are read, nothing else."""
    if base_dir is None:
        raise ValueError("the folder of its data is unknown")
    # Checked when the model was opened, and again because a file may have changed since.
    path = (base_dir / place.location).resolve()
    if not path.is_relative_to(base_dir.resolve()):
        raise ValueError("its data lies outside the model's folder")
    if not path.is_file():
        raise ValueError(f"{place.location} is missing")
    wanted = math.ceil(size * bytes_per_element(tensor.data_type))
    if place.length is not None and place.length < wanted:
        raise ValueError(f"it holds {place.length:,} bytes, and its shape wants {wanted:,}")
    with path.open("rb") as file:
        file.seek(place.offset)
        content = file.read(wanted)
    if len(content) < wanted:
        raise ValueError(f"{place.location} ends before its data does")
    return onnx.TensorProto(data_type=tensor.data_type, dims=tensor.dims, raw_data=content)


def _figures(array: npt.NDArray[Any]) -> tuple[Statistics, Histogram | None]:
    """Figures of at least one number."""
    is_whole = "int" in array.dtype.name  # numpy's own, and the small ones of ml_dtypes
    numbers: Floats = array.astype(np.float64)
    nans = infinities = 0
    finite = numbers.reshape(-1)
    if not is_whole:
        kept = np.isfinite(finite)
        if not kept.all():
            nans = int(np.isnan(finite).sum())
            infinities = int(kept.size - kept.sum()) - nans
            finite = finite[kept]
    zeros = int(finite.size - np.count_nonzero(finite))
    minimum = maximum = mean = std = None
    histogram = None
    if finite.size:
        minimum, maximum = float(finite.min()), float(finite.max())
        peak = max(abs(minimum), abs(maximum))
        scale = 1.0 if peak == 0 or 1 / _EXTREME < peak < _EXTREME else peak
        scaled = finite / scale if scale != 1.0 else finite
        mean, std = float(scaled.mean()) * scale, float(scaled.std()) * scale
        counted = (is_whole or array.dtype == np.bool_) and peak < _EXACT
        histogram = _histogram(scaled, scale, counted)
        if (
            is_whole
        ):  # numpy's own integers have more digits than a float, ml_dtypes' small ones fewer
            exact = array if peak >= _EXACT else finite
            minimum, maximum = int(exact.min()), int(exact.max())
    slices = _zero_slices(numbers) if zeros else ()
    return Statistics(minimum, maximum, mean, std, zeros, nans, infinities, slices), histogram


def _histogram(numbers: Floats, scale: float, is_whole: bool) -> Histogram:
    low, high = float(numbers.min()), float(numbers.max())
    span = high - low
    if is_whole and span < MOST_BINS:
        counts = np.bincount((numbers - low).astype(np.int64))
        return Histogram(int(low), int(high), tuple(counts.tolist()), whole=True)
    if span == 0:
        return Histogram(low * scale, high * scale, (numbers.size,))
    # Divided before it is multiplied: the inverse of a tiny span is infinite.
    places = (numbers - low) / span
    places *= MOST_BINS
    at = np.minimum(places.astype(np.int64), MOST_BINS - 1)
    counts = np.bincount(at, minlength=MOST_BINS)
    return Histogram(low * scale, high * scale, tuple(counts.tolist()))


def _zero_slices(numbers: Floats) -> tuple[tuple[int, int, int], ...]:
    if numbers.ndim < 2:
        return ()
    used = numbers != 0  # NaN is not zero
    found = []
    for axis in (0, 1):
        others = tuple(one for one in range(numbers.ndim) if one != axis)
        empty = int((~used.any(axis=others)).sum())
        if empty:
            found.append((axis, empty, numbers.shape[axis]))
    return tuple(found)


def _spelled(element: Any) -> str:
    """An element, or nested lists of them, each as short as tells it apart."""
    if isinstance(element, list):
        return f"[{', '.join(map(_spelled, element))}]"
    if isinstance(element, bytes):
        element = element.decode(errors="replace")
    if isinstance(element, str):
        return f"“{element if len(element) <= _LONGEST else element[: _LONGEST - 1] + '…'}”"
    if isinstance(element, bool | int | complex):
        return str(element)
    return f"{float(element):.6g}"
