"""Reading ONNX files: bytes or a path in, a parsed model out, or one clear error."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError

from hexviz.errors import ReadError
from hexviz.model.bodies import graphs_in, walk
from hexviz.model.model_file import read_file
from hexviz.model.node_scan import NodeScan, scan_nodes

__all__ = [
    "STORED_SPARSELY",
    "WEIGHTS_LEFT_OUT",
    "ModelFile",
    "check_external",
    "digest",
    "digest_of",
    "external_locations",
    "location_of",
    "parse",
    "read",
    "read_file",
    "stand_in",
    "tensors",
]

WEIGHTS_LEFT_OUT = "hexviz-weights-left-out"
"""External-data location of a weight that was deliberately not exported."""


STORED_SPARSELY = "hexviz-sparse-weight"
"""External-data location of the stand-in for a weight that the file stores sparsely."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A parsed model, what errors call it, and the folder of its external data.

    ``scan`` tells where its nodes lie in the bytes that it was parsed from, and
    holds these until it is closed; ``None`` if protobuf has to be asked.
    """

    proto: onnx.ModelProto
    name: str
    base_dir: Path | None
    scan: NodeScan | None = None


def digest(content: bytes) -> str:
    """The name of a file's content: its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of a file's content, of which no more than a piece is in memory.

    Raises:
        ReadError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror}.") from error


def read(path: str | Path) -> ModelFile:
    """Read an ONNX file; weights in external files are checked for, not loaded.

    Raises:
        ReadError: if the file is missing, no ONNX model, cut short, or if a
            file that holds its weights is missing.
    """
    path = Path(path)
    return parse(read_file(path), name=path.name, base_dir=path.resolve().parent)


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
    return from_proto(proto, name=name, base_dir=base_dir, content=content)


def from_proto(
    proto: onnx.ModelProto,
    *,
    name: str,
    base_dir: Path | None = None,
    content: bytes | None = None,
) -> ModelFile:
    """Look at an already parsed model; ``content`` are the bytes that it was parsed from.

    Raises:
        ReadError: if it has no graph, or misses external data.
    """
    if not proto.HasField("graph") or not (proto.ir_version or proto.opset_import):
        raise ReadError(f"{name} is not an ONNX model: it holds no graph.")
    scan = None if content is None else scan_nodes(content, proto)
    for location in sorted(external_locations(proto, scan)):
        check_external(location, name, base_dir)
    return ModelFile(proto, name, base_dir, scan)


def external_locations(proto: onnx.ModelProto, scan: NodeScan | None = None) -> set[str]:
    """The files, relative to the model's folder, that hold weights of the model.

    ``scan`` is of the bytes that the model was parsed from, if they are there.
    """
    nodes = None if scan is None else [proto.graph.node[at] for at in scan.suspects.tensors]
    found = {location_of(tensor) for tensor in tensors(proto, nodes)}
    return {one for one in found if one is not None and one != WEIGHTS_LEFT_OUT}


def location_of(tensor: onnx.TensorProto) -> str | None:
    """The file that holds a tensor's data; ``None`` if the model itself does."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return None
    return next((one.value for one in tensor.external_data if one.key == "location"), "")


def tensors(
    proto: onnx.ModelProto, nodes: Iterable[onnx.NodeProto] | None = None
) -> Iterator[onnx.TensorProto]:
    """Every dense tensor of a model, in bodies and functions too.

    ``nodes`` are those of the top graph that may hold any, if that is known.
    """
    yield from proto.graph.initializer
    yield from _tensors_in(proto.graph.node if nodes is None else nodes)
    for function in proto.functions:
        yield from _tensors_in(function.node)


def _tensors_in(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in walk(nodes):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for graph in graphs_in(node):
            yield from graph.initializer


def check_external(location: str, name: str, base_dir: Path | None) -> None:
    """That a file of weights lies where it may, and is there.

    Raises:
        ReadError: if not; ``name`` is what it calls the model.
    """
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
    except (OSError, ValueError, RuntimeError) as error:  # the last for links in a circle
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


def stand_in(sparse: onnx.SparseTensorProto) -> onnx.TensorProto:
    """A dense tensor of the same name, type and shape without data.

    What a sparse weight holds is not looked at; that it is there, and of which type and shape,
    tells of the ops that use it.
    """
    dense = onnx.TensorProto(
        name=sparse.values.name,
        dims=sparse.dims,
        data_type=sparse.values.data_type,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    dense.external_data.add(key="location", value=STORED_SPARSELY)
    return dense
