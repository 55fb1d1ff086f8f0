"""Tags in a file's metadata: writing them, and taking them out again.

Only ``metadata_props`` change. Runtimes reject unknown node *attributes*, and
a graph's topology, names and weights are not ours to touch.
"""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Collection, Iterable, Iterator, MutableSequence, Sequence
from itertools import chain
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import onnx

from hexviz.errors import WriteError
from hexviz.model.bodies import all_graphs, graphs_of, walk_bodies
from hexviz.model.files import Chunk, inside, is_there, write_atomically
from hexviz.model.modules import Module, ModuleTree
from hexviz.model.node_tags import (
    PREFIX,
    OpTags,
    entry,
    how_entries,
    is_of_another_graph,
    where_entries,
)
from hexviz.model.op import Op
from hexviz.model.other_keys import OtherKey, replaced
from hexviz.model.reader import external_locations
from hexviz.model.source_graph import TRANSFERRED_FROM, SourceGraph
from hexviz.model.tag_map_packing import pack_map
from hexviz.model.wire import BYTES, Field, field, fields, head, run

__all__ = [
    "PREFIX",
    "Tagged",
    "add_tags",
    "has_tags",
    "serialized",
    "short_digest",
    "spare_weights",
    "tagged",
    "tagged_proto",
    "without_tags",
    "write",
]

_CALL_RECORD = "pkg.torch.onnx.name_scopes"
"""The exporter's key that tells an op's call: where it stands, hexviz need not repeat it."""

_OWN = PREFIX.encode()

_RECORD = field(1, _CALL_RECORD.encode())
"""The same as bytes. Somebody can write them into another text of a node; then its call is not
repeated, and nothing is lost but that."""

_AT_ONCE = 1024  # nodes

_LOCATION = b"\x0a\x08location"
"""What every tensor whose data lies in another file has in its bytes: the key of an entry."""

_LARGEST = (1 << 31) - 1  # bytes that protobuf reads

_CHUNK = 1 << 24  # bytes copied at a time: weights can be larger than memory

_NUMBERS = {name: one.number for name, one in onnx.ModelProto.DESCRIPTOR.fields_by_name.items()}
_GRAPH, _FUNCTIONS = _NUMBERS["graph"], _NUMBERS["functions"]
_METADATA = _NUMBERS["metadata_props"]
_NODE = onnx.GraphProto.DESCRIPTOR.fields_by_name["node"].number


def tagged_proto(
    proto: onnx.ModelProto,
    ops: Iterable[Op],
    modules: Iterable[Module],
    transferred_from: SourceGraph | None = None,
) -> onnx.ModelProto:
    """A copy of ``proto`` that carries the tags, replacing older ones."""
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    add_tags(result, OpTags.of(ops), modules, transferred_from)
    return result


def add_tags(
    proto: onnx.ModelProto,
    tags: OpTags,
    modules: Iterable[Module],
    transferred_from: SourceGraph | None = None,
) -> None:
    """Write tags into a model instead of older ones; arguments as of :func:`tagged`."""
    rows = _rows(modules)
    metadata = _model_metadata(proto, tags, rows, transferred_from)
    del proto.metadata_props[:]
    proto.MergeFromString(metadata)
    _tag_nodes(proto, range(len(proto.graph.node)), tags, _Texts.of(tags, rows), frozenset())


class Tagged(NamedTuple):
    """The bytes of a model with tags, put together while they are written.

    ``refers`` says whether nodes or functions may have tensors in other files.
    """

    chunks: Iterator[Chunk]
    refers: bool


