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
        MatchingError: if both are one file, or ``inputs`` are of no use.
        WriteError: if ``target`` is the file ``before``.
        HexvizError: if a file cannot be read, or nothing be transferred.
    """
    from hexviz.cli_extract import read_inputs
    from hexviz.matching.transfer import transfer
    from hexviz.model.files import file_to_write, is_there

    if inputs is not None and not run:
        raise MatchingError("--inputs are to run both files with: give --run too.")
    if is_there(before) and is_there(after) and before.samefile(after):
        raise MatchingError(
            f"{before} is the file that is tagged: --from takes the one that it was made from."
        )
    file_to_write(before, target)
    return transfer(before, after, run=run, inputs=read_inputs(inputs))
