"""What the bytes say of all nodes at once is what protobuf says of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import onnx.backend.test
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.errors import ReadError
from hexviz.model.flat import notes_of
from hexviz.model.flatten import flatten
from hexviz.model.node_columns import read_nodes
from hexviz.model.node_scan import scan_nodes
from hexviz.model.reader import external_locations, parse
from tests.build import parse as parse_text

KEYS = ("namespace", "pkg.torch.onnx.name_scopes", "é")


def varint(value: int, *, spare: int = 0) -> bytes:
    """As protobuf writes a number, or with bytes more than it needs."""
    found = bytearray()
    while value > 0x7F or spare:
        found.append(value & 0x7F | 0x80)
        spare -= value <= 0x7F
        value >>= 7
    return bytes([*found, value])


def field(number: int, content: bytes, *, spare: int = 0) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2, spare=spare) + varint(len(content)) + content


def model(nodes: Sequence[bytes], graphs: int = 1) -> bytes:
    whole = b"".join(field(7, b"".join(field(1, node) for node in nodes)) for _ in range(graphs))
    return b"\x08\x0a" + whole


texts = st.text(max_size=40) | st.sampled_from([*KEYS, "a\0b", "", "x" * 300])
strings = texts.map(str.encode) | st.sampled_from([b"\xff", b"a\xc3"])
entries = st.lists(
    st.tuples(st.sampled_from([1, 2, 1, 2, 3]), st.sampled_from(KEYS).map(str.encode) | strings),
    max_size=4,
).map(lambda fields: b"".join(field(*one) for one in fields))
typed = st.sampled_from([b"\xa0\x01\x05", b"\xa0\x01\x0a", b"\xa0\x01\x02", b"\xa0\x81\x00\x05"])
elsewhere = onnx.TensorProto(data_location=onnx.TensorProto.EXTERNAL, name="t")
tensor = elsewhere.SerializeToString()
graph = onnx.GraphProto(node=[onnx.NodeProto(op_type="Inner")], initializer=[elsewhere])
attributes = st.lists(
    typed
    | strings.map(lambda name: field(1, name))
    | st.sampled_from([(5, 0), (5, 1), (10, 0), (10, 2)]).map(
        lambda one: field(one[0], tensor, spare=one[1])
    )
    | st.sampled_from([(6, 0), (6, 1), (11, 0), (11, 2)]).map(
        lambda one: field(one[0], graph.SerializeToString(), spare=one[1])
    )
    | st.integers(0, 200).map(lambda number: b"\x18" + varint(number)),
    max_size=4,
).map(b"".join)
usual = st.one_of(
    st.tuples(st.sampled_from([1, 2, 3, 4, 6, 7, 8, 12]), strings).map(lambda one: field(*one)),
    st.tuples(st.sampled_from([1, 2]), texts.map(str.encode)).map(lambda one: field(*one)),
    entries.map(lambda entry: field(9, entry)),
    attributes.map(lambda content: field(5, content)),
)
odd = st.sampled_from(
    [
        b"\x18\x05",  # a number where a text belongs
        b"\x63\x0a\x01a\x64",  # a group
        b"\xa2\x06\x01a",  # a field with a number of three digits
        b"\x8a\x00\x01a",  # an input whose tag takes a byte more than it needs
        b"\x0a\x81\x80\x00a",  # a size that does
        b"\x0d1234",
        b"\x099876543",
    ]
)
nodes = st.lists(st.lists(usual, max_size=8).map(b"".join), max_size=5)
odd_nodes = st.lists(st.lists(usual | odd, max_size=5).map(b"".join), max_size=3)


def columns(proto: onnx.ModelProto, scan: Any) -> Any:
    try:
        found = read_nodes(proto.graph, scan)
    except ReadError as error:
        return str(error)
    return [list(column) for column in found]


def check(content: bytes) -> bool:
    """That both say the same, and whether the bytes were read."""
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError:
        return False
    scan = scan_nodes(content, proto)
    assert columns(proto, scan) == columns(proto, None)
    assert external_locations(proto, scan) == external_locations(proto)
    if scan is None:
        return False
    noted = scan.notes(KEYS)
    if noted is not None:
        for at, node in enumerate(proto.graph.node):
            found = {key: text for key, column in noted.items() if (text := column[at]) is not None}
            assert found == notes_of(node, KEYS)
        assert all(any(text is not None for text in column) for column in noted.values())
    holders = [
        at
        for at, node in enumerate(proto.graph.node)
        if any(one.name == "namespace" for one in node.attribute)
    ]
    assert {*holders} <= {*scan.mentioning("namespace")}
    return True


@given(nodes)
@settings(max_examples=300, deadline=None)
def test_any_nodes_of_fields_as_exporters_write_them_are_read(found: list[bytes]) -> None:
    assert check(model(found))


@given(odd_nodes, st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_any_other_fields_are_read_right_or_left_to_protobuf(
    found: list[bytes], graphs: int
) -> None:
    check(model(found, graphs))


@given(st.binary(max_size=60))
def test_any_bytes_are_no_error(content: bytes) -> None:
    check(field(7, content))


def test_nodes_longer_than_the_steps_in_lockstep() -> None:
    long = b"".join(field(1 + at % 2, f"v{at}".encode()) for at in range(300))
    assert check(model([field(4, b"Relu"), long, b"", long + field(4, b"Add")]))


def test_nodes_after_other_fields_and_of_any_size() -> None:
    other = onnx.GraphProto(name="g", initializer=[onnx.TensorProto(name="w")])
    sized = [field(3, b"n" * size) for size in (1, 125, 126, 16_380, 16_381, 70_000)]
    inside = other.SerializeToString() + b"".join(field(1, node) for node in sized)
    assert check(field(7, inside + other.SerializeToString()))


@pytest.mark.parametrize("name", ["n" * 40, "ü" * 40, "n\0" * 20])
def test_long_names_beside_nodes_without_one(name: str) -> None:
    named, other = field(3, name.encode()), field(2, b"v")
    assert check(model([other, named, other + named, b"", named + other]))


@pytest.mark.parametrize("spare", [0, 1])
@pytest.mark.parametrize("name", ["t", "tensors", "g", "graphs"])
def test_no_tensor_in_another_file_is_overlooked(name: str, spare: int) -> None:
    number = onnx.AttributeProto.DESCRIPTOR.fields_by_name[name].number
    held = graph.SerializeToString() if name.startswith("g") else tensor
    content = model([field(4, b"Relu"), field(5, field(number, held, spare=spare))])
    proto = onnx.ModelProto.FromString(content)
    scan = scan_nodes(content, proto)
    assert scan is not None
    assert scan.suspects.tensors == [1]
    assert external_locations(proto, scan) == external_locations(proto) == {""}


def test_several_graphs_are_left_to_protobuf() -> None:
    assert not check(model([field(4, b"Relu")], graphs=2))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_synthetic_models_are_read_and_flattened_alike(flavour: str) -> None:
    content = synthetic(300, flavour)
    assert check(content)
    file = parse(content, name="m")
    assert file.scan is not None
    fast, plain = flatten(file.proto, file.scan), flatten(file.proto)
    assert fast.ops == plain.ops
    assert fast.edges == plain.edges
    assert fast.values == plain.values
    assert fast.notes(KEYS) == plain.notes(KEYS)
    assert fast.with_attribute("perm") == plain.with_attribute("perm") != []
    file.scan.close()
    assert fast.notes(KEYS) == plain.notes(KEYS)
    assert flatten(file.proto, file.scan).ops == plain.ops


BODIES = """g (float[2] x, bool c) => (float[2] z) {
   z = Relu (y)
   y = If (c) <
     then_branch = g1 () => (float[2] t) { t = Add (x, x) },
     else_branch = g2 () => (float[2] t) { t = Cast <to = 1> (x) }
   >
   a = Cast <to = 1> (x)
}"""


def test_notes_and_attributes_of_ops_in_bodies_and_of_files_that_are_not_sorted() -> None:
    proto = parse_text(BODIES)
    proto.graph.node[0].metadata_props.add(key="namespace", value="last")
    inner = proto.graph.node[1].attribute[0].g.node[0]
    inner.metadata_props.add(key="namespace", value="inside")
    file = parse(proto.SerializeToString(), name="m")
    assert file.scan is not None
    for scan in (file.scan, None):
        flat = flatten(file.proto, scan)
        noted = flat.notes(["namespace", "nothing"])
        assert noted.keys() == {"namespace"}
        told = dict(zip(flat.columns.ids, noted["namespace"], strict=True))
        assert {op: text for op, text in told.items() if text} == {
            "z": "last",
            "y/then_branch/t": "inside",
        }
        named = [flat.columns.ids[at] for at in flat.with_attribute("to")]
        assert sorted(named) == ["a", "y/else_branch/t"]
