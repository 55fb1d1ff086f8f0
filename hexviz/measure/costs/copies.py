"""Which stored weights are copies of others: a parameter that a file stores twice is one.

Exporters that transpose weights beforehand store one for each call of a module, and one more for a
head that is tied to an embedding::

    block.up, called twice    val_2 = val_8                       one parameter, held by block.up
    wte.weight                val_9 = its transpose in lm_head    one parameter, held by both

Equal numbers alone are no copy: layers that were cloned begin equal (``nn.TransformerEncoder``),
and each has parameters of its own. So a copy has no name of its own, and is equal to one that the
same module reads, or to one that is stored by its name. Weights of a single number, repeated, tell
nothing: many begin as ones or zeros.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.measure.costs.shapes import Tensor, bytes_of

__all__ = ["copies_of"]

_MOST_READ = 4_000_000_000
"""Bytes that are read to compare weights, small ones first; some seconds. Larger ones are not."""

_FEW = 64  # elements that mostly tell whether all are one number

Array = npt.NDArray[Any]


def copies_of(
    tensors: Mapping[str, onnx.TensorProto],
    named: Collection[str],
    readers: Mapping[str, Collection[str]],
    read: Callable[[onnx.TensorProto], Array | None],
) -> dict[str, str]:
    """Value id of a copy → that of the weight that it is one of, which is no copy itself.

    ``named`` are weights that have a module's name, ``readers`` the modules that read each, and
    ``read`` gives a tensor's elements. Only what could be a copy is read, and what it could be one
    of, so of most models nothing is. Linear in what is read.
    """
    groups: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for value, tensor in tensors.items():
        if math.prod(tensor.dims) > 1:
            groups.setdefault((tensor.data_type, tuple(sorted(tensor.dims))), []).append(value)
    found: dict[str, str] = {}
    left = _MOST_READ
    for group in sorted(groups.values(), key=lambda one: math.prod(tensors[one[0]].dims)):
        compared = _comparable(group, named, readers)
        left -= len(compared) * (_size(tensors[group[0]]) or 0)
        if left < 0:
            break
        first: dict[tuple[str, bytes], str] = {}  # module ("/" for a name), content → the weight
        for value in compared:
            content = _content(read(tensors[value]))
            if content is None:
                continue
            homes = readers.get(value, ())
            keys = [("/", content), *((home, content) for home in homes)]
            original = next((first[key] for key in keys if key in first), None)
            if value not in named and original is not None:
                found[value] = original
            for key in keys if value in named else keys[1:]:
                first.setdefault(key, found.get(value, value))
    return found


def _comparable(
    group: Iterable[str], named: Collection[str], readers: Mapping[str, Collection[str]]
) -> list[str]:
    """Of weights of one size, the copies that there could be and their originals, named first."""
    names = [value for value in group if value in named]
    others = [value for value in group if value not in named and readers.get(value)]
    if names:
        return [*names, *others] if others else []
    often: dict[str, int] = {}
    for value in others:
        for home in readers[value]:
            often[home] = often.get(home, 0) + 1
    return [value for value in others if any(often[home] > 1 for home in readers[value])]


def _size(tensor: onnx.TensorProto) -> int | None:
    return bytes_of(Tensor(tensor.data_type, tuple(tensor.dims)))


def _content(array: Array | None) -> bytes | None:
    """A digest, the same for a matrix and its transpose; ``None`` for one number, repeated.

    >>> a = np.arange(6.0).reshape(2, 3)
    >>> _content(a) == _content(a.T), _content(a) == _content(a.reshape(3, 2)), _content(a * 0)
    (True, False, None)
    """
    if array is None or array.dtype.kind in "SUO" or not _is_varied(array):
        return None
    ways = [array, array.T] if array.ndim == 2 else [array]
    rows = min(way.shape[:1] for way in ways)
    return min(
        hashlib.blake2b(np.ascontiguousarray(way).reshape(-1).view(np.uint8).data).digest()
        for way in ways
        if way.shape[:1] == rows
    )


def _is_varied(array: Array) -> bool:
    first = array.flat[0]
    return bool(np.any(array.flat[:_FEW] != first)) or bool(np.any(array != first))
