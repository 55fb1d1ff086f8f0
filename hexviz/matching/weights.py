"""Which constants of one graph are constants of the other, by what they hold.

A tool transposes weights, stores them in half precision, quantises them, or
scales their rows (a folded normalisation). What survives the first two is the
*multiset* of the elements, rounded to half precision; what survives the others is
how a sample of the elements varies, row by row. Equal contents that occur
several times (biases of zeros) say nothing of which is which, but constants
that differ are not the same.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.matching.skeleton import Skeleton
from hexviz.model.graph import TaggedGraph
from hexviz.model.tensors import tensor_elements

__all__ = [
    "Contents",
    "has_many",
    "pair_weights",
    "renewed_weights",
    "share_in_common",
    "shared_weights",
]

_FEW = 16
"""Elements up to which a constant is compared one by one."""

_SEVERAL = 4
"""Different numbers with a fraction that tell a small constant from all others."""

_FAINT = 2.5e-7
"""Numbers that half precision does not tell from 0 reliably: converters move them."""

_SAMPLE = 384
"""Elements by which two weights are compared that are not equal."""

_LEAST = 32
"""Elements that a weight has to have to be compared by a sample."""

_CLOSE, _MARGIN = 0.97, 0.1
"""Correlation from which on two weights are the same, and how far any other one has to be below."""

_TELLING = 4
"""Large weights from which on those of a graph tell whether another one is of the same model."""

_MOST_ALIKE = 3000
"""Weights of one size that are compared with each other, at most."""

Array = npt.NDArray[Any]
_TABLE = np.random.default_rng(7).integers(1, 1 << 63, 1 << 16, dtype=np.uint64)


class Contents:
    """What the constants of one graph hold."""

    def __init__(self, graph: TaggedGraph, skeleton: Skeleton) -> None:
        self._tensors = graph.flat.tensors
        self._base_dir = graph.base_dir
        self._skeleton = skeleton
        self._known: dict[int, Hashable | None] = {}

    def of(self, value: int) -> Hashable | None:
        """What a constant holds, equal for equal ones; ``None`` if that is not known."""
        if value not in self._known:
            self._known[value] = self._read(value)
        return self._known[value]

    def size(self, value: int) -> int:
        """The number of elements of a weight, 0 for any other constant."""
        tensor = self._tensors.get(self._skeleton.weights.get(value, ""))
        return 0 if tensor is None else math.prod(tensor.dims)

    def dimensions(self, value: int) -> int:
        """The number of dimensions of a weight, 0 for any other constant."""
        tensor = self._tensors.get(self._skeleton.weights.get(value, ""))
        return 0 if tensor is None else len(tensor.dims)

    def array(self, value: int) -> Array | None:
        """The elements of a weight, ``None`` if the file does not hold them."""
        tensor = self._tensors.get(self._skeleton.weights.get(value, ""))
        return None if tensor is None else tensor_elements(tensor, base_dir=self._base_dir)

    def _read(self, value: int) -> Hashable | None:
        if value in self._skeleton.weights:
            array = self.array(value)
            return None if array is None else _content(array)
        maker = self._skeleton.makers[value]
        if maker < 0 or self._skeleton.nodes[maker].kind != "Constant":
            return None
        for attribute in self._skeleton.op(maker).node.attribute:
            if attribute.name == "value":
                array = tensor_elements(attribute.t, base_dir=self._base_dir)
                return None if array is None else _content(array)
            if attribute.name.startswith("value_"):
                plain = onnx.helper.get_attribute_value(attribute)
                return _content(np.asarray(plain))
        return None


def _content(array: Array) -> Hashable | None:
    if array.dtype.kind not in "fiub" and array.dtype.itemsize > 2:
        return ("text", array.tobytes()[:1000]) if array.dtype.kind in "SU" else None
    # NumPy knows neither bfloat16 and float8 nor integers of 4 bits: all are of kind V.
    is_whole = array.dtype.name.startswith(("int", "uint"))
    is_float = array.dtype.kind in {"f", "V"} and not is_whole
    flat = array.reshape(-1)
    if flat.size <= _FEW:
        numbers = flat.astype(np.float64)
        if is_float:
            numbers = _rounded(numbers).astype(np.float64)
        return (is_float, *numbers.tolist())
    if is_float:
        bits = _rounded(flat).view(np.uint16)
        counts = np.bincount(bits, minlength=1 << 16).astype(np.uint64)
        if (counts > 0).sum() == 1:
            return (is_float, flat.size, float(flat[0]))
        counts[0] = 0  # blocked layouts fill up with zeros
        return (is_float, int(counts.sum()), int((counts * _TABLE).sum()))
    numbers = np.sort(flat.astype(np.int64))
    return (is_float, flat.size, hash(numbers.tobytes()))


def _rounded(array: Array) -> npt.NDArray[np.float16]:
    with np.errstate(all="ignore"):
        half = np.clip(array, -65504, 65504).astype(np.float16)
    half[np.abs(half) < _FAINT] = 0
    return half


def has_many(content: Hashable | None) -> bool:
    """Whether nobody writes such a constant twice: of many numbers, or several broken ones."""
    if not isinstance(content, tuple):
        return False
    if len(content) == 3 and isinstance(content[2], int):
        return True
    return content[0] is True and len({*content[1:]}) >= _SEVERAL


def pair_weights(
    before: Contents,
    after: Contents,
    here: Iterable[int],
    there: Iterable[int],
    names: Mapping[int, int],
) -> dict[int, int]:
    """Weight before → the same weight after, for those that differ from all others.

    ``here`` and ``there`` are the weights of both graphs; ``names`` those that
    have the same name, which counts where their numbers do not contradict.
    """
    pairs: dict[int, int] = {}
    mine = _grouped(before, here)
    theirs = _grouped(after, there)
    for content, values in mine.items():
        others = theirs.get(content, [])
        if has_many(content) and len(values) == len(others) == 1:
            pairs[values[0]] = others[0]
    taken = set(pairs.values())
    for value, other in names.items():
        if value not in pairs and other not in taken:
            one, two = before.of(value), after.of(other)
            if one is None or two is None or one == two:
                pairs[value] = other
                taken.add(other)
    left = [one for one in here if one not in pairs and before.of(one) not in theirs]
    left_after = [one for one in there if one not in taken and after.of(one) not in mine]
    pairs.update(_alike(before, after, left, left_after))
    return pairs


def renewed_weights(
    before: Contents,
    after: Contents,
    here: Iterable[int],
    there: Iterable[int],
    names: Mapping[int, int],
    pairs: Mapping[int, int],
) -> dict[int, int]:
    """Weights of one name and size whose numbers are nowhere else: of a model trained further."""
    mine = {before.of(one) for one in here}
    theirs = {after.of(two) for two in there}
    taken = set(pairs.values())
    return {
        one: two
        for one, two in names.items()
        if one not in pairs and two not in taken
        if before.size(one) == after.size(two) > _FEW
        if before.of(one) not in theirs and after.of(two) not in mine
    }


def shared_weights(
    before: Contents, after: Contents, here: Iterable[int], there: Iterable[int]
) -> list[tuple[list[int], list[int]]]:
    """Weights that hold the same, where either graph has several: copies of one, all for all."""
    mine, theirs = _grouped(before, here), _grouped(after, there)
    return [
        (values, theirs[content])
        for content, values in mine.items()
        if has_many(content) and content in theirs and len(values) + len(theirs[content]) > 2
    ]


def share_in_common(
    before: Contents,
    after: Contents,
    here: Iterable[int],
    there: Iterable[int],
    pairs: Mapping[int, int],
) -> float | None:
    """How much of the weights of one graph the other one holds as well, in 0..1.

    Of either graph, whichever share is larger: tools fold weights into others, and
    merge graphs. ``pairs`` are weights before and after that were taken for the
    same, be it by their names alone: only what they hold counts. ``None`` where one
    of the graphs has too few weights to tell.
    """
    mine = {one: before.of(one) for one in here}
    theirs = {one: after.of(one) for one in there}
    both = set(mine.values()) & set(theirs.values())
    others = {one: two for one, two in pairs.items() if mine.get(one) != theirs.get(two)}
    alike = _alike(before, after, list(others), list(others.values()))
    shares = []
    for contents, paired in ((mine, set(alike)), (theirs, set(alike.values()))):
        telling = [one for one, content in contents.items() if has_many(content)]
        if len(telling) < _TELLING:
            return None
        held = sum(one in paired or contents[one] in both for one in telling)
        shares.append(held / len(telling))
    return max(shares)


def _grouped(contents: Contents, values: Iterable[int]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for value in values:
        content = contents.of(value)
        if content is not None:
            groups.setdefault(content, []).append(value)
    return groups


def _alike(
    before: Contents, after: Contents, here: Iterable[int], there: Iterable[int]
) -> dict[int, int]:
    """Weights that vary in the same way, and are near to no other one."""
    sizes = _by_size(before, here)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for size, others in _by_size(after, there).items():
        mine = sizes.get(size, [])
        if not mine or len(mine) * len(others) > _MOST_ALIKE**2:
            continue
        for variant in range(3):
            if all(value in pairs for value in mine) or taken.issuperset(others):
                break  # each weight is read again for each variant
            one = _samples(before, mine, size, variant, turned=False)
            best = one @ _samples(after, others, size, variant, turned=False).T
            turned = one @ _samples(after, others, size, variant, turned=True).T
            alike = np.maximum(best, turned)
            for row, column in zip(*_clear(alike), strict=True):
                if mine[row] not in pairs and others[column] not in taken:
                    pairs[mine[row]] = others[column]
                    taken.add(others[column])
    return pairs


def _clear(alike: Array) -> tuple[Array, Array]:
    """Rows and columns of entries that are high, with no other one near in row and column."""
    rows, columns = np.nonzero(alike > _CLOSE)
    padded = np.sort(np.pad(alike, ((0, 1), (0, 1)), constant_values=-1.0), axis=1)[:-1]
    second_in_row = padded[:, -2]
    second_in_column = np.sort(np.pad(alike, ((0, 1), (0, 0)), constant_values=-1.0), axis=0)[-2]
    is_clear = (alike[rows, columns] - second_in_row[rows] > _MARGIN) & (
        alike[rows, columns] - second_in_column[columns] > _MARGIN
    )
    return rows[is_clear], columns[is_clear]


def _by_size(contents: Contents, values: Iterable[int]) -> dict[int, list[int]]:
    sizes: dict[int, list[int]] = {}
    for value in values:
        content = contents.of(value)
        if has_many(content):
            sizes.setdefault(contents.size(value), []).append(value)
    return {size: values for size, values in sizes.items() if size >= _LEAST}


def _samples(
    contents: Contents, values: list[int], size: int, variant: int, *, turned: bool
) -> Array:
    """A row of sampled elements for each weight, of mean 0 and length 1.

    Variants: as they are; each slice of the first axis brought to length 1; of the last axis.
    """
    places = np.random.default_rng(size).integers(0, size, min(size, _SAMPLE))
    rows = []
    for value in values:
        read = contents.array(value)
        array = np.zeros(size) if read is None else read.astype(np.float32)
        if turned:
            array = array.T
        if variant and array.ndim > 1:
            axis = 0 if (variant == 1) != turned else array.ndim - 1
            others = tuple(one for one in range(array.ndim) if one != axis)
            array = array - array.mean(axis=others, keepdims=True)
            spread = np.sqrt((array**2).sum(axis=others, keepdims=True))
            array = array / np.where(spread > 0, spread, 1)
        row = array[np.unravel_index(places, array.shape)] if turned else array.reshape(-1)[places]
        row = row - row.mean()
        length = float(np.sqrt((row**2).sum()))
        rows.append(row / length if length > 0 else row)
    return np.stack(rows)
