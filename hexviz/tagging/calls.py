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
from collections.abc import Mapping

from hexviz.model.op import Call
from hexviz.model.writer import PREFIX
from hexviz.tagging.metadata import last_entry

__all__ = ["KEYS", "call_of", "read_call"]

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


@functools.lru_cache(maxsize=1 << 16)
def _call(name: str, target: str) -> Call | None:
    """One object for all ops of a call."""
    if not (0 < len(name) <= _LONGEST and 0 < len(target) <= _LONGEST):
        return None
    if not name.isprintable() or not target.isprintable() or " " in name:
        return None
    return Call(name, target)
