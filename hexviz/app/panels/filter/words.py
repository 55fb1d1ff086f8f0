"""What the filter says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.app.panels.filter.filtered import Filtered
from hexviz.app.panels.inspector.parts import counted
from hexviz.extraction.report import weight_bytes
from hexviz.extraction.scope import Policy
from hexviz.extraction.suggest import Suggestion
from hexviz.extraction.wording import size

__all__ = ["POLICY", "gain", "total_size", "weights"]

POLICY: Mapping[Policy, str] = {
    "exclude_safe": "the selected ops and their constants",
    "include_context": "and the shape chains that serve them",
    "include_all": "and all upstream, from the inputs",
}
"""What each policy keeps."""


def weights(kept: Filtered) -> str:
    """How many weights the part has, and how large they are."""
    names = kept.scope.weights
    if not names:
        return "no weights"
    return f"{counted(len(names), 'weight')}, {size(weight_bytes(kept.graph, names))}"


def total_size(values: list[Mapping[str, Any]]) -> str:
    """The size of several values; what is not known before it runs is said."""
    known = sum(one["bytes"] for one in values if one["bytes"] is not None)
    open_ended = sum(one["bytes"] is None for one in values)
    if not open_ended:
        return size(known)
    dynamic = f"{open_ended} of dynamic size"
    return f"{size(known)} and {dynamic}" if known else dynamic


def gain(suggestion: Suggestion) -> str:
    """What a suggestion is good for, and what it costs.

    >>> from hexviz.extraction.selection import NOTHING
    >>> gain(Suggestion("Add a", NOTHING, "include_all", False, 2, -1, 3_000_000, 12))
    '2 inputs less, 1 output more, 3.0 MB less; 12 ops more'
    """
    parts = [
        f"{counted(abs(count), noun)} {'less' if count > 0 else 'more'}"
        for count, noun in ((suggestion.inputs, "input"), (suggestion.outputs, "output"))
        if count
    ]
    if suggestion.size:
        parts.append(f"{size(abs(suggestion.size))} {'less' if suggestion.size > 0 else 'more'}")
    ops = suggestion.ops
    cost = f"; {counted(abs(ops), 'op')} {'more' if ops > 0 else 'less'}" if ops else ""
    return ", ".join(parts) + cost
