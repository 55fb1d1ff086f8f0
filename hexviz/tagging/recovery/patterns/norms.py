"""Norms that a file writes out in several ops.

::

    x ─┬───────────────→ Sub ─┬──────────────────────────────→ Div → Mul → Add     LayerNorm
       └→ ReduceMean ─────┘   └→ Pow → ReduceMean → Add → Sqrt ─┘

    x ─┬─────────────────────────────────────────→ Mul → Mul                       RMSNorm
       └→ Pow → ReduceMean → Add → Sqrt → Reciprocal ┘

A root of a mean of squares is what they share. Whether the mean was taken away before tells one
from the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.tagging.recovery.patterns.dataflow import INPUT, Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern

__all__ = ["find_norms"]

_LIKE_ROOT = ("Sqrt", "Pow")


def find_norms(flow: Dataflow) -> Iterator[Pattern]:
    """LayerNorm and RMSNorm in their parts, GroupNorm around an InstanceNormalization."""
    types = flow.types
    for at in flow.of_kind("elementwise"):
        if types[at] in _LIKE_ROOT:
            found = _around_root(flow, at)
            if found is not None:
                yield found
    for at in flow.of_kind("norm"):
        if types[at] == "InstanceNormalization":
            found = _group_norm(flow, at)
            if found is not None:
                yield found


def _single(flow: Dataflow, at: int) -> int:
    """The one moving op that an op reads, through changes of type, INPUT if there is none."""
    while at != INPUT:
        ups = flow.ups(at)
        if len(ups) != 1:
            return INPUT
        at = ups[0]
        if at == INPUT or flow.kinds[at] != "pass":
            return at
    return INPUT


def _through(flow: Dataflow, at: int, kind: str = "pass") -> int:
    """What an op hands on, with changes of type left out."""
    while at != INPUT and flow.kinds[at] == kind and len(flow.ups(at)) == 1:
        at = flow.ups(at)[0]
    return at


def _around_root(flow: Dataflow, root: int) -> Pattern | None:
    types, kinds = flow.types, flow.kinds
    mean = _single(flow, root)
    if mean != INPUT and types[mean] in ("Add", "Max", "Clip"):  # epsilon
        mean = _single(flow, mean)
    if mean == INPUT or kinds[mean] != "mean":
        return None
    square = _single(flow, mean)
    if square == INPUT or types[square] not in ("Pow", "Mul") or len(flow.ups(square)) != 1:
        return None
    base = _through(flow, flow.ups(square)[0])
    if types[square] == "Mul" and len(set(flow.inputs[square])) != 1:
        return None  # scaled, not squared
    centered = base != INPUT and kinds[base] == "sub" and _takes_mean_away(flow, base)
    entry = _whole(flow, base) if centered else base
    end = _normalized(flow, root, base)
    if end is None:
        return None
    end = _scaled(flow, end)
    ops = _between(flow, entry, end)
    if ops is None:
        return None
    word = "LayerNorm" if centered else "RMSNorm"
    return Pattern(word, frozenset(flow.own(ops)), (mean, root), entry, end)


def _takes_mean_away(flow: Dataflow, sub: int) -> bool:
    whole, mean = flow.operand(sub, 0), flow.operand(sub, 1)
    if whole is None or mean is None or mean == INPUT:
        return False
    mean = _through(flow, mean)
    if mean == INPUT or flow.kinds[mean] != "mean" or len(flow.ups(mean)) != 1:
        return False
    return _through(flow, flow.ups(mean)[0]) == _through(flow, whole)


def _whole(flow: Dataflow, sub: int) -> int:
    whole = flow.operand(sub, 0)
    return INPUT if whole is None else _through(flow, whole)


def _normalized(flow: Dataflow, root: int, base: int) -> int | None:
    """The op that divides what was squared by its root."""
    at = root
    for _ in range(4):
        downs = flow.downs(at)
        if len(downs) != 1:
            return None
        at = downs[0]
        kind = flow.kinds[at]
        ups = {_through(flow, one) for one in flow.ups(at)}
        if kind in ("mul", "div") and base in ups and len(ups) == 2:
            return at
        if kind not in ("pass", "mul", "div") and flow.types[at] != "Reciprocal":
            return None
        if len(ups) != 1:
            return None
    return None


def _scaled(flow: Dataflow, at: int) -> int:
    """The last of the scale and the shift after it, by weights."""
    end = at
    wanted = ["mul", "add"]
    while wanted:
        downs = flow.downs(at)
        if len(downs) != 1:
            break
        after = downs[0]
        kind = flow.kinds[after]
        if kind in wanted and len(flow.ups(after)) == 1 and len(set(flow.inputs[after])) == 2:
            del wanted[: wanted.index(kind) + 1]
            end = after
        elif kind != "pass":
            break
        at = after
    return end


def _between(flow: Dataflow, entry: int, end: int, most: int = 24) -> set[int] | None:
    """The moving ops on the ways from one op to another, that lead in from nowhere else."""
    ops = {end}
    pending = [end]
    while pending:
        for one in flow.ups(pending.pop()):
            if one == entry or one in ops:
                continue
            if one == INPUT or len(ops) >= most:
                return None
            ops.add(one)
            pending.append(one)
    return ops


def _group_norm(flow: Dataflow, at: int) -> Pattern | None:
    """Reshape → InstanceNormalization → Reshape → Mul → Add."""
    ups, downs = flow.ups(at), flow.downs(at)
    if len(ups) != 1 or len(downs) != 1 or ups[0] == INPUT:
        return None
    before, after = ups[0], downs[0]
    if flow.types[before] != "Reshape" or flow.types[after] != "Reshape":
        return None
    end = _scaled(flow, after)
    entry = flow.ups(before)[0] if len(flow.ups(before)) == 1 else INPUT
    ops = _between(flow, entry, end)
    if end == after or ops is None:
        return None
    return Pattern("GroupNorm", frozenset(flow.own(ops)), (at,), entry, end)
