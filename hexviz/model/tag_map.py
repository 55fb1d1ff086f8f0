"""The map that a tagged file carries: which module made each value, in the model's own metadata.

Most tools drop the metadata of nodes (ONNX's version converter, printer and
parser, onnxsim, onnxslim) and keep that of the model. So every tag is written
a second time, there and compactly: per op the name of its first output, its
type, its module, how that was known, and what it reads, so that ops whose names
have changed can be told by what they compute from and for::

    {"modules": ["", "fc"], "kinds": ["MatMul"], "names": ["linear"], "inputs": [1], …}

zlib and base64 make 10 to 20 bytes an op of it. What is read may be a
stranger's: it is bounded before it is unpacked, and wrong in one place it
counts for nothing. :mod:`hexviz.model.tag_map_packing` makes it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hexviz.model.op import RULES
from hexviz.model.size_limits import MOST_LINKS, MOST_OPS, is_path

__all__ = [
    "LONGEST",
    "VERSION",
    "Entry",
    "body_of",
    "kind_of",
    "leaf_of",
    "mapped_ops",
    "unpack_map",
]

VERSION = 1
"""What a map begins with."""

_HEAD = re.compile(rf"{VERSION} (\d{{1,7}}) ")
"""Version and number of ops, which are told before anything is unpacked."""

LONGEST = 1 << 25
"""Characters of a map, packed as well as unpacked: a graph of 400,000 ops has some 20 MB."""

_LEAST = 1 << 16
_LONGEST_ENTRY = 1024
"""Characters that are unpacked: so many, and so many for each op that a map says it has."""

_DEEPEST = 100
"""Bodies in bodies; protobuf itself reads no more."""


class Entry(NamedTuple):
    """One op as it was when it was tagged.

    ``key`` is its id without what a tool may have put before names since,
    ``name`` that of its first output, and ``kind`` its type, with its domain.
    ``inputs`` are positions of entries, or texts for what no op made: the name
    and the shape of a weight or an input. ``rule`` is ``""`` where nothing was
    known of its module. ``call`` is the text of the op's call, or ``""``.
    """

    key: str
    name: str
    kind: str
    module: str
    rule: str
    confidence: float
    inputs: tuple[int | str, ...]
    call: str = ""


def body_of(op_id: str, body: str) -> tuple[str, str, str]:
    """The id of the op in whose body an op lies, the body's name there, and the op's own name.

    >>> body_of("y/then_branch/t", "y/then_branch"), body_of("t", "")
    (('y', 'then_branch', 't'), ('', '', 't'))
    """
    owner, _, attribute = body.rpartition("/")
    return owner, attribute, op_id[len(body) + 1 :] if body else op_id


def mapped_ops(text: str) -> int:
    """How many ops a packed map says it has, 0 if it is none; read without unpacking it.

    >>> mapped_ops("1 20 eJw="), mapped_ops("eJw=")
    (20, 0)
    """
    head = _HEAD.match(text)
    return int(head[1]) if head else 0


def kind_of(domain: str, op_type: str) -> str:
    """An op's type with its domain, the same for both spellings of ONNX's own."""
    return op_type if domain in ("", "ai.onnx") else f"{domain}:{op_type}"


def leaf_of(name: str, shape: Sequence[int] | None) -> str:
    """What no op makes: a weight, with its shape, or an input.

    >>> leaf_of("fc.weight", (4, 8)), leaf_of("x", None)
    ('fc.weight 4,8', 'x')
    """
    return name if shape is None else f"{name} {','.join(map(str, shape))}"


def unpack_map(text: str) -> tuple[Entry, ...] | None:
    """The ops in what :func:`~hexviz.model.tag_map_packing.pack_map` made, in order of execution.

    ``None`` for what it cannot have made.
    """
    document = _document(text)
    if document is None:
        return None
    modules, kinds, leaves = (_texts(document.get(one)) for one in ("modules", "kinds", "leaves"))
    reasons, bodies = _reasons(document.get("reasons")), _bodies(document.get("bodies"))
    names = _texts(document.get("names"))
    if modules is None or kinds is None or leaves is None or reasons is None or bodies is None:
        return None
    if names is None or len(names) != mapped_ops(text) or len(names) > MOST_OPS:
        return None
    count = len(names)
    columns = (
        _numbers(document.get("kind"), count, 0, len(kinds)),
        _numbers(document.get("module"), count, 0, len(modules)),
        _numbers(document.get("reason"), count, 0, len(reasons)),
        _numbers(document.get("body"), count, -1, len(bodies)),
        _numbers(document.get("arity"), count, 0, MOST_LINKS),
    )
    if any(column is None for column in columns) or not all(map(is_path, modules)):
        return None
    kind, module, reason, body, arity = (column or [] for column in columns)
    calls = _calls(document, count)
    inputs = _numbers(document.get("inputs"), sum(arity), -2 * MOST_OPS, 2 * MOST_LINKS)
    if inputs is None or calls is None:
        return None
    keys = _keys(names, body, bodies)
    if keys is None:
        return None
    entries: list[Entry] = []
    start = 0
    for at, name in enumerate(names):
        read: list[int | str] = []
        for code in inputs[start : start + arity[at]]:
            if code == 0:
                read.append("")
            elif code % 2 and 0 <= code // 2 < len(leaves):
                read.append(leaves[code // 2])
            elif not code % 2 and 0 <= at - code // 2 < count:
                read.append(at - code // 2)
            else:
                return None
        start += arity[at]
        rule, sure = reasons[reason[at]]
        entries.append(
            Entry(
                keys[at],
                name,
                kinds[kind[at]],
                modules[module[at]],
                rule,
                sure,
                tuple(read),
                calls[at],
            )
        )
    return tuple(entries)


def _document(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, unpacked no further than a map can be long."""
    head = _HEAD.match(text)
    if head is None or len(text) > LONGEST:
        return None
    try:
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(text[head.end() :], validate=True)
        most = min(LONGEST, _LEAST + _LONGEST_ENTRY * int(head[1]))
        content = unpacker.decompress(packed, most)
        document = json.loads(content) if unpacker.eof else None
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _keys(
    names: Sequence[str], body: Sequence[int], bodies: Sequence[tuple[int, str]]
) -> list[str] | None:
    """The id of each op, from its name and the ids of those in whose bodies it lies.

    ``None`` if a body lies in itself, or ids come to more letters than the names of any model.
    """
    paths: dict[int, str] = {-1: ""}
    letters = 0
    for first in set(body):
        chain: list[int] = []
        at = first
        while at not in paths:
            if at in chain or len(chain) > _DEEPEST:
                return None
            chain.append(at)
            owner = bodies[at][0]
            if not -1 <= owner < len(names):
                return None
            at = body[owner] if owner >= 0 else -1
        for one in reversed(chain):
            owner, attribute = bodies[one]
            above = f"{paths[body[owner]]}{names[owner]}/" if owner >= 0 else ""
            paths[one] = f"{above}{attribute}/"
            letters += len(paths[one])
            if letters > LONGEST:
                return None
    if letters and sum(len(paths[one]) for one in body) > 4 * LONGEST:
        return None
    return [paths[one] + name for one, name in zip(body, names, strict=True)]


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    try:
        "".join(value).encode()
    except UnicodeEncodeError:  # a lone surrogate can be parsed and never written
        return None
    return value


