"""In what two ops that are the same one differ: type, attributes, element types, sizes, weights."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnx.defs

from hexviz.model.attributes import name_of, plain_value
from hexviz.model.flat import FlatOp
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import location_of
from hexviz.model.tensors import tensor_elements
from hexviz.model.types import dtype_name, dtype_of, shape_of

__all__ = ["Alteration", "Contents", "alterations"]

_LONGEST = 40
"""Characters of an attribute's value that a sentence shows."""

_FEW = 8
"""Elements up to which a constant of integers is spelled out."""

_MOST_SIZES = 3
"""Changes of sizes that a sentence names of one op."""


class Alteration(NamedTuple):
    """One aspect in which an op differs.

    ``aspect`` is ``type``, ``attribute``, ``dtype``, ``sizes``, ``constant`` or
    ``weights``.
    ``what`` names the attribute and the type of the op; ``was`` and ``now`` are
    what it was before and is after, spelled for people; equal alterations are
    spelled alike.
    """

    aspect: str
    what: str = ""
    was: str = ""
    now: str = ""


class Contents:
    """Whether constants of two graphs hold the same; each two are compared once."""

    def __init__(self, before: TaggedGraph, after: TaggedGraph) -> None:
        self._folders = before.base_dir, after.base_dir
        self.before, self.after = _constants(before), _constants(after)
        self.opsets = _opsets(before), _opsets(after)
        self._equal: dict[tuple[str, str], bool] = {}

    def differ(self, one: str, other: str) -> bool:
        """Whether two constants (value ids) of one type and shape hold different elements.

        Weights that a file was stored without differ from none.
        """
        key = one, other
        if key not in self._equal:
            self._equal[key] = self._compare(self.before[one], self.after[other])
        return not self._equal[key]

    def spelled(self, one: str, other: str) -> tuple[str, str]:
        """The elements of two small constants."""
        return (
            _elements(self.before[one], self._folders[0]),
            _elements(self.after[other], self._folders[1]),
        )

    def _compare(self, one: onnx.TensorProto, other: onnx.TensorProto) -> bool:
        if _is_raw(one) and _is_raw(other):
            return bool(one.raw_data == other.raw_data)
        mine = tensor_elements(one, base_dir=self._folders[0])
        theirs = tensor_elements(other, base_dir=self._folders[1])
        if mine is None or theirs is None:
            return True
        return bool(np.array_equal(mine, theirs) or mine.tobytes() == theirs.tobytes())


def _elements(tensor: onnx.TensorProto, folder: Path | None) -> str:
    array = tensor_elements(tensor, base_dir=folder)
    return "unreadable" if array is None else str(array.tolist())


def _opsets(graph: TaggedGraph) -> Mapping[str, int]:
    """Domain → version."""
    known = {one.domain: one.version for one in graph.proto.opset_import}
    return {**known, "": known.get("", known.get("ai.onnx", 1))}


def _is_raw(tensor: onnx.TensorProto) -> bool:
    return location_of(tensor) is None and tensor.HasField("raw_data")


def _constants(graph: TaggedGraph) -> Mapping[str, onnx.TensorProto]:
    """Value id → tensor, of initializers and of what ops of type Constant hold."""
    found = dict(graph.flat.tensors)
    for op in graph.flat.ops:
        if op.op_type == "Constant" and op.outputs:
            for attribute in op.node.attribute:
                if attribute.name == "value" and attribute.HasField("t"):
                    found[op.outputs[0]] = attribute.t
    return found


def alterations(
    before: TaggedGraph, p: int, after: TaggedGraph, q: int, contents: Contents
) -> tuple[Alteration, ...]:
    """In what an op before (position) differs from the same op after; () if in nothing.

    Types and shapes are those that both files state.
    """
    one, other = before.flat.ops[p], after.flat.ops[q]
    opset = max(contents.opsets[0].get(one.domain, 1), contents.opsets[1].get(other.domain, 1))
    if (one.op_type, _domain(one.domain)) != (other.op_type, _domain(other.domain)):
        spelled = one.op_type != other.op_type
        return (Alteration("type", "", _kind(one, spelled), _kind(other, spelled)),)
    found = [
        *_attributes(one.node, other.node, _defaults(one.op_type, _domain(one.domain), opset)),
        *_constants_read(one.inputs, other.inputs, contents),
        *_values_made(before, one.outputs, after, other.outputs),
    ]
    return tuple(dict.fromkeys(found))


def _domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _kind(op: FlatOp, by_type: bool) -> str:
    """The type of an op; with its domain, where types alone do not tell two apart."""
    return op.op_type if by_type else f"{op.op_type} of {_domain(op.domain) or 'ONNX'}"


