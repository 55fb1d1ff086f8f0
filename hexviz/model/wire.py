"""Protobuf's wire format: where the fields of a message lie in its bytes, and fields put together.

::

    0a 07 0a 01 78 12 02 79 79      field 1, 7 bytes: a message with "x" as field 1, "yy" as field 2
    ↑  ↑  ↑
    key, length, value              https://protobuf.dev/programming-guides/encoding/

A message is the concatenation of its fields, and what is repeated may be appended: so a node with
more metadata is its old bytes and those of the new entries, and a model with such nodes is made
without parsing or copying what does not change. Only for bytes that protobuf has written or parsed:
nothing here says what is wrong with others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["BYTES", "Field", "field", "fields", "head", "run", "varint"]

_VARINT, _FIXED64, BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
"""Kinds of fields, the last three bits of a key."""


class Field(NamedTuple):
    """A field: its number and kind, where it begins, and where its value begins and ends.

    Of a varint the value has no beginning of its own: ``start`` is where it ends, too.
    """

    number: int
    kind: int
    begin: int
    start: int
    end: int


def fields(content: bytes, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of the message between two places, in the order in which they stand."""
    at, stop = start, len(content) if end is None else end
    while at < stop:
        begin = at
        key, at = _varint(content, at)
        first, at = _value(content, key & 7, key >> 3, at)
        yield Field(key >> 3, key & 7, begin, first, at)


def run(content: bytes, key: int, start: int, end: int) -> tuple[list[int], list[int], int]:
    """Where values begin and end, of fields with one key that follow each other; and what is next.

    ``key`` is one of a field of bytes with a number below 16: one byte. As :func:`fields` in a
    fraction of its time, for lists of nodes.
    """
    starts: list[int] = []
    ends: list[int] = []
    at = start
    while at < end and content[at] == key:
        size = content[at + 1]
        at += 2
        if size > 127:
            more = content[at]
            if more < 128:
                size = size & 127 | more << 7
                at += 1
            else:
                size, at = _varint(content, at - 1)
        starts.append(at)
        at += size
        ends.append(at)
    return starts, ends, at


def varint(number: int) -> bytes:
    """A number as protobuf writes it, seven bits a byte.

    >>> varint(5), varint(300)
    (b'\\x05', b'\\xac\\x02')
    """
    if number < 128:
        return _SMALL[number]
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


_SMALL = [bytes([number]) for number in range(128)]


def field(number: int, value: bytes) -> bytes:
    """A field of bytes.

    >>> field(1, b"x")
    b'\\n\\x01x'
    """
    return head(number, len(value)) + value


def head(number: int, size: int) -> bytes:
    """What stands before so many bytes of a field."""
    return varint(number << 3 | BYTES) + varint(size)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends. Protobuf takes 64 bits of it."""
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7


def _value(content: bytes, kind: int, number: int, at: int) -> tuple[int, int]:
    """Where the value of a field begins and ends."""
    if kind == BYTES:
        size, at = _varint(content, at)
        return at, at + size
    end = _end_of_group(content, number, at) if kind == _GROUP else _past(content, kind, at)
    return (end if kind == _VARINT else at), end


def _past(content: bytes, kind: int, at: int) -> int:
    """Where a value that is no group ends."""
    if kind == BYTES:
        size, at = _varint(content, at)
        return at + size
    if kind == _VARINT:
        return _varint(content, at)[1]
    return at + (8 if kind == _FIXED64 else 4)


def _end_of_group(content: bytes, number: int, at: int) -> int:
    """Where a group ends, its last key included; groups may stand in groups."""
    groups = [number]
    while groups:
        key, at = _varint(content, at)
        if key & 7 == _GROUP:
            groups.append(key >> 3)
        elif key & 7 == _GROUP_END:
            groups.pop()
        else:
            at = _past(content, key & 7, at)
    return at
