"""What a report says in words, for the page and the terminal alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.extraction.scope import Reason

__all__ = ["WHY", "kept_by_why", "size"]

WHY: Mapping[str, str] = {
    "selected": "selected",
    "encloses": "a selected op runs inside of it",
    "hole": "fills a hole",
    "constant": "a constant that is read",
    "context": "serves what is kept",
    "shape": "arithmetic on shapes",
    "upstream": "needed to run from the model's inputs",
}
"""Why an op is kept: a :data:`Reason` in words."""

_PARTS: Mapping[Reason, str] = {
    "selected": "selected",
    "encloses": "around selected ones",
    "hole": "in filled holes",
}


def kept_by_why(told: Mapping[str, Any]) -> list[str]:
    """How many ops are kept, by why, of a report or of :func:`boundary`'s part of it."""
    why: Mapping[Reason, int] = told["kept"]["why"]
    parts = [f"{why[one]:,} {name}" for one, name in _PARTS.items() if one in why]
    inner = told["kept"]["ops"] - sum(why.values())
    parts += [f"{inner:,} in their bodies"] * bool(inner)
    carried = told["kept"]["carried"]
    return parts + [f"{carried:,} carried along"] * bool(carried)


def size(count: float) -> str:
    """Decimal units, as disks and file managers count.

    >>> size(12), size(65_536), size(3_200_000_000)
    ('12 B', '65.5 kB', '3.2 GB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:,.1f} TB"
