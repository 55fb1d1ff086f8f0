"""Reading ONNX files: bytes or a path in, a parsed model out, or one clear error."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError

from hexviz.errors import ReadError

__all__ = [
    "STORED_SPARSELY",
    "WEIGHTS_LEFT_OUT",
    "ModelFile",
    "digest",
    "external_locations",
    "parse",
    "read",
    "read_file",
    "tensors",
]

WEIGHTS_LEFT_OUT = "hexviz-weights-left-out"
"""External-data location of a weight that was deliberately not exported."""

STORED_SPARSELY = "hexviz-sparse-weight"
"""Location of the stand-in for a weight that the file stores sparsely."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A parsed model: the protobuf it came as, and onnx-ir's view on the same memory."""

    proto: onnx.ModelProto
    model: ir.Model
    name: str
    base_dir: Path | None


def digest(content: bytes) -> str:
    """The name of a file's content: its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(path: str | Path) -> ModelFile:
    """Read an ONNX file; weights in external files are checked for, not loaded.

    Raises:
        ReadError: if the file is missing, no ONNX model, cut short, or if a
            file that holds its weights is missing.
    """
    path = Path(path)
    return parse(read_file(path), name=path.name, base_dir=path.resolve().parent)


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ReadError: if it is missing, a folder, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ReadError(f"{path} does not exist: check the path.") from error
    except IsADirectoryError as error:
        raise ReadError(f"{path} is a folder: name the .onnx file in it.") from error
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror}.") from error


def parse(content: bytes, *, name: str, base_dir: Path | None = None) -> ModelFile:
    """Parse the bytes of an ONNX file; ``name`` is what errors call it.

    Raises:
        ReadError: as :func:`read`.
    """
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        raise ReadError(
            f"{name} is not an ONNX model, or was cut short: export or download it again."
        ) from error
    return from_proto(proto, name=name, base_dir=base_dir)


def from_proto(proto: onnx.ModelProto, *, name: str, base_dir: Path | None = None) -> ModelFile:
    """Look at an already parsed model.

    Raises:
        ReadError: if it has no graph, is malformed, or misses external data.
    """
    if not proto.HasField("graph") or not (proto.ir_version or proto.opset_import):
        raise ReadError(f"{name} is not an ONNX model: it holds no graph.")
    locations = external_locations(proto)
    for location in sorted(locations):
        _check_external(location, name, base_dir)
    try:
        model = _look_at(proto)
    except (ir.serde.SerdeError, ValueError, TypeError, KeyError, AttributeError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = (str(cause).splitlines() or [type(cause).__name__])[0]
        raise ReadError(f"{name} is malformed ({reason}): export it again.") from error
    if base_dir is not None and locations:
        ir.external_data.set_base_dir(model.graph, base_dir)
    return ModelFile(proto, model, name, base_dir)


def _look_at(proto: onnx.ModelProto) -> ir.Model:
    """onnx-ir's view of a model, without the parts of ONNX that it has no types for.

    Maps (what a classifier's ZipMap puts out) and sparse constants are valid;
    they are only left out of the view, and only where it fails with them.
    A sparse initializer is seen as one whose data is elsewhere.
    """
    if proto.graph.sparse_initializer:
        proto = _with_stand_ins(proto)
    try:
        return ir.from_proto(proto)
    except (ir.serde.SerdeError, ValueError, TypeError):
        known = onnx.ModelProto()
        known.CopyFrom(proto)
        graph = known.graph
        for value in (*graph.input, *graph.output, *graph.value_info):
            if _mentions_map(value.type):
                value.ClearField("type")
        for node in graph.node:
            for at in reversed(range(len(node.attribute))):
                if node.attribute[at].type == onnx.AttributeProto.SPARSE_TENSOR:
                    del node.attribute[at]
        if known == proto:
            raise
        return ir.from_proto(known)


def _with_stand_ins(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that has a dense initializer without data for each sparse one."""
    known = onnx.ModelProto()
    known.CopyFrom(proto)
    for sparse in proto.graph.sparse_initializer:
        dense = known.graph.initializer.add(
            name=sparse.values.name,
            dims=sparse.dims,
            data_type=sparse.values.data_type,
            data_location=onnx.TensorProto.EXTERNAL,
        )
        dense.external_data.add(key="location", value=STORED_SPARSELY)
    return known


def _mentions_map(kind: onnx.TypeProto) -> bool:
    while kind.WhichOneof("value") in ("sequence_type", "optional_type"):
        inner = kind.sequence_type if kind.HasField("sequence_type") else kind.optional_type
        kind = inner.elem_type
    return bool(kind.HasField("map_type"))


def external_locations(proto: onnx.ModelProto) -> set[str]:
    """The files, relative to the model's folder, that hold weights of the model."""
    return {
        entry.value
        for tensor in tensors(proto)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location" and entry.value != WEIGHTS_LEFT_OUT
    }


def tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every dense tensor of a model, in bodies and functions too."""
    graphs = [proto.graph]
    nodes = [node for function in proto.functions for node in function.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            nodes.extend(graph.node)
            continue
        for attribute in nodes.pop().attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                graphs.append(attribute.g)
            graphs.extend(attribute.graphs)


def _check_external(location: str, name: str, base_dir: Path | None) -> None:
    if base_dir is None:
        raise ReadError(
            f"{name} keeps its weights in another file ({location}), which was not given: "
            "put both in one folder and run `hexviz view` on it there."
        )
    if not location or "\0" in location:
        raise ReadError(f"{name} wants weights from a file without a name: export it again.")
    relative = PurePosixPath(location)
    if relative.is_absolute() or ".." in relative.parts or "\\" in location:
        raise ReadError(
            f"{name} wants weights from outside its folder ({location}), which is not allowed."
        )
    try:
        target = (base_dir / relative).resolve()
        is_there = target.is_file()
    except (OSError, ValueError) as error:
        raise ReadError(
            f"{name} wants weights from a file whose name cannot be one: export it again."
        ) from error
    if not target.is_relative_to(base_dir):
        raise ReadError(
            f"{name} wants weights through a link out of its folder ({location}), "
            "which is not allowed."
        )
    if not is_there:
        raise ReadError(
            f"{name} keeps its weights in {location}, which is missing: "
            "put that file into the same folder."
        )
