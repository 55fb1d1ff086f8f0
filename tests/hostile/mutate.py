"""Ways to spoil a file: every kind takes the bytes of a real one, and gives those of a hostile one.

All of it follows from the generator of random numbers that is handed in, so a
case is made again from its seed. The first kinds know nothing of ONNX; the
others parse the file, and spoil what it means rather than how it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import onnx
from onnx import GraphProto, ModelProto, NodeProto

from tests.hostile.crafted import MARKUP

__all__ = ["KINDS", "mutated"]

Texts = Sequence[bytes]

_NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**62, -(2**63), 10**9, 150, 2**20)
_KEYS = (
    *(f"hexviz.{one}" for one in ("module", "tag", "origin", "rule", "evidence", "confidence")),
    *(f"hexviz.{one}" for one in ("candidates", "values", "witnesses", "context")),
    *("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"),
    *("namespace", "winml.hierarchy.tag", "pkg.torch.onnx.stack_trace"),
)
_NOTES = (
    *("", "[]", "[1]", "null", "{}", "NaN", "1e999", "-1", "['', 'a', 'b']", "['a'", "[[[['']]]]"),
    *('["a","b"]', '[["a",0.5,"b"]]', '[["a",1e400,1]]', "declared", "inherited", "manual"),
    *("metadata", "trace", "override", "a.b.c", "a..b", ".", "..a", "/", "//", "/A/B.0/C", "a@1"),
    *("\ud7ff\ue000", "'\\ud800'", "['\\udc80', 'x']", "[b'a', 'b']", "9" * 5000, "a.²", "l.١.q"),
    *(": M/a: A/a.b: B/f: g", "true", "1", "0.5"),
)


def _truncated(content: bytes, other: bytes, draw: Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _flipped(content: bytes, other: bytes, draw: Random) -> bytes:
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8, 64))):
        found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)
    return bytes(found)


def _spliced(content: bytes, other: bytes, draw: Random) -> bytes:
    return content[: draw.randrange(len(content))] + other[draw.randrange(len(other)) :]


def _random(content: bytes, other: bytes, draw: Random) -> bytes:
    return draw.randbytes(draw.randrange(1, 2000))


def _overwritten(content: bytes, other: bytes, draw: Random) -> bytes:
    at, size = draw.randrange(len(content)), draw.randrange(1, 32)
    return content[:at] + draw.randbytes(size) + content[at + size :]


def _lying_length(content: bytes, other: bytes, draw: Random) -> bytes:
    lies = (b"\xff\xff\xff\xff\x07", b"\xff" * 9 + b"\x01", b"\x00", b"\x7f", b"\x80\x80\x04")
    at = draw.randrange(len(content))
    return content[:at] + draw.choice(lies) + content[at + 1 :]


def _chunk_twice(content: bytes, other: bytes, draw: Random) -> bytes:
    start, end = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    times = draw.choice((1, 1, 2, 20))
    return content[:end] + content[start:end][:4096] * times + content[end:]


def _chunk_lost(content: bytes, other: bytes, draw: Random) -> bytes:
    start = draw.randrange(len(content))
    return content[:start] + content[start + draw.randrange(1, 64) :]


_RAW: dict[str, Callable[[bytes, bytes, Random], bytes]] = {
    "truncated": _truncated,
    "bits flipped": _flipped,
    "two files spliced": _spliced,
    "random bytes": _random,
    "bytes overwritten": _overwritten,
    "lying lengths": _lying_length,
    "a chunk repeated": _chunk_twice,
    "a chunk lost": _chunk_lost,
}


def _bodies(made: ModelProto) -> list[GraphProto | onnx.FunctionProto]:
    found: list[GraphProto | onnx.FunctionProto] = [made.graph, *made.functions]
    for body in found:  # grows while it is walked
        for one in body.node:
            for attribute in one.attribute:
                found.extend([attribute.g] if attribute.HasField("g") else [])
                found.extend(attribute.graphs)
    return found


def _nodes(made: ModelProto) -> list[NodeProto]:
    return [one for body in _bodies(made) for one in body.node]


def _values(made: ModelProto) -> list[str]:
    return [name for one in _nodes(made) for name in (*one.output, *one.input)] or ["x"]


def _doubled_outputs(made: ModelProto, other: ModelProto, draw: Random) -> None:
    one = draw.choice(_nodes(made))
    one.output.append(draw.choice(_values(made)))


def _dangling(made: ModelProto, other: ModelProto, draw: Random) -> None:
    for one in draw.choices(_nodes(made), k=3):
        if one.input:
            one.input[draw.randrange(len(one.input))] = draw.choice(("nothing", "", "x/y", "a.b.c"))


def _cycle(made: ModelProto, other: ModelProto, draw: Random) -> None:
    one = draw.choice(_nodes(made))
    one.input.append(draw.choice(_values(made)))


def _shuffled(made: ModelProto, other: ModelProto, draw: Random) -> None:
    body = draw.choice(_bodies(made))
    nodes = list(body.node)
    draw.shuffle(nodes)
    del body.node[:]
    body.node.extend(nodes)


def _renamed(made: ModelProto, other: ModelProto, draw: Random) -> None:
    texts = ("", "/", "//", ".", "a/b", "/a/b/", "#0", "?", "function:f", "x~2", *MARKUP)
    for one in draw.choices(_nodes(made), k=4):
        text = draw.choice(texts)
        match draw.randrange(4):
            case 0:
                one.name = text
            case 1:
                one.op_type = text
            case 2:
                one.domain = text
            case _ if one.output:
                one.output[draw.randrange(len(one.output))] = text


def _noted(made: ModelProto, other: ModelProto, draw: Random) -> None:
    for one in draw.choices(_nodes(made), k=draw.randrange(1, 12)):
        for key in draw.sample(_KEYS, k=draw.randrange(1, 6)):
            one.metadata_props.add(key=key, value=draw.choice(_NOTES))
    if draw.random() < 0.3:
        text = draw.choice(('{"":{}}', '{"a":{"class":1}}', '{"a..b":{}}', *_NOTES))
        made.metadata_props.add(key="hexviz.modules", value=text)


def _notes_swapped(made: ModelProto, other: ModelProto, draw: Random) -> None:
    noted = [one for one in _nodes(made) if one.metadata_props]
    for _ in range(min(len(noted), 20)):
        one, two = draw.choice(noted), draw.choice(noted)
        first, second = draw.choice(one.metadata_props), draw.choice(two.metadata_props)
        first.value, second.value = second.value, first.value


def _retyped(made: ModelProto, other: ModelProto, draw: Random) -> None:
    told = [*made.graph.input, *made.graph.output, *made.graph.value_info]
    for one in draw.choices(told, k=3) if told else []:
        one.type.tensor_type.elem_type = draw.choice(_NUMBERS[:5])
        for dim in one.type.tensor_type.shape.dim:
            dim.dim_value = draw.choice(_NUMBERS)
    for tensor in list(made.graph.initializer)[:20]:
        if draw.random() < 0.5:
            tensor.data_type = draw.randrange(-1, 30)
        if draw.random() < 0.5:
            tensor.dims.append(draw.choice(_NUMBERS))


def _attributes(made: ModelProto, other: ModelProto, draw: Random) -> None:
    for one in draw.choices(_nodes(made), k=6):
        for attribute in one.attribute:
            attribute.type = draw.randrange(15)
        added = one.attribute.add(
            name=draw.choice(("value", "body", "axis", "")), type=draw.randrange(15)
        )
        match draw.randrange(4):
            case 0:
                inner = NodeProto()  # not copied in place: a node may be copied into itself
                inner.CopyFrom(draw.choice(_nodes(made)))
                added.g.node.append(inner)
            case 1:
                added.ref_attr_name = "axis"
            case 2:
                added.t.dims.extend(draw.choices(_NUMBERS, k=3))
            case _:
                added.s = draw.randbytes(8)


def _functions(made: ModelProto, other: ModelProto, draw: Random) -> None:
    nodes = _nodes(made)
    for at in range(3):
        one = made.functions.add(name=f"f{draw.randrange(3)}", domain="local")
        one.input.append("a")
        one.output.append(draw.choice(("a", "b", "", "x")))
        called = one.node.add(op_type=f"f{draw.randrange(3)}", domain="local", input=["a"])
        called.output.append("b")
        if at:
            one.node.add().CopyFrom(draw.choice(nodes))
    for one in draw.choices(nodes, k=2):
        one.op_type, one.domain = f"f{draw.randrange(3)}", "local"


def _graph_spliced(made: ModelProto, other: ModelProto, draw: Random) -> None:
    made.graph.node.extend(draw.choices(other.graph.node, k=5) if other.graph.node else [])
    made.graph.initializer.extend(other.graph.initializer[:3])
    made.graph.output.extend(other.graph.output)


def _ends(made: ModelProto, other: ModelProto, draw: Random) -> None:
    values = _values(made)
    for where in (made.graph.input, made.graph.output, made.graph.value_info):
        for _ in range(draw.randrange(3)):
            where.add(name=draw.choice(values))
    for _ in range(draw.randrange(3)):
        made.graph.initializer.add(name=draw.choice(values), dims=[draw.choice(_NUMBERS)])
    if draw.random() < 0.3:
        del made.opset_import[:]


def _external(made: ModelProto, other: ModelProto, draw: Random) -> None:
    tensor = made.graph.initializer.add(name=draw.choice(_values(made)), data_type=1, dims=[4])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    places = ("../x", "/etc/passwd", "", "weights.bin", ".", "a\0b", "hexviz-weights-left-out")
    for key in ("location", "offset", "length", "location"):
        tensor.external_data.add(key=key, value=draw.choice((*places, "-1", "9" * 30)))


_MEANT: dict[str, Callable[[ModelProto, ModelProto, Random], None]] = {
    "outputs doubled": _doubled_outputs,
    "inputs from nowhere": _dangling,
    "cycles": _cycle,
    "order lost": _shuffled,
    "names emptied, or markup": _renamed,
    "metadata garbled": _noted,
    "metadata swapped": _notes_swapped,
    "types and shapes wrong": _retyped,
    "attributes wrong": _attributes,
    "functions that call in circles": _functions,
    "two graphs spliced": _graph_spliced,
    "inputs and outputs wrong": _ends,
    "weights elsewhere": _external,
}

KINDS = (*_RAW, *_MEANT)
"""The names of all kinds."""


def mutated(kind: str, content: bytes, other: bytes, draw: Random) -> bytes:
    """The bytes of a real file, spoilt; ``other`` are those of a second one."""
    if kind in _RAW:
        return _RAW[kind](content, other, draw)
    made, second = ModelProto.FromString(content), ModelProto.FromString(other)
    for _ in range(draw.choice((1, 1, 3))):
        _MEANT[kind](made, second, draw)
    spoilt = made.SerializeToString()
    # Some that are wrong both in what they mean and in how they are written.
    return _flipped(spoilt, other, draw) if draw.random() < 0.1 else spoilt
