"""``hexviz tag AFTER --from BEFORE``: what is checked before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hexviz.errors import MatchingError

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph

__all__ = ["carried_over"]


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
