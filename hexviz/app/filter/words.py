"""What the filter says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.app.filter.filtered import Filtered
from hexviz.app.inspector.parts import counted, size
from hexviz.extraction.report import weight_bytes
from hexviz.extraction.scope import Policy, Reason
from hexviz.extraction.suggest import Suggestion

__all__ = ["POLICY", "WHY", "counts", "gain", "total_size", "type_of", "weights"]

POLICY: Mapping[Policy, str] = {
    "exclude_safe": "the selected ops and their constants",
    "include_context": "and the shape chains that serve them",
    "include_all": "and all upstream, from the inputs",
}
"""What each policy keeps."""

WHY: Mapping[Reason, str] = {
    "selected": "selected",
    "encloses": "a selected op runs inside of it",
    "hole": "fills a hole",
    "constant": "a constant that is read",
    "context": "serves what is kept",
    "shape": "arithmetic on shapes",
    "upstream": "needed to run from the model's inputs",
}
"""Why an op is kept."""

_PARTS: Mapping[Reason, str] = {
    "selected": "selected",
    "encloses": "around selected ones",
    "hole": "in filled holes",
}


def counts(told: Mapping[str, Any]) -> list[str]:
    """How many ops of the top graph are kept, by why."""
    why: Mapping[Reason, int] = told["kept"]["why"]
    parts = [f"{why[one]:,} {name}" for one, name in _PARTS.items() if one in why]
    inner = told["kept"]["ops"] - sum(why.values())
    parts += [f"{inner:,} in their bodies"] * bool(inner)
    carried = told["kept"]["carried"]
    return parts + [f"{carried:,} carried along"] * bool(carried)


def weights(kept: Filtered) -> str:
    """How many weights the part has, and how large they are."""
    names = kept.scope.weights
    if not names:
        return "no weights"
    return f"{counted(len(names), 'weight')}, {size(weight_bytes(kept.graph, names))}"


def type_of(value: Mapping[str, Any]) -> str:
    """A value's type and shape: ``float32[1, 16, 128]``."""
    dims = "" if value["shape"] is None else f"[{', '.join(map(str, value['shape']))}]"
    return f"{value['dtype'] or 'unknown type'}{dims}"


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
