"""The nodes of a model's top graph read from the bytes of its file, all of them in lockstep.

Asking protobuf for one field of one node takes 0.05 to 0.7 µs, and there are up to twenty. Here
a step reads the next field of every node at once::

    node 0   │input x│input w│output a│type MatMul│        step 1   step 2   step 3    step 4
    node 1   │input a│output b│type Relu│                   x a      w b     a Relu    MatMul

Only what protobuf has parsed is read so, and only fields that exporters write: whatever is not as
expected (see https://protobuf.dev/programming-guides/encoding/) is left to protobuf.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints

__all__ = ["NodeScan", "Suspects", "scan_nodes"]

_MODEL_GRAPH = onnx.ModelProto.DESCRIPTOR.fields_by_name["graph"].number
_GRAPH_NODE = onnx.GraphProto.DESCRIPTOR.fields_by_name["node"].number
_NODE = {name: one.number for name, one in onnx.NodeProto.DESCRIPTOR.fields_by_name.items()}
_ENTRY = {
    name: one.number for name, one in onnx.StringStringEntryProto.DESCRIPTOR.fields_by_name.items()
}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields
_NODE_TAG = _GRAPH_NODE << 3 | _BYTES
_ATTRIBUTE = {
    name: one.number for name, one in onnx.AttributeProto.DESCRIPTOR.fields_by_name.items()
}
_TYPE = (_ATTRIBUTE["type"] << 3 & 0x7F | 0x80, _ATTRIBUTE["type"] >> 4)
"""The two bytes before an attribute's type; other ways to write them begin with the first, too."""

_PLAIN_TYPES = np.zeros(256, bool)
_PLAIN_TYPES[[number for number in onnx.AttributeProto.AttributeType.values() if number < 0x80]] = (
    True
)
_PLAIN_TYPES[[onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS]] = False

_NESTED = np.zeros(256, bool)
for _name in ("t", "g", "tensors", "graphs"):
    # The second is the first byte of other ways to write the first.
    _NESTED[[_ATTRIBUTE[_name] << 3 | _BYTES, _ATTRIBUTE[_name] << 3 | _BYTES | 0x80]] = True

_STEPS = 64
"""Fields of a message that are read in lockstep; of longer ones the rest one after the other."""

_BLOCK = 4096
"""Messages that go through the steps together: their bytes stay near the processor meanwhile."""

_SHORT = 256
"""Bytes of an attribute that are looked through; longer ones may hold anything."""

_AROUND = 4
"""Bytes for each byte of the texts up to which all that lies between them is decoded, too."""

_JOINED = 32
"""Mean bytes up to which texts are decoded as one and split."""


class _Unexpected(Exception):  # noqa: N818 - it never leaves this module
    """The bytes are not those of nodes as exporters write them."""


class Fields(NamedTuple):
    """Fields of several messages: the number of the message, and where their content lies.

    Those of one message come in its order.
    """

    owners: Ints
    starts: Ints
    stops: Ints


class Suspects(NamedTuple):
    """Nodes that may have ``bodies``, and such that may hold ``tensors`` or graphs with some.

    All that do are among them; whether the others do, only protobuf can say.
    """

    bodies: list[int]
    tensors: list[int]


