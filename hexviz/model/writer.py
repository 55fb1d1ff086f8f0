"""Tags in a file's metadata: writing them, and taking them out again.

Only ``metadata_props`` change. Runtimes reject unknown node *attributes*, and
a graph's topology, names and weights are not ours to touch.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableSequence
from json.encoder import encode_basestring
from pathlib import Path

import onnx

from hexviz.errors import WriteError
from hexviz.model.bodies import all_graphs, walk_bodies
from hexviz.model.files import inside, is_there, write_atomically
from hexviz.model.modules import Module, ModuleTree
from hexviz.model.op import RELATIONS, Op, Provenance, Step, implied_kind
from hexviz.model.reader import external_locations
from hexviz.model.source_graph import TRANSFERRED_FROM, SourceGraph
from hexviz.model.tag_map import pack_map

__all__ = [
    "PREFIX",
    "Place",
    "add_tags",
    "has_tags",
    "serialized",
    "short_digest",
    "spare_weights",
    "tagged_proto",
    "without_tags",
    "write",
]

PREFIX = "hexviz."
"""What every metadata key of hexviz starts with."""

Place = tuple[str, int]
"""The path of a node's body, and its index there."""

_CALL_RECORD = "pkg.torch.onnx.name_scopes"
"""The exporter's key that tells an op's call: where it stands, hexviz need not repeat it."""

_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes an encoder for each call

_CHUNK = 1 << 24  # bytes copied at a time: weights can be larger than memory


def tagged_proto(
    proto: onnx.ModelProto,
    ops: tuple[Op, ...],
    modules: ModuleTree,
    transferred_from: SourceGraph | None = None,
) -> onnx.ModelProto:
    """A copy of ``proto`` that carries the tags, replacing older ones."""
    result = without_tags(proto)
    by_place = {(op.body, op.index): op for op in ops}
    add_tags(result, by_place, modules, transferred_from=transferred_from)
    return result


def add_tags(
    proto: onnx.ModelProto,
    by_place: Mapping[Place, Op],
    modules: Iterable[Module],
    older: Collection[Place] = (),
    transferred_from: SourceGraph | None = None,
) -> None:
    """Write the tags of all nodes into a model.

    ``older`` are the places of nodes that carry tags already, which are
    replaced; ``transferred_from`` is the graph that transferred ones came from.
    """
    # Ops of a module share where they are, most declared ones how that is known: to merge in what
    # was written once takes a third of the time of writing it again.
    written: dict[object, onnx.NodeProto] = {}
    bodies = walk_bodies(proto, lambda path, index, _: by_place[path, index].id)
    nodes = ((path, *one) for path, graph in bodies for one in enumerate(graph.node))
    for path, index, node in nodes:
        op = by_place[path, index]
        if older and (path, index) in older:
            _strip(node.metadata_props)
        if op.module not in written:
            written[op.module] = _write(_where(op), onnx.NodeProto())
        node.MergeFrom(written[op.module])
        if op.call is not None and not any(one.key == _CALL_RECORD for one in node.metadata_props):
            node.metadata_props.add(key=PREFIX + "call", value=op.call.text)
        why = op.provenance
        if why.evidence or why.values:  # the op's own
            _write(_how(op), node)
            continue
        known = (
            why.origin,
            why.rule,
            why.confidence,
            why.witnesses,
            why.shared_by,
            why.candidates,
            why.kind,
            why.rebuilt,
            op.context and op.context.module,
        )
        if known not in written:
            written[known] = _write(_how(op), onnx.NodeProto())
        node.MergeFrom(written[known])
    _strip(proto.metadata_props)
    tree = {
        module.fqn: {
            "class": module.class_name,
            "tag": module.tag,
            "parameters": module.parameters,
            **({"same_as": module.same_as} if module.same_as else {}),
        }
        for module in modules
    }
    text = _json(tree)
    shapes = {one.name: tuple(one.dims) for one in proto.graph.initializer}
    packed = pack_map(by_place.values(), shapes)
    # Whoever merges models refuses two texts under one key, so each model has keys of its own.
    digest = short_digest(text + (packed or ""))
    proto.metadata_props.add(key=f"{PREFIX}modules.{digest}", value=text)
    if packed is not None:
        proto.metadata_props.add(key=f"{PREFIX}map.{digest}", value=packed)
    if transferred_from is not None and any(
        op.provenance.is_of_another_graph for op in by_place.values()
    ):
        kept = transferred_from.to_json()
        proto.metadata_props.add(key=f"{TRANSFERRED_FROM}.{short_digest(kept)}", value=kept)