def tagged(
    proto: onnx.ModelProto,
    tags: OpTags,
    modules: Iterable[Module],
    transferred_from: SourceGraph | None = None,
    *,
    name: str = "The model",
    also: Sequence[OtherKey] = (),
) -> Tagged:
    """The bytes of a model that carries tags instead of older ones.

    Metadata is appended to the bytes of each node (:mod:`hexviz.model.wire`); nothing is parsed but
    nodes with bodies or older tags, and weights stay where they lie in the bytes of the model.
    ``transferred_from`` is the graph that transferred tags came from, ``name`` what an error calls
    the model, ``also`` keys of other tools to write as well.

    Raises:
        WriteError: if it is too large for one file.
    """
    rows = _rows(modules)
    content = serialized(proto, name)
    view = memoryview(content)
    metadata = _model_metadata(proto, tags, rows, transferred_from)
    pieces: list[tuple[int, int, Iterable[Chunk]]] = [(_METADATA, len(metadata), [metadata])]
    refers = False
    for part in fields(content):
        if part.number == _GRAPH:
            nodes = _Nodes(proto, content, part, tags, _Texts.of(tags, rows, also), replaced(also))
            rest = view[nodes.end : part.end]
            size = nodes.size + len(rest)
            start = head(_GRAPH, size)
            pieces.append((_GRAPH, len(start) + size, chain([start], nodes.chunks(), [rest])))
            pieces.append((_FUNCTIONS, len(nodes.functions), [nodes.functions]))
            refers = _LOCATION in nodes.functions
            refers = refers or content.find(_LOCATION, part.start, nodes.end) >= 0
        elif part.number not in (_METADATA, _FUNCTIONS):
            pieces.append((part.number, part.end - part.begin, [view[part.begin : part.end]]))
    if sum(size for _, size, _ in pieces) > _LARGEST:
        raise _too_large(name)
    pieces.sort(key=itemgetter(0))
    return Tagged(chain.from_iterable(chunks for _, _, chunks in pieces), refers)


_Row = tuple[str, str, str, int | None, str, int, str]
"""What is written of a module: all that :class:`Module` has but its parent, children and ops."""


def _rows(modules: Iterable[Module]) -> list[_Row]:
    if isinstance(modules, ModuleTree):
        known = modules.columns
        columns = (known.fqns, known.class_names, known.tags, known.parameters)
        return list(zip(*columns, known.same_as, known.copies, known.found_as, strict=True))
    return [
        (
            *(one.fqn, one.class_name, one.tag, one.parameters),
            *(one.same_as, one.copies, one.found_as),
        )
        for one in modules
    ]


def _described(row: _Row) -> str:
    """A module with its FQN as JSON; what the json module writes, without a dict for each."""
    fqn, class_name, tag, parameters, same_as, copies, found_as = row
    same = f', "same_as": {quoted(same_as)}' if same_as else ""
    found = f', "copies": {copies}' if copies else ""
    found += f', "found_as": {quoted(found_as)}' if found_as else ""
    count = "null" if parameters is None else parameters
    return (
        f'{quoted(fqn)}: {{"class": {quoted(class_name)}, "tag": {quoted(tag)}, '
        f'"parameters": {count}{same}{found}}}'
    )


class _Texts(NamedTuple):
    """The entries of each op, by position: where it belongs, its call, and how that is known."""

    where: Sequence[bytes]
    calls: Sequence[bytes]
    how: Sequence[bytes]

    @classmethod
    def of(cls, tags: OpTags, rows: Iterable[_Row], also: Sequence[OtherKey] = ()) -> Self:
        where = where_entries(tags.modules, {fqn: tag for fqn, _, tag, *_ in rows}, also)
        return cls(
            [where[fqn] for fqn in tags.modules],
            [entry("call", text) if text else b"" for text in tags.calls],
            how_entries(tags),
        )

    def all(self, at: int, node: onnx.NodeProto) -> bytes:
        """All entries for a node."""
        call = b"" if self.calls[at] and _tells_call(node) else self.calls[at]
        return self.where[at] + call + self.how[at]


def _tells_call(node: onnx.NodeProto) -> bool:
    """Whether a node has the exporter's own record of the call."""
    return _CALL_RECORD in [one.key for one in node.metadata_props[:]]