class NodeScan:
    """Where the fields of all nodes of a top graph lie in the bytes of the file.

    ``size`` is the number of nodes. The bytes are held until :meth:`close`.
    """

    def __init__(self, content: bytes, size: int, fields: Sequence[Fields]) -> None:
        self._content = content
        self._fields = fields
        self.size = size

    @property
    def closed(self) -> bool:
        """Whether the bytes were let go."""
        return not self._fields

    def close(self) -> None:
        """Let go of the bytes of the file; nothing can be read any more."""
        self._content = b""
        self._fields = ()

    def strings(self, name: str) -> tuple[list[str], Ints] | None:
        """The texts of a repeated field of all nodes, and how many each node has.

        ``None`` if one is no UTF-8.
        """
        owners, starts, stops = self._fields[_NODE[name]]
        order = np.argsort(starts)
        texts = _texts(self._content, starts[order], stops[order])
        return None if texts is None else (texts, np.bincount(owners, minlength=self.size))

    def string(self, name: str) -> list[str] | None:
        """The text of a field of each node, ``""`` if it has none; ``None`` if one is no UTF-8."""
        fields = self._fields[_NODE[name]]
        starts, stops = np.zeros((2, self.size), np.int64)
        starts[fields.owners] = fields.starts  # of several fields the last one counts
        stops[fields.owners] = fields.stops
        return _texts(self._content, starts, stops)

    @cached_property
    def suspects(self) -> Suspects:
        """The nodes whose attributes may hold more than numbers and texts."""
        content, nodes = self._attributes()
        typed = np.flatnonzero(content == _TYPE[0])
        is_plain = (content[typed + 1] == _TYPE[1]) & _PLAIN_TYPES[content[typed + 2]]
        return Suspects(
            bodies=nodes(typed[~is_plain]), tensors=nodes(np.flatnonzero(_NESTED[content]))
        )

    def mentioning(self, text: str) -> list[int]:
        """The nodes in whose attributes a text may stand."""
        content, nodes = self._attributes()
        joined, wanted = content.tobytes(), text.encode()
        places, at = [], joined.find(wanted)
        while at >= 0:
            places.append(at)
            at = joined.find(wanted, at + 1)
        return nodes(np.array(places, np.int64))

    def _attributes(self) -> tuple[npt.NDArray[np.uint8], Callable[[Ints], list[int]]]:
        """The bytes of all attributes that are short, each with two zeros behind it.

        With them comes what makes nodes of places in these bytes: it adds all nodes that have a
        long attribute, which may hold anything.
        """
        fields = self._fields[_NODE["attribute"]]
        sizes = fields.stops - fields.starts
        long = fields.owners[sizes > _SHORT]
        owners, starts, stops = (column[sizes <= _SHORT] for column in fields)
        content, begins = _joined(self._content, starts, stops, gap=2)

        def nodes(places: Ints) -> list[int]:
            here = owners[np.searchsorted(begins, places, "right") - 1]
            found: list[int] = np.unique(np.concatenate([long, here])).tolist()
            return found

        return content, nodes

    def notes(self, keys: Collection[str]) -> dict[str, list[str | None]] | None:
        """The metadata of all nodes under some keys; ``None`` if a text is no UTF-8.

        A column for each key that any node has, with ``None`` for the nodes without it.
        """
        entries = self._fields[_NODE["metadata_props"]]
        columns: dict[str, list[str | None]] = {}
        try:
            for begin in range(0, len(entries.owners), _BLOCK):
                owners, starts, stops = (column[begin : begin + _BLOCK] for column in entries)
                for key, at, texts in _entries(self._content, starts, stops, keys):
                    if key not in columns:
                        columns[key] = [None] * self.size
                    column = columns[key]
                    for node, text in zip(owners[at].tolist(), texts, strict=True):
                        column[node] = text
        except (_Unexpected, UnicodeDecodeError):
            return None
        return columns


def scan_nodes(content: bytes, proto: onnx.ModelProto) -> NodeScan | None:
    """Where the fields of all nodes lie in the bytes that a model was parsed from.

    ``None`` if they are not as exporters write them.
    """
    size = len(proto.graph.node)
    try:
        starts, stops = _nodes(content, size)
        return NodeScan(content, size, _lockstep(content, starts, stops))
    except _Unexpected:
        return None


