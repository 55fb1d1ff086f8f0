"""What happened to the own ops of each module, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields

from hexviz.matching.comparison import ModuleChange
from hexviz.matching.counterparts import Homes
from hexviz.matching.locations import block, starred
from hexviz.matching.op_changes import Fates
from hexviz.model.graph import TaggedGraph

__all__ = ["by_part", "module_changes"]


def module_changes(
    before: TaggedGraph,
    after: TaggedGraph,
    found: Homes,
    pairs: Mapping[str, str],
    fates: Fates,
) -> tuple[ModuleChange, ...]:
    """The modules that have ops in either graph: those before, then those that are new."""
    mine: dict[str, Counter[str]] = {}
    theirs: dict[str, Counter[str]] = {}
    for home, fate, counts in (
        (found.before, fates.before, mine),
        (found.after, fates.after, theirs),
    ):
        for module, one in zip(home, fate, strict=True):
            counts.setdefault(module, Counter())[one] += 1
    tree = before.modules if found.of_before else after.modules
    order = {module.fqn: at for at, module in enumerate(tree)}
    rows = []
    counterparts = set(pairs.values())
    for module in sorted(mine, key=lambda one: order.get(one, len(order))):
        same_name = module if module in theirs and module not in counterparts else None
        other = pairs.get(module, same_name)
        now = Counter[str]() if other is None else theirs.pop(other, Counter())
        tag = tree[module].tag if module in tree else ""
        rows.append(_row(module, tag, other, mine[module], now))
    for module, now in theirs.items():
        known = after.modules if module in after.modules else before.modules
        tag = known[module].tag if module in known else ""
        rows.append(_row(module, tag, module, Counter(), now))
    return tuple(rows)


_COUNTS = tuple(one.name for one in fields(ModuleChange) if one.type == "int")


def by_part(rows: Iterable[ModuleChange]) -> tuple[ModuleChange, ...]:
    """The same by parts of the model: all layers of a list together, under one pattern."""
    parts: dict[str, list[ModuleChange]] = {}
    for one in rows:
        parts.setdefault(starred(block(one.module)), []).append(one)
    return tuple(
        ModuleChange(
            part,
            group[0].tag if len(group) == 1 else "",
            None,
            **{name: sum(getattr(one, name) for one in group) for name in _COUNTS},
        )
        for part, group in parts.items()
    )


def _row(
    module: str, tag: str, other: str | None, mine: Counter[str], theirs: Counter[str]
) -> ModuleChange:
    return ModuleChange(
        module=module,
        tag=tag,
        module_after=other,
        before=mine.total(),
        after=theirs.total(),
        same=mine["same"],
        changed=mine["changed"],
        added=theirs["added"],
        removed=mine["removed"],
        moved=max(mine["moved"], theirs["moved"]),
        fused=mine["fused"],
    )