def _numbers(value: object, count: int, least: int, beyond: int) -> list[int] | None:
    """A list of so many whole numbers, none below ``least`` and all below ``beyond``."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(type(one) is int for one in value):
        return None
    return value if not value or (min(value) >= least and max(value) < beyond) else None


def _calls(document: Mapping[str, Any], count: int) -> list[str] | None:
    """The call of each op; a map of an earlier version has none."""
    if "calls" not in document:
        return [""] * count
    table = _texts(document["calls"])
    numbers = _numbers(document.get("call"), count, 0, len(table or ()))
    if table is None or numbers is None:
        return None
    return [table[number] for number in numbers]


def _reasons(value: object) -> list[tuple[str, float]] | None:
    """Rules, each with a confidence in 0..1."""
    if not isinstance(value, list) or not all(
        isinstance(one, list) and len(one) == 2 and type(one[1]) in (int, float) for one in value
    ):
        return None
    if not all(isinstance(rule, str) and (not rule or rule in RULES) for rule, _ in value):
        return None
    found = [(str(rule), float(sure)) for rule, sure in value if abs(sure) <= 1]
    return found if len(found) == len(value) and all(sure >= 0 for _, sure in found) else None


def _bodies(value: object) -> list[tuple[int, str]] | None:
    if not isinstance(value, list):
        return None
    if not all(
        isinstance(one, list) and len(one) == 2 and type(one[0]) is int and isinstance(one[1], str)
        for one in value
    ):
        return None
    return [(owner, attribute) for owner, attribute in value]