class _Nodes:
    """The nodes of a model's graph with tags, as fields of the graph; and the model's functions.

    ``end`` is where the nodes end in the bytes of the model, ``size`` what they come to.
    """

    def __init__(
        self,
        proto: onnx.ModelProto,
        content: bytes,
        graph: Field,
        tags: OpTags,
        texts: _Texts,
        others: frozenset[str],
    ) -> None:
        starts, ends, self.end = run(content, _NODE << 3 | BYTES, graph.start, graph.end)
        places = list(zip(starts, ends, strict=True))
        positions = _of_top(tags)
        where, calls, how = (
            list(column) if positions is None else [column[at] for at in positions]
            for column in texts
        )
        apart: set[int] = set()  # nodes that are not only appended to
        if any(tags.bodies):
            apart.update(at for at, node in enumerate(proto.graph.node) if graphs_of(node))
        find = content.find
        for key in (_OWN, *(field(1, other.encode()) for other in sorted(others))):
            if find(key, graph.start, self.end) >= 0:
                apart.update(at for at, one in enumerate(places) if find(key, *one) >= 0)
        if any(calls):
            calls = [
                b"" if call and find(_RECORD, *one) >= 0 else call
                for call, one in zip(calls, places, strict=True)
            ]
        self.functions = b""
        self._whole: dict[int, bytes] = {}
        if apart or proto.functions:
            numbers = sorted(apart)
            some = onnx.ModelProto(functions=proto.functions)
            some.graph.node.extend(proto.graph.node[at] for at in numbers)
            _tag_nodes(some, numbers, tags, texts, others)
            for at, node in zip(numbers, some.graph.node, strict=True):
                self._whole[at] = node.SerializeToString()
                where[at] = calls[at] = how[at] = b""
            self.functions = onnx.ModelProto(functions=some.functions).SerializeToString()
        lengths = np.array(ends, np.int64) - np.array(starts, np.int64)
        for at, node in self._whole.items():
            lengths[at] = len(node)
        for column in (where, calls, how):
            lengths += np.fromiter(map(len, column), np.int64, len(column))
        sizes = lengths.tolist()
        heads = {size: head(_NODE, size) for size in set(sizes)}
        self._heads = list(map(heads.__getitem__, sizes))
        self.size = sum(sizes) + sum(map(len, self._heads))
        self._content, self._places = content, places
        self._texts = where, calls, how

    def chunks(self) -> Iterator[bytes]:
        """The fields, some at a time: they are written from memory that is used again."""
        content = self._content
        for first in range(0, len(self._places), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            nodes = [content[start:end] for start, end in self._places[some]]
            for at in self._whole.keys() & range(first, first + len(nodes)):
                nodes[at - first] = self._whole[at]
            texts = [column[some] for column in self._texts]
            yield b"".join(chain.from_iterable(zip(self._heads[some], nodes, *texts, strict=True)))


def _of_top(tags: OpTags) -> list[int] | None:
    """The positions of the nodes of the top graph, in the order of the file; ``None`` for all."""
    if not any(tags.bodies) and list(tags.indices) == list(range(len(tags.indices))):
        return None
    top = [at for at, path in enumerate(tags.bodies) if not path]
    return sorted(top, key=tags.indices.__getitem__)


def _tag_nodes(
    proto: onnx.ModelProto,
    numbers: Sequence[int],
    tags: OpTags,
    texts: _Texts,
    others: frozenset[str],
) -> None:
    """Write tags into nodes, those of bodies and functions too, instead of older ones.

    ``numbers`` are the places in the list of the top graph that its nodes had in the whole model,
    ``others`` keys of other tools that are written as well.
    """
    _strip_nodes(proto, others)
    places = {place: at for at, place in enumerate(zip(tags.bodies, tags.indices, strict=True))}

    def position(path: str, index: int) -> int:
        return places[path, index if path else numbers[index]]

    for path, body in walk_bodies(proto, lambda path, index, _: tags.ids[position(path, index)]):
        for index, node in enumerate(body.node):
            node.MergeFromString(texts.all(position(path, index), node))


def _model_metadata(
    proto: onnx.ModelProto,
    tags: OpTags,
    rows: Iterable[_Row],
    transferred_from: SourceGraph | None,
) -> bytes:
    """The metadata of the model itself, with modules and map, as fields of the model."""
    some = onnx.ModelProto(metadata_props=proto.metadata_props)
    _strip(some.metadata_props)
    text = f"{{{', '.join(map(_described, rows))}}}"
    shapes = {one.name: tuple(one.dims) for one in proto.graph.initializer}
    packed = pack_map(tags, shapes)
    # Whoever merges models refuses two texts under one key, so each model has keys of its own.
    digest = short_digest(text + (packed or ""))
    some.metadata_props.add(key=f"{PREFIX}modules.{digest}", value=text)
    if packed is not None:
        some.metadata_props.add(key=f"{PREFIX}map.{digest}", value=packed)
    if transferred_from is not None and any(map(is_of_another_graph, tags.reasons)):
        kept = transferred_from.to_json()
        some.metadata_props.add(key=f"{TRANSFERRED_FROM}.{short_digest(kept)}", value=kept)
    content: bytes = some.SerializeToString()
    return content


def short_digest(text: str) -> str:
    """What tells apart the keys under which two models keep the same kind of thing."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:10]


def has_tags(metadata: Iterable[str]) -> bool:
    """Whether one of the keys of a node's metadata is hexviz's."""
    return any(map(_is_own, metadata))


def _is_own(key: str | bytes) -> bool:
    return isinstance(key, str) and key.startswith(PREFIX)  # bytes are what is not UTF-8


def without_tags(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of ``proto`` without any metadata of hexviz."""
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    _strip(result.metadata_props)
    _strip_nodes(result)
    return result


def _strip_nodes(proto: onnx.ModelProto, others: Collection[str] = ()) -> None:
    for graph in all_graphs(proto):
        for node in graph.node:
            _strip(node.metadata_props, others)


def serialized(proto: onnx.ModelProto, name: str) -> bytes:
    """A model as the bytes of its file, which ``name`` names in an error.

    Raises:
        WriteError: if it is too large for one file.
    """
    try:
        content: bytes = proto.SerializeToString()
    except ValueError as error:
        raise _too_large(name) from error
    return content


def _too_large(name: str) -> WriteError:
    return WriteError(
        f"{name} would be over 2 GB, more than one ONNX file can hold: export with external data."
    )


def write(proto: onnx.ModelProto, content: Tagged, path: Path, base_dir: Path | None) -> None:
    """Write a model, and copy the external data it refers to from ``base_dir`` beside it.

    ``content`` are its bytes with tags.

    Raises:
        WriteError: if a file cannot be written, or ``path`` is one that holds
            its weights; old files are kept.
    """
    target = path.parent.resolve()
    elsewhere = base_dir is not None and base_dir != target
    wanted = elsewhere or (base_dir is not None and is_there(path))
    locations = _locations(proto, content) if wanted else set()
    _spare(path, locations, base_dir)
    copied: list[Path] = []
    try:
        if base_dir is not None and elsewhere:
            for location in sorted(locations):
                data = inside(target, location)
                if _copy_data(base_dir / location, data):
                    copied.append(data)
        write_atomically(path, content.chunks)
    except BaseException:  # also an interrupt: the weights alone are of no use
        for data in copied:
            data.unlink(missing_ok=True)
        raise


def spare_weights(path: Path, proto: onnx.ModelProto, base_dir: Path | None) -> None:
    """Refuse to write over a file that holds weights of a model.

    Raises:
        WriteError: if ``path`` is one.
    """
    if base_dir is not None and is_there(path):
        _spare(path, external_locations(proto), base_dir)


def _spare(path: Path, locations: Iterable[str], base_dir: Path | None) -> None:
    if base_dir is None or not is_there(path):
        return
    for location in locations:
        data = base_dir / location
        if data.exists() and data.samefile(path):
            raise WriteError(f"{path} holds the weights of the model: give another file.")


def _locations(proto: onnx.ModelProto, content: Tagged) -> set[str]:
    """As :func:`external_locations`, in a hundredth of its time where no data lies elsewhere."""
    external = onnx.TensorProto.EXTERNAL
    refers = content.refers or any(one.data_location == external for one in proto.graph.initializer)
    return external_locations(proto) if refers else set()


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


def _strip(
    entries: MutableSequence[onnx.StringStringEntryProto], others: Collection[str] = ()
) -> None:
    """Take out hexviz's entries, and those under some keys of ``others``."""
    keys = [entry.key for entry in entries[:]]
    if has_tags(keys) or (others and not set(others).isdisjoint(keys)):
        kept = []
        for entry in entries:
            if not _is_own(entry.key) and entry.key not in others:
                kept.append(onnx.StringStringEntryProto())
                kept[-1].CopyFrom(entry)  # text that is not UTF-8 can be copied, and not be set
        del entries[:]
        entries.extend(kept)
