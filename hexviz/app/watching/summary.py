"""A comparison in a line: how many ops were added, fused or changed, and in which modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.model.wording import counted

__all__ = ["summary"]

_MOST = 3
"""Modules that are named."""

_VERBS = {
    "added": "added",
    "removed": "removed",
    "fused": "fused",
    "changed": "changed",
    "moved": "moved",
    "retagged": "in another module",
}


def summary(document: Mapping[str, Any]) -> list[str]:
    """What a comparison's document (``hexviz compare --json``) says, in a few words each.

    Nothing if the two graphs are the same.

    >>> one = {"kind": "added", "module": "encoder", "before": [], "after": ["a", "b", "c"]}
    >>> summary({"is_related": True, "differences": [one]})
    ['3 ops added in encoder']
    """
    if not document["is_related"]:
        before, after = (document[side]["ops"] for side in ("before", "after"))
        return [f"another graph: {counted(before, 'op')} before, {after:,} after"]
    counts: dict[tuple[str, str], int] = {}
    others: list[str] = []  # of inputs and opsets, which are no ops
    for one in document["differences"]:
        gone, come = len(one["before"]), len(one["after"])
        if not gone + come:
            others.append(one["message"].rstrip("."))
            continue
        place = one["kind"], one["module"]
        ops = gone if one["kind"] in ("removed", "fused") else come
        counts[place] = counts.get(place, 0) + (ops or max(gone, come))
    told = [
        f"{counted(count, 'op')} {_VERBS[kind]} in {module or 'the model itself'}"
        for (kind, module), count in counts.items()
    ]
    told += others
    more = len(told) - _MOST
    return told if more <= 0 else [*told[:_MOST], f"and {counted(more, 'more change')}"]
