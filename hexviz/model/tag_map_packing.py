"""Pack the map that a tagged file carries: see :mod:`hexviz.model.tag_map`."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import TypeVar

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.node_tags import OpTags
from hexviz.model.tag_map import LONGEST, VERSION, body_of, kind_of, leaf_of

__all__ = ["pack_map"]

Kind = TypeVar("Kind", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_NOTHING = ("fallback", "recovered")
"""Origins of which a map keeps nothing: what a graph repeats is found anew."""

_known_by = itemgetter(0, 1, 5)  # origin, rule and confidence of a reason


def pack_map(tags: OpTags, shapes: Mapping[str, Sequence[int]]) -> str | None:
    """The map of a model's ops; ``shapes`` are those of its weights, by value id.

    ``None`` if it would be longer than what is read.
    """
    module, modules = _coded(tags.modules)
    call, calls = _coded(chain(("",), tags.calls))  # "" is the first, whether there is one or not
    kind, kinds = _merged(
        *_coded(zip(tags.domains, tags.op_types, strict=True)), lambda pair: kind_of(*pair)
    )
    reason, reasons = _merged(
        *_coded(map(_known_by, tags.reasons)),
        lambda known: ("", 0.0) if known[0] in _NOTHING else (known[1], round(known[2], 4)),
    )
    names, body, bodies = _by_body(tags)
    inputs, leaves = _inputs(tags, shapes)
    lists = {
        "modules": _dumps(modules),
        "kinds": _dumps(kinds),
        "reasons": _dumps(reasons),
        "bodies": _dumps(bodies),
        "leaves": _dumps(leaves),
        "calls": _dumps(calls),
        "names": _dumps(names),
        "kind": _numbers(kind),
        "module": _numbers(module),
        "reason": _numbers(reason),
        "body": _numbers(body),
        "arity": _numbers(np.fromiter(map(len, tags.inputs), np.int64)),
        "call": _numbers(call[1:]),
        "inputs": _numbers(inputs),
    }
    text = "{" + ",".join([f'"{name}":{values}' for name, values in lists.items()]) + "}"
    if len(text) > LONGEST:
        return None
    packed = base64.b64encode(zlib.compress(text.encode(), 6)).decode()
    return f"{VERSION} {len(tags.ids)} {packed}"


def _coded(kinds: Iterable[Kind]) -> tuple[Ints, list[Kind]]:
    """A number for each thing, and what they stand for, in order of appearance."""
    listed = list(kinds)
    codes = {kind: at for at, kind in enumerate(dict.fromkeys(listed))}
    return np.fromiter(map(codes.__getitem__, listed), np.int64, len(listed)), list(codes)


def _merged(
    codes: Ints, kinds: list[Kind], named: Callable[[Kind], Name]
) -> tuple[Ints, list[Name]]:
    """The same with other names for the things, of which several may have one."""
    merged: dict[Name, int] = {}
    numbers = [merged.setdefault(named(kind), len(merged)) for kind in kinds]
    return np.array(numbers, np.int64)[codes], list(merged)


def _by_body(tags: OpTags) -> tuple[list[str], Ints, list[tuple[int, str]]]:
    """Each op's own name and the number of its body; each body's owner, and its name there."""
    names = list(tags.ids)
    body = np.full(len(names), -1, np.int64)
    bodies: dict[tuple[int, str], int] = {}
    if any(tags.bodies):
        positions = {one: at for at, one in enumerate(names)}
        for at, path in enumerate(tags.bodies):
            if path:
                owner, attribute, names[at] = body_of(names[at], path)
                place = (positions.get(owner, -1), attribute)
                body[at] = bodies.setdefault(place, len(bodies))
    return names, body, list(bodies)


def _inputs(tags: OpTags, shapes: Mapping[str, Sequence[int]]) -> tuple[Ints, list[str]]:
    """What each op reads: how far back the op is that makes it, else the number of a leaf."""
    made = {value: at for at, values in enumerate(tags.outputs) for value in values if value}
    read = list(chain.from_iterable(tags.inputs))
    makers = np.fromiter(map(made.get, read, repeat(-1)), np.int64, len(read))
    arity = np.fromiter(map(len, tags.inputs), np.int64, len(tags.inputs))
    codes = 2 * (np.repeat(np.arange(len(arity)), arity) - makers)
    leaves: dict[str, int] = {}
    known = {"": 0}  # an op does not read itself, so this is free for what is left out
    for at in np.flatnonzero(makers < 0).tolist():
        value = read[at]
        code = known.get(value)
        if code is None:
            leaf = leaf_of(value, shapes.get(value))
            code = known[value] = 2 * leaves.setdefault(leaf, len(leaves)) + 1
        codes[at] = code
    return codes, list(leaves)


def _numbers(numbers: Ints) -> str:
    """A JSON list of whole numbers; what the json module writes, in a third of its time.

    One row of letters for each number, its digits to the right; then what stands for nothing goes::

        7, -12      0 7 ,        7 , - 1 2 ,
                  - 1 2 ,   →
    """
    if not len(numbers):
        return "[]"
    sizes = np.abs(numbers).astype(np.uint64)
    width = len(str(int(sizes.max())))
    letters = np.full((len(numbers), width + 2), ord(","), np.uint8)
    keep = np.ones(letters.shape, bool)
    letters[:, 0] = ord("-")
    keep[:, 0] = numbers < 0
    rest = sizes.astype(np.uint32) if width < 10 else sizes
    for place in range(width, 0, -1):
        if place < width:
            keep[:, place] = rest > 0
        shorter = rest // 10
        letters[:, place] = rest - shorter * 10 + ord("0")
        rest = shorter
    return f"[{letters[keep].tobytes()[:-1].decode()}]"
