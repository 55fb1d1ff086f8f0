"""What can be said of a model without running it: ONNX's checker, and whether it loads.

Weights in other files are not read for the checker, however large; it only
needs their types and dimensions, and the elements of the few small ones that
shapes are computed from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnx.checker
import onnx.shape_inference
from google.protobuf.message import DecodeError, EncodeError

from hexviz.errors import ExtractionError
from hexviz.extraction.against_whole import against_whole
from hexviz.extraction.runtime import (
    is_unsupported,
    one_line,
    open_session,
    runtime_version,
    without_weights,
)
from hexviz.model.function_calls import can_be_inlined
from hexviz.model.reader import WEIGHTS_LEFT_OUT, tensors

__all__ = ["Checks", "check"]

_SMALL = 1 << 16
"""Bytes up to which external data is read: it may be a shape."""

_NOWHERE = "#weights"
"""A location that the checker looks for in no folder, since it begins with ``#``."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What ONNX's checker (with strict shape inference) and ONNX Runtime say of a model.

    ``checker`` and ``runtime`` are one line each, ``None`` if there is nothing
    to say against it. ``unsupported`` says that the runtime could not judge:
    it has no such op, kernel or type, or the weights were left out.
    ``unjudged`` is what the checker said of the whole model as well, which is
    not held against a part that runs; so it was not judged. ``versions`` are
    those of ONNX and of the runtime.
    """

    checker: str | None
    runtime: str | None
    unsupported: bool
    versions: tuple[str, str]
    unjudged: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is valid and loads."""
        return self.checker is None and self.runtime is None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with the model itself; it may still not run here."""
        return self.checker is None and (self.runtime is None or self.unsupported)

    def record(self) -> dict[str, Any]:
        """The same as JSON's types."""
        return {
            "ok": self.ok,
            "sound": self.sound,
            "checker": self.checker,
            "runtime": self.runtime,
            "unsupported": self.unsupported,
            "unjudged": list(self.unjudged),
            "versions": list(self.versions),
        }


def check(
    proto: onnx.ModelProto, base_dir: Path | None, whole: onnx.ModelProto | None = None
) -> Checks:
    """Check a model; ``base_dir`` is the folder of the files that hold its weights.

    ``whole`` is the model that it is a part of. What ONNX's checker says of that
    too is not held against the part, if the runtime loads it, or can judge
    neither of them.
    """
    refused, unsupported = _runtime(proto, base_dir)
    fault = _checker(proto, base_dir)
    unjudged: tuple[str, ...] = ()
    if fault is not None and whole is not None and _may_run(refused, unsupported, whole, base_dir):
        verdict = against_whole(*(_self_contained(one, base_dir) for one in (proto, whole)))
        # Where nothing had to be set aside, the checker minds how the file is written.
        unjudged = verdict.unjudged or ((fault,) if verdict.fault is None else ())
        fault = verdict.fault
    return Checks(
        checker=fault,
        runtime=refused,
        unsupported=unsupported,
        versions=(f"onnx {onnx.__version__}", runtime_version()),
        unjudged=unjudged,
    )


def _may_run(
    refused: str | None, unsupported: bool, whole: onnx.ModelProto, base_dir: Path | None
) -> bool:
    """Whether the runtime takes a part, or can judge neither it nor the whole."""
    if not can_be_inlined(whole):  # inference follows every call by recursion
        return False
    return refused is None or (unsupported and _runtime(whole, base_dir)[1])


def _runtime(proto: onnx.ModelProto, base_dir: Path | None) -> tuple[str | None, bool]:
    """Why the runtime refuses a model, and whether it only lacks what it would need for it."""
    try:
        open_session(proto, base_dir)
    except ExtractionError as error:
        return str(error), is_unsupported(error) or without_weights(proto)
    return None, False


def _checker(proto: onnx.ModelProto, base_dir: Path | None) -> str | None:
    try:
        onnx.checker.check_model(_self_contained(proto, base_dir), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return one_line(error)
    except (ValueError, TypeError, RuntimeError, DecodeError, EncodeError):
        return "It is too large or too deeply nested for ONNX's checker."
    return None


def _self_contained(proto: onnx.ModelProto, base_dir: Path | None) -> onnx.ModelProto:
    """A model that can be checked without its files; itself if it has none."""
    if not any(map(_is_external, tensors(proto))):
        return proto
    light = onnx.ModelProto()
    light.CopyFrom(proto)
    graph = light.graph
    for tensor in tensors(light):
        if _is_external(tensor):
            _stand_in(tensor, base_dir)
    # A weight without elements is to the checker what an input is: a type and dimensions.
    given = {value.name for value in graph.input}
    for at in reversed(range(len(graph.initializer))):
        tensor = graph.initializer[at]
        if _is_external(tensor):
            if tensor.name not in given:
                graph.input.add().CopyFrom(
                    onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
                )
            del graph.initializer[at]
    return light


def _is_external(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL)


def _stand_in(tensor: onnx.TensorProto, base_dir: Path | None) -> None:
    """Read the elements if they are few, else make the checker not look for them."""
    content = _few_bytes(tensor, base_dir)
    del tensor.external_data[:]
    if content is None:
        tensor.external_data.add(key="location", value=_NOWHERE)
    else:
        tensor.ClearField("data_location")
        tensor.raw_data = content


def _few_bytes(tensor: onnx.TensorProto, base_dir: Path | None) -> bytes | None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", WEIGHTS_LEFT_OUT)
    if base_dir is None or location == WEIGHTS_LEFT_OUT:
        return None
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", _SMALL + 1))
        if length > _SMALL or min(offset, length) < 0:
            return None
        with (base_dir / location).open("rb") as file:
            file.seek(offset)
            content: bytes = file.read(length)
    except (OSError, ValueError):
        # That they are missing is for the runtime to say, which reads them.
        return None
    return content
