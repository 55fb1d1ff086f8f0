"""Names that a person may have meant, for messages about a name that does not exist."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable

__all__ = ["near_names"]

_MOST_COMPARED = 2000
"""Comparing one name takes some 0.03 ms: a graph of 100,000 ops would hold a server for seconds."""

_BEGINNING, _END = 12, 6  # characters


def near_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """At most ``most`` of the known names that are spelled like ``name``, the nearest first.

    Of more than 2,000 known names only those are compared that begin and end like ``name``, then
    those of about its length.

    >>> near_names("encoder.layr.0", ["encoder.layer.0", "encoder.layer.1", "pooler"], most=1)
    ['encoder.layer.0']
    """
    names = list(known)
    if len(names) > _MOST_COMPARED:
        beginning, end, length = name[:_BEGINNING], name[-_END:], len(name)
        names = heapq.nsmallest(
            _MOST_COMPARED,
            names,
            key=lambda other: (
                -other.startswith(beginning) - other.endswith(end),
                abs(len(other) - length),
            ),
        )
    return difflib.get_close_matches(name, names, n=most)