def _nodes(content: bytes, size: int) -> tuple[Ints, Ints]:
    """Where the nodes of the top graph begin and end, if there are ``size``."""
    graphs = [
        (start, stop)
        for tag, start, stop in _messages(content, 0, len(content))
        if tag == _MODEL_GRAPH << 3 | _BYTES
    ]
    if len(graphs) != 1:  # protobuf makes one of several
        raise _Unexpected
    begin, end = graphs[0]
    starts: list[int] = []
    stops: list[int] = []
    cursor = begin
    try:
        # Nearly always they come first, and most have a size of one or two bytes.
        while len(starts) < size and cursor < end and content[cursor] == _NODE_TAG:
            length = content[cursor + 1]
            cursor += 2
            if length > 0x7F:
                more = content[cursor]
                if more > 0x7F:
                    cursor -= 2
                    break
                length += (more << 7) - 0x80
                cursor += 1
            starts.append(cursor)
            cursor += length
            stops.append(cursor)
    except IndexError as error:
        raise _Unexpected from error
    for tag, start, stop in _messages(content, cursor, end):
        if len(starts) == size:
            break
        if tag == _NODE_TAG:
            starts.append(start)
            stops.append(stop)
    if len(starts) != size:
        raise _Unexpected
    return np.array(starts, np.int64), np.array(stops, np.int64)


def _messages(content: bytes, cursor: int, end: int) -> Iterator[tuple[int, int, int]]:
    """First byte of the tag, start and stop of each field of one message, one after the other."""
    try:
        while cursor < end:
            tag = content[cursor]
            kind = tag & 7
            while content[cursor] > 0x7F:
                cursor += 1
            size = content[cursor + 1]
            cursor += 2
            if kind == _BYTES:
                if size > 0x7F:
                    size &= 0x7F
                    for shift in (7, 14, 21, 28):
                        more = content[cursor]
                        cursor += 1
                        size |= (more & 0x7F) << shift
                        if more < 0x80:
                            break
                    else:
                        raise _Unexpected
                yield tag, cursor, cursor + size
                cursor += size
            elif kind == _VARINT:
                cursor -= 1
                while content[cursor] > 0x7F:
                    cursor += 1
                cursor += 1
            elif kind in (_FIXED64, _FIXED32):
                cursor += 7 if kind == _FIXED64 else 3
            else:
                raise _Unexpected
    except IndexError as error:
        raise _Unexpected from error
    if cursor != end:
        raise _Unexpected


def _lockstep(content: bytes, starts: Ints, stops: Ints) -> list[Fields]:
    """By number the fields of several messages, each field after those that come before it."""
    buffer = np.frombuffer(content, np.uint8)
    steps: list[tuple[npt.NDArray[np.uint8], Fields]] = []
    for begin in range(0, len(starts), _BLOCK):
        owners = np.arange(begin, min(begin + _BLOCK, len(starts)))
        cursors, ends = starts[owners], stops[owners]
        for _ in range(_STEPS):
            is_left = cursors < ends
            if not is_left.all():
                owners, cursors, ends = owners[is_left], cursors[is_left], ends[is_left]
            if not len(owners):
                break
            tags, begins, cursors = _step(buffer, cursors, ends)
            steps.append((tags, Fields(owners, begins, cursors)))
        steps += _rest(content, owners, cursors, ends)
    tags = np.concatenate([tags for tags, _ in steps] or [np.zeros(0, np.uint8)])
    columns = [np.concatenate(column) for column in zip(*(one for _, one in steps), strict=True)]
    whole = Fields(*columns or np.zeros((3, 0), np.int64))
    found = []
    for number in range(16):
        here = np.flatnonzero(tags == (number << 3 | _BYTES))
        found.append(Fields(*(column[here] for column in whole)))
    return found


def _entries(
    content: bytes, starts: Ints, stops: Ints, keys: Collection[str]
) -> Iterator[tuple[str, Ints, list[str]]]:
    """Of some entries of metadata each key that is wanted, the entries that have it, and its texts.

    Raises:
        UnicodeDecodeError: if one of these is no UTF-8.
    """
    fields = _lockstep(content, starts, stops)
    begins, ends = np.zeros((2, 2, len(starts)), np.int64)
    for at, name in enumerate(("key", "value")):
        found = fields[_ENTRY[name]]
        begins[at, found.owners] = found.starts  # of several fields the last one counts
        ends[at, found.owners] = found.stops
    buffer = np.frombuffer(content, np.uint8)
    sizes = ends[0] - begins[0]
    for key in keys:
        wanted = key.encode()
        here = np.flatnonzero(sizes == len(wanted))
        if len(here) and wanted:
            windows = np.lib.stride_tricks.sliding_window_view(buffer, len(wanted))
            is_same = windows[begins[0, here]].view(f"V{len(wanted)}").ravel() == np.void(wanted)
            here = here[is_same]
        if len(here):
            places = zip(begins[1, here].tolist(), ends[1, here].tolist(), strict=True)
            yield key, here, [str(content[start:stop], "utf-8") for start, stop in places]