def short_digest(text: str) -> str:
    """What tells apart the keys under which two models keep the same kind of thing."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:10]


def has_tags(metadata: Iterable[str]) -> bool:
    """Whether one of the keys of a node's metadata is hexviz's."""
    return any(map(_is_own, metadata))


def _is_own(key: str | bytes) -> bool:
    return isinstance(key, str) and key.startswith(PREFIX)  # bytes are what is not UTF-8


def _write(entries: Iterable[tuple[str, str]], node: onnx.NodeProto) -> onnx.NodeProto:
    add = node.metadata_props.add
    for name, value in entries:
        add(key=PREFIX + name, value=value)
    return node


def without_tags(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of ``proto`` without any metadata of hexviz."""
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    _strip(result.metadata_props)
    for graph in all_graphs(result):
        for node in graph.node:
            _strip(node.metadata_props)
    return result


def serialized(proto: onnx.ModelProto, name: str) -> bytes:
    """A model as the bytes of its file, which ``name`` names in an error.

    Raises:
        WriteError: if it is too large for one file.
    """
    try:
        content: bytes = proto.SerializeToString()
    except ValueError as error:
        raise WriteError(
            f"{name} would be over 2 GB, more than one ONNX file can hold: "
            "export with external data."
        ) from error
    return content


def write(proto: onnx.ModelProto, path: Path, base_dir: Path | None) -> None:
    """Write a model, and copy the external data it refers to from ``base_dir`` beside it.

    Raises:
        WriteError: if a file cannot be written, or ``path`` is one that holds
            its weights; old files are kept.
    """
    spare_weights(path, proto, base_dir)
    content = serialized(proto, str(path))
    target = path.parent.resolve()
    copied: list[Path] = []
    try:
        if base_dir is not None and base_dir != target:
            for location in sorted(external_locations(proto)):
                data = inside(target, location)
                if _copy_data(base_dir / location, data):
                    copied.append(data)
        write_atomically(path, [content])
    except BaseException:  # also an interrupt: the weights alone are of no use
        for data in copied:
            data.unlink(missing_ok=True)
        raise


def spare_weights(path: Path, proto: onnx.ModelProto, base_dir: Path | None) -> None:
    """Refuse to write over a file that holds weights of a model.

    Raises:
        WriteError: if ``path`` is one.
    """
    if base_dir is None or not is_there(path):
        return
    for location in external_locations(proto):
        data = base_dir / location
        if data.exists() and data.samefile(path):
            raise WriteError(f"{path} holds the weights of the model: give another file.")


def _copy_data(source: Path, target: Path) -> bool:
    """Copy a file of weights; ``False`` if the same file is there already."""
    try:
        if target.exists():
            if filecmp.cmp(source, target, shallow=False):
                return False
            raise WriteError(
                f"{target} exists and holds other weights: choose an empty folder for the result."
            )
        with source.open("rb") as data:
            write_atomically(target, iter(lambda: data.read(_CHUNK), b""))
    except OSError as error:
        raise WriteError(f"Cannot copy the weights in {source}: {error.strerror}.") from error
    return True


def _strip(entries: MutableSequence[onnx.StringStringEntryProto]) -> None:
    if has_tags(entry.key for entry in entries):
        kept = []
        for entry in entries:
            if not _is_own(entry.key):
                kept.append(onnx.StringStringEntryProto())
                kept[-1].CopyFrom(entry)  # text that is not UTF-8 can be copied, and not be set
        del entries[:]
        entries.extend(kept)


def _strings(texts: Iterable[str]) -> str:
    """A JSON list of texts; what the json module writes, in a fifth of its time."""
    return f"[{', '.join(map(encode_basestring, texts))}]"


def _relations(provenance: Provenance) -> str:
    """How each op of the evidence stands to this one, as JSON: its letter, and the values between.

    ``["b", ["u", "mul_3"]]`` says of the first that it ran before, of the second that it uses
    ``mul_3``.
    """
    return f"[{', '.join(map(_relation, provenance.steps))}]"


def _relation(step: Step) -> str:
    if step.values:
        return _strings((RELATIONS[step.relation], *step.values))
    return _ALONE[step.relation]


_ALONE = {relation: f'"{letter}"' for relation, letter in RELATIONS.items()}


def _where(op: Op) -> Iterator[tuple[str, str]]:
    yield "module", op.module
    yield "tag", op.tag


def _how(op: Op) -> Iterator[tuple[str, str]]:
    provenance = op.provenance
    yield "origin", provenance.origin
    yield "rule", provenance.rule
    yield "evidence", _strings(provenance.evidence)
    yield "confidence", f"{provenance.confidence:g}"
    if op.context is not None:
        yield "context", op.context.module
    if provenance.values:
        yield "values", _strings(provenance.values)
    if provenance.witnesses:
        yield "witnesses", _strings(provenance.witnesses)
    if provenance.shared_by:
        yield "shared_by", _strings(provenance.shared_by)
    if provenance.kind != implied_kind(provenance.rule):
        yield "kind", provenance.kind
    if provenance.steps:
        yield "steps", _relations(provenance)
    if provenance.rebuilt:
        yield "rebuilt", "true"
    if provenance.candidates:
        rejected = [[one.module, one.score, one.reason] for one in provenance.candidates]
        yield "candidates", _json(rejected)
