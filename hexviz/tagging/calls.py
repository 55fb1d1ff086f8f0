"""The PyTorch call that an op was made for, as the exporter recorded it.

The last entries of ``name_scopes`` and ``class_hierarchy`` (or of ``namespace``)
are the FX node and the function it called::

    name_scopes       ['', 'attention', 'scaled_dot_product_attention_1']
    class_hierarchy   ['Model', 'Attention', 'aten.scaled_dot_product_attention.default']

Where tools drop that, hexviz's own record has it: ``hexviz.call`` on the node,
and the map in the model's metadata. Both hold :attr:`hexviz.model.op.Call.text`.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence

from hexviz.model.columns import CallColumns
from hexviz.model.op import Call
from hexviz.model.writer import PREFIX
from hexviz.tagging.metadata import last_entry

__all__ = ["KEYS", "call_columns", "call_of", "read_call"]

_OWN = PREFIX + "call"
_NAMES, _TARGETS = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"

KEYS = frozenset({_OWN, _NAMES, _TARGETS, "namespace"})
"""What :func:`call_of` looks at."""

_LONGEST = 256
"""Characters of a function's name: a longer one is no function's."""


def call_of(metadata: Mapping[str, str]) -> Call | None:
    """The call that a node's metadata records; ``None`` if there is none.

    >>> call_of({"namespace": ": Model/fc: Linear/linear_1: aten.linear.default"})
    Call(name='linear_1', target='aten.linear.default')
    """
    if own := metadata.get(_OWN):
        return read_call(own)
    if _NAMES in metadata and _TARGETS in metadata:
        return _call(last_entry(metadata[_NAMES]), last_entry(metadata[_TARGETS]))
    name, _, target = metadata.get("namespace", "").rpartition("/")[2].partition(": ")
    return _call(name, target)


def read_call(text: str) -> Call | None:
    """The call that such a text is of; ``None`` for what is none.

    >>> read_call("linear_1 aten.linear.default"), read_call("linear_1")
    (Call(name='linear_1', target='aten.linear.default'), None)
    """
    name, _, target = text.partition(" ")
    return _call(name, target)


def call_columns(
    size: int, positions: Sequence[int], names: Sequence[str], targets: Sequence[str]
) -> CallColumns:
    """The calls of these names and targets at some of ``size`` positions."""
    places: dict[tuple[str, str], int] = {}
    numbers = [-1] * size
    for at, one in zip(positions, zip(names, targets, strict=True), strict=True):
        numbers[at] = places.setdefault(one, len(places))
    if _are_valid(names) and _are_valid(set(targets)) and " " not in "".join(names):
        return CallColumns(numbers, list(map(Call._make, places)))
    known: dict[Call | None, int] = {None: -1}
    meant = [known.setdefault(_call(*one), len(known) - 1) for one in places]
    numbers = [meant[number] if number >= 0 else -1 for number in numbers]
    return CallColumns(numbers, [one for one in known if one is not None])


def _are_valid(texts: Collection[str]) -> bool:
    """Whether all of these may be names of calls and functions."""
    lengths = set(map(len, texts))
    return not lengths or (
        min(lengths) > 0 and max(lengths) <= _LONGEST and "".join(texts).isprintable()
    )


@functools.lru_cache(maxsize=1 << 16)
def _call(name: str, target: str) -> Call | None:
    """One object for all ops of a call."""
    if not (0 < len(name) <= _LONGEST and 0 < len(target) <= _LONGEST):
        return None
    if not name.isprintable() or not target.isprintable() or " " in name:
        return None
    return Call(name, target)