def _step(
    buffer: npt.NDArray[np.uint8], cursors: Ints, ends: Ints
) -> tuple[npt.NDArray[np.uint8], Ints, Ints]:
    """The tag, start and stop of the field at each cursor: all of bytes, with a tag of one byte."""
    tags = buffer[cursors]
    begins = cursors + 2
    if ((tags & 0x87) != _BYTES).any() or (begins > ends).any():
        raise _Unexpected
    sizes = buffer[begins - 1].astype(np.int64)
    long = np.flatnonzero(sizes > 0x7F)
    shift = 7
    while len(long):
        at = begins[long]
        if shift > 28 or (at >= ends[long]).any():
            raise _Unexpected
        more = buffer[at].astype(np.int64)
        sizes[long] += (more << shift) - (0x80 << (shift - 7))  # less what said that more comes
        begins[long] += 1
        long = long[more > 0x7F]
        shift += 7
    stops = begins + sizes
    if (stops > ends).any():
        raise _Unexpected
    return tags, begins, stops


def _rest(
    content: bytes, owners: Ints, cursors: Ints, ends: Ints
) -> Iterator[tuple[npt.NDArray[np.uint8], Fields]]:
    """The fields that follow in each of some messages, one after the other."""
    for owner, cursor, end in zip(owners.tolist(), cursors.tolist(), ends.tolist(), strict=True):
        table = []
        for tag, start, stop in _messages(content, cursor, end):
            if tag > 0x7F:
                raise _Unexpected
            table.append((tag, owner, start, stop))
        tags, *columns = np.array(table, np.int64).reshape(-1, 4).T
        yield tags.astype(np.uint8), Fields(*columns)


def _texts(content: bytes, starts: Ints, stops: Ints) -> list[str] | None:
    """The texts between these places; ``None`` if one is no UTF-8."""
    sizes = stops - starts
    total = int(sizes.sum())
    try:
        if not total:
            return [""] * len(sizes)
        if total <= _JOINED * len(sizes):
            joined, _ = _joined(content, starts, stops, gap=1)
            if np.count_nonzero(joined == 0) == len(sizes):  # no text has a zero of its own
                return joined[:-1].tobytes().decode().split("\0")
        first, last = int(starts[sizes > 0].min()), int(stops.max())
        if last - first <= _AROUND * total and (around := content[first:last]).isascii():
            begins = np.where(sizes > 0, starts - first, 0)
            slices = map(slice, begins.tolist(), (begins + sizes).tolist())
            return list(map(around.decode().__getitem__, slices))
        places = zip(starts.tolist(), stops.tolist(), strict=True)
        return [str(content[start:stop], "utf-8") for start, stop in places]
    except UnicodeDecodeError:
        return None


def _joined(
    content: bytes, starts: Ints, stops: Ints, gap: int
) -> tuple[npt.NDArray[np.uint8], Ints]:
    """The bytes between these places one after the other, and where each begins.

    After each come ``gap`` zeros.
    """
    sizes = stops - starts + gap
    begins = np.cumsum(sizes) - sizes
    places = np.ones(int(sizes.sum()), np.int64)  # each one further in the file than the last
    places[begins[:1]] = starts[:1]
    places[begins[1:]] = starts[1:] - stops[:-1] - gap + 1
    joined = np.frombuffer(content, np.uint8).take(np.cumsum(places), mode="clip")
    for zero in range(1, gap + 1):
        joined[begins + sizes - zero] = 0
    return joined, begins
