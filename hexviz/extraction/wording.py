"""What a report says in words, for the page and the terminal alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.extraction.scope import Reason

__all__ = ["WHY", "came_along", "kept_by_why", "size", "unjudged_in_words"]

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
    parts = [
        f"{why[one]:,} {name}{_named(told) if one == 'encloses' else ''}"
        for one, name in _PARTS.items()
        if one in why
    ]
    inner = told["kept"]["ops"] - sum(why.values())
    parts += [f"{inner:,} in their bodies"] * bool(inner)
    carried = told["kept"]["carried"]
    return parts + [f"{carried:,} carried along"] * bool(carried)


_MOST_NAMED = 4  # of a kind, in a sentence


def came_along(told: Mapping[str, Any]) -> list[str]:
    """One sentence for each op that could not be cut through: what came whole, and what with it."""
    return [_came_whole(one) for one in told["around"]]


def unjudged_in_words(unjudged: Sequence[str]) -> str:
    """What ONNX's checker refuses in the whole file as well, in a sentence; empty if nothing."""
    if not unjudged:
        return ""
    more = f"; and {len(unjudged) - 1:,} more" if len(unjudged) > 1 else ""
    return (
        f"ONNX's checker says of the whole file too, so it was not judged here: {unjudged[0]}{more}"
    )


def _came_whole(around: Mapping[str, Any]) -> str:
    inside = _few([fqn or "the root" for fqn in around["selected"]])
    line = (
        f"{around['op_type']} {around['op']} comes whole, because a body cannot be cut and it has "
        f"ops of {inside} inside"
    )
    if not around["ops"]:
        return f"{line}."
    besides = _few([fqn or "the root" for fqn in around["besides"]])
    count = "1 op that was" if around["ops"] == 1 else f"{around['ops']:,} ops that were"
    return f"{line}: along with them, {count} not selected, of {besides}."


def _named(told: Mapping[str, Any]) -> str:
    """The ops around selected ones, in brackets."""
    around = [f"{one['op_type']} {one['op']}" for one in told["around"]]
    return f" ({_few(around)})"


def _few(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many.

    >>> _few(["a"]), _few(["a", "b", "c"]), _few(list("abcdef"))
    ('a', 'a, b and c', 'a, b, c, d and 2 more')
    """
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


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
