"""Where fields lie, held against protobuf itself."""

from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.wire import field, fields, run, varint

FILES = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))

NUMBERS = st.one_of(st.sampled_from([1, 5, 7, 9, 14, 16, 25]), st.integers(1, 536870911))


def number(value: int, length: int) -> bytes:
    """A varint of at least so many bytes: protobuf takes longer ones than it writes."""
    short = varint(value)
    if length <= len(short):
        return short
    more = bytearray(short)
    more[-1] |= 128
    return bytes(more) + b"\x80" * (length - len(short) - 1) + b"\x00"


def field_of(kind: int, values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda at, length, value: number(at << 3 | kind, length) + value,
        NUMBERS,
        st.integers(1, 5),
        values,
    )


VARINTS = st.builds(number, st.integers(0, (1 << 64) - 1), st.integers(1, 10))
TEXTS = st.builds(
    lambda value, length: number(len(value), length) + value,
    st.binary(max_size=200),
    st.integers(1, 5),
)
FLAT = st.one_of(
    field_of(0, VARINTS),
    field_of(1, st.binary(min_size=8, max_size=8)),
    field_of(2, TEXTS),
    field_of(5, st.binary(min_size=4, max_size=4)),
)
GROUPS = st.recursive(
    st.lists(FLAT, max_size=3),
    lambda inner: st.lists(
        st.builds(lambda at, held: b"".join([varint(at << 3 | 3), *held, varint(at << 3 | 4)]),
                  st.integers(100, 200), inner),
        max_size=3,
    ),
    max_leaves=5,
)  # fmt: skip
MESSAGES = st.lists(st.one_of(FLAT, GROUPS.map(b"".join)), max_size=6).map(
    lambda parts: [part for part in parts if part]
)


@given(st.lists(FLAT, max_size=8))
def test_each_field_lies_where_it_was_put(parts: list[bytes]) -> None:
    content = b"".join(parts)
    assert [content[one.begin : one.end] for one in fields(content)] == parts


@given(MESSAGES)
def test_fields_put_together_are_the_message(parts: list[bytes]) -> None:
    content = b"".join(parts)
    found = list(fields(content))
    assert b"".join(content[one.begin : one.end] for one in found) == content
    assert all(one.begin <= one.start <= one.end for one in found)


@given(MESSAGES)
def test_protobuf_sees_the_same_fields(parts: list[bytes]) -> None:
    """What it does not know it keeps, and each field by itself it reads the same."""
    content, whole, joined = b"".join(parts), onnx.NodeProto(), onnx.NodeProto()
    try:
        whole.ParseFromString(content)
    except Exception:  # noqa: BLE001 - protobuf's own, for kinds that do not fit known numbers
        return
    for one in fields(content):
        joined.MergeFromString(content[one.begin : one.end])
    assert joined.SerializeToString() == whole.SerializeToString()


@given(st.lists(st.binary(max_size=300), max_size=6), st.binary(max_size=9))
def test_a_run_of_one_field_ends_where_another_begins(values: list[bytes], other: bytes) -> None:
    content = b"".join([field(1, one) for one in values] + [field(2, other)])
    starts, ends, rest = run(content, 0x0A, 0, len(content))
    found = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    assert found == values
    assert content[rest:] == field(2, other)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_run_reads_lengths_of_any_length(length: int) -> None:
    content = (
        b"\x0a" + number(100, length) + bytes(100) + b"\x0a" + number(300, length) + bytes(300)
    )
    starts, ends, rest = run(content, 0x0A, 0, len(content))
    assert [end - start for start, end in zip(starts, ends, strict=True)] == [100, 300]
    assert rest == len(content)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_nodes_of_real_files(path: Path) -> None:
    proto = onnx.load_model(path, load_external_data=False)
    content = proto.SerializeToString()
    [graph] = [one for one in fields(content) if one.number == 7]
    starts, ends, rest = run(content, 0x0A, graph.start, graph.end)
    assert [content[start:end] for start, end in zip(starts, ends, strict=True)] == [
        node.SerializeToString() for node in proto.graph.node
    ]
    assert all(one.number != 1 for one in fields(content, rest, graph.end))