def _attributes(
    one: onnx.NodeProto, other: onnx.NodeProto, defaults: Mapping[str, str]
) -> Iterator[Alteration]:
    if one.attribute == other.attribute:
        return  # as nearly always, and found out in a tenth of the time
    mine, theirs = {**defaults, **_spelled(one)}, {**defaults, **_spelled(other)}
    for name in sorted(mine.keys() | theirs.keys()):
        was, now = mine.get(name, "left out"), theirs.get(name, "left out")
        if was != now:
            yield Alteration("attribute", f"{name} of {one.op_type}", was, now)


@functools.lru_cache(maxsize=4096)
def _defaults(op_type: str, domain: str, opset: int) -> Mapping[str, str]:
    """What attributes of an op are where they are left out, in a version of its opset.

    That of the newer graph is taken for both: an attribute that came later does
    by default what was done before it came.
    """
    if not onnx.defs.has(op_type, domain=domain, max_inclusive_version=opset):
        return {}
    schema = onnx.defs.get_schema(op_type, max_inclusive_version=opset, domain=domain)
    stated = [one.default_value for one in schema.attributes.values()]
    return _spelled_attributes([one for one in stated if one.type])


def _spelled(node: onnx.NodeProto) -> dict[str, str]:
    return _spelled_attributes(node.attribute)


def _spelled_attributes(attributes: Iterable[onnx.AttributeProto]) -> dict[str, str]:
    """Attribute → its value in characters, of those that hold numbers or text."""
    found = {}
    for attribute in attributes:
        value = plain_value(attribute)
        if value is None:
            continue  # tensors are compared as constants, and the ops of a body by themselves
        spelled = f"{value:.6g}" if isinstance(value, float) else str(value)
        found[name_of(attribute)] = spelled if len(spelled) <= _LONGEST else _shortened(spelled)
    return found


def _shortened(spelled: str) -> str:
    return f"{spelled[: _LONGEST - 8]}… ({len(spelled)} characters)"


def _constants_read(
    mine: tuple[str, ...], theirs: tuple[str, ...], contents: Contents
) -> Iterator[Alteration]:
    known = [value for value in mine if value in contents.before]
    other = [value for value in theirs if value in contents.after]
    if len(known) != len(other):
        return  # a constant is computed on one side: that op tells
    for one, two in zip(known, other, strict=True):
        was, now = contents.before[one], contents.after[two]
        if _is_short(was) and _is_short(now):
            if tuple(was.dims) != tuple(now.dims) or contents.differ(one, two):
                yield Alteration("constant", "", *contents.spelled(one, two))
            continue
        if was.data_type != now.data_type:
            yield Alteration("dtype", "", _dtype(was.data_type), _dtype(now.data_type))
        if tuple(was.dims) != tuple(now.dims):
            yield from _sizes(tuple(was.dims), tuple(now.dims))
        elif was.data_type == now.data_type and contents.differ(one, two):
            yield Alteration("weights")


def _is_short(tensor: onnx.TensorProto) -> bool:
    """Whether a constant is a few integers: a shape, axes, an index."""
    integers = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL)
    return tensor.data_type in integers and len(tensor.dims) < 2 and sum(tensor.dims) <= _FEW


def _dtype(number: int) -> str:
    return dtype_name(number) or "unknown type"


def _values_made(
    before: TaggedGraph, mine: tuple[str, ...], after: TaggedGraph, theirs: tuple[str, ...]
) -> Iterator[Alteration]:
    for one, other in zip(mine, theirs, strict=False):
        was_type, now = before.types.get(one), after.types.get(other)
        if was_type is None or now is None or was_type == now:
            continue
        types = dtype_of(was_type), dtype_of(now)
        if types[0] and types[1] and types[0] != types[1]:
            yield Alteration("dtype", "", types[0], types[1])
        was, is_now = shape_of(was_type), shape_of(now)
        if was is not None and is_now is not None and was != is_now:
            yield from _sizes(was, is_now)


def _sizes(was: tuple[int | str, ...], now: tuple[int | str, ...]) -> Iterator[Alteration]:
    """The dimensions that differ: numbers by what they were and are, names only against numbers."""
    if len(was) != len(now):
        yield Alteration("sizes", "", _dims(was), _dims(now))
        return
    if sorted(map(str, was)) == sorted(map(str, now)) and all(
        isinstance(one, int) for one in (*was, *now)
    ):
        yield Alteration("sizes", "", _dims(was), _dims(now))  # transposed
        return
    changed = [
        (one, other)
        for one, other in zip(was, now, strict=True)
        if one != other
        and (isinstance(one, int) or isinstance(other, int))
        and "?" not in (one, other)
    ]
    for one, other in list(dict.fromkeys(changed))[:_MOST_SIZES]:
        yield Alteration("sizes", "", str(one), str(other))


def _dims(shape: tuple[int | str, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"
