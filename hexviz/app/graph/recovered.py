"""What the page says of modules that nothing names: how many there are, and which are copies.

::

    Block.0 ─ Block.0.MultiHeadAttention      a copy of Block.1 and Block.2, which are called
    Block.1 ─ Block.1.MultiHeadAttention      the same but for their numbers
    Block.2 ─ Block.2.MultiHeadAttention
"""

from __future__ import annotations

from collections import Counter

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module, ModuleTree

__all__ = ["confidence_of", "copies_line", "copies_of", "found_line", "outermost"]

_SERVES = "serves one block"


def _family(fqn: str) -> tuple[str, ...]:
    """What copies of one block have in common: the steps of their paths that are no numbers."""
    return tuple([step for step in fqn.split(".") if not step.isdecimal()])


def copies_of(tree: ModuleTree, fqn: str) -> list[str]:
    """The modules that are copies of a recovered one, itself among them, in the tree's order."""
    family = _family(fqn)
    columns = tree.columns
    return [
        one
        for one, copies in zip(columns.fqns, columns.copies, strict=True)
        if copies and _family(one) == family
    ]


def outermost(tree: ModuleTree) -> list[str]:
    """The recovered modules that lie in no other recovered one, in the tree's order."""
    fqns, parents, copies = tree.columns.fqns, tree.columns.parents, tree.columns.copies
    return [fqns[at] for at, found in enumerate(copies) if found and not copies[parents[at]]]


def found_line(graph: TaggedGraph) -> str:
    """What a person is told of a model with recovered modules, in a sentence; ``""`` of others."""
    tree = graph.modules
    found = outermost(tree)
    if not found:
        return ""
    is_named = any(not copies for copies in tree.columns.copies[1:])
    some = "Part of this file names no modules" if is_named else "This file names no modules"
    were = "block was" if len(found) == 1 else "blocks were"
    return f"{some}: {len(found):,} {were} found by what the graph repeats."


def confidence_of(graph: TaggedGraph, module: Module) -> float | None:
    """How sure it is that a module has just the ops that were recovered for it, in 0..1.

    ``None`` if it has no such op of its own.
    """
    reasons = (graph.op(one).provenance for one in module.ops)
    sure = Counter(
        why.confidence for why in reasons if why.origin == "recovered" and why.kind != _SERVES
    )
    return sure.most_common(1)[0][0] if sure else None


def copies_line(module: Module) -> str:
    """How a recovered module was found, in a few words."""
    if module.copies > 1:
        return f"Found by repetition: {module.copies:,} copies"
    return "Found by the pattern of its ops"
