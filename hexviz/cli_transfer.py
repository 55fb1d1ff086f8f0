"""``hexviz tag AFTER --from BEFORE``: what is checked before, and the line that sums it up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hexviz.errors import MatchingError

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph

__all__ = ["carried_over", "transfer_line"]


def carried_over(
    before: Path, after: Path, target: Path, *, run: bool, inputs: Path | None
) -> TaggedGraph:
    """The graph in ``after`` with the tags of ``before``.

    Raises:
        WriteError: if ``target`` is the file ``before``.
        HexvizError: if a file cannot be read, or nothing be transferred.
    """
    from hexviz.cli_extract import read_inputs
    from hexviz.matching.transfer import transfer
    from hexviz.model.files import file_to_write

    if inputs is not None and not run:
        raise MatchingError("--inputs are to run both files with: give --run too.")
    file_to_write(before, target)
    return transfer(before, after, run=run, inputs=read_inputs(inputs))


_OTHERS = {
    "inherited": "matched nothing and inherited",
    "fallback": "matched nothing and stand at the root",
    "declared": "kept what the file itself says",
    "transferred": "kept what the file's own map says",
    "manual": "were set by a person",
}
"""Origin of an op without a tag from the other file → what that says of it."""


def transfer_line(graph: TaggedGraph, before: str) -> str:
    """How many ops have their tag from the other file, by rule, and how all others have theirs."""
    moved = Counter(op.provenance.rule for op in graph.ops if op.provenance.is_of_another_graph)
    others = Counter(
        op.provenance.origin for op in graph.ops if not op.provenance.is_of_another_graph
    )
    rules = ", ".join(f"{count} {rule}" for rule, count in moved.most_common())
    rest = "".join(f"; {count} {_OTHERS[origin]}" for origin, count in others.most_common())
    return f"Tags of {moved.total()} ops are from {before}: {rules or 'none'}{rest}."
