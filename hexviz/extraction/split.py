"""Split a whole model into parts that give the same results when run one after the other.

The stitch test of a cut: what leaves one part enters the next, by name, and
the model's own outputs come out of the last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexviz.errors import ExtractionError, WriteError
from hexviz.extraction.part import Part
from hexviz.extraction.partition import Piece, partition, top_modules
from hexviz.extraction.scope import around
from hexviz.extraction.selection import Selection
from hexviz.model.files import is_there, write_atomically
from hexviz.model.graph import TaggedGraph

if TYPE_CHECKING:
    import numpy.typing as npt

    from hexviz.extraction.verify import Verification

__all__ = ["MANIFEST", "Split", "split"]

_LABEL = 50
"""Characters of a module's name in that of a file: of 4 bytes each, they leave room for more."""

MANIFEST = "manifest.json"
"""The file that tells in which order the parts of a split run."""


@dataclass(frozen=True)
class Split:
    """The parts of a model in an order in which they can run, by the name of their files."""

    whole: TaggedGraph
    parts: Mapping[str, Part]

    @property
    def manifest(self) -> dict[str, Any]:
        """What to run in which order: for each part its inputs and where they come from.

        ``from`` is the file of the part that makes a value, ``null`` if it is
        an input of the model.
        """
        made: dict[str, str] = {}
        parts = []
        for file, part in self.parts.items():
            parts.append(
                {
                    "file": file,
                    "module": next(iter(part.selected.modules), None),
                    "ops": len(part.scope.why),
                    "inputs": [
                        {"name": one.name, "type": str(one), "from": made.get(one.name)}
                        for one in part.inputs
                    ],
                    "outputs": [{"name": one.name, "type": str(one)} for one in part.outputs],
                }
            )
            made.update(dict.fromkeys(part.scope.outputs, file))
        return {
            "model": self.whole.name,
            "inputs": [{"name": one.name, "type": str(one)} for one in self.whole.inputs],
            "outputs": [
                {"name": one.name, "type": str(one), "from": made.get(one.name)}
                for one in self.whole.outputs
            ],
            "parts": parts,
        }

    def verify(
        self,
        inputs: Mapping[str, npt.NDArray[Any]] | None = None,
        rtol: float = 1e-4,
        atol: float = 1e-5,
    ) -> Verification:
        """Run the whole once, then the parts in order from the same inputs, and compare.

        Nothing but the model's inputs is taken from the run of the whole.

        Raises:
            ExtractionError: if the whole cannot be run, or ``inputs`` do not fit it.
        """
        from hexviz.extraction.verify import verify_chain

        models = [part.model for part in self.parts.values()]
        return verify_chain(self.whole.proto, models, self.whole.base_dir, inputs, rtol, atol)

    def save(self, folder: str | Path) -> None:
        """Write the parts and the manifest into a folder, which is made if it is missing.

        Raises:
            ExtractionError: if the checker or the runtime finds a part wrong.
            WriteError: if a file cannot be written, or one of this name is
                there already. Nothing is left behind.
        """
        folder = Path(folder)
        for name in (*self.parts, *(f"{name}.data" for name in self.parts), MANIFEST):
            if is_there(folder / name):
                raise WriteError(f"{folder / name} is in the way: choose an empty folder.")
        is_new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"Cannot make the folder {folder}: {error.strerror}.") from error
        try:
            for name, part in self.parts.items():
                if not part.checks.sound:
                    wrong = part.checks.checker or part.checks.runtime
                    raise ExtractionError(f"The part {name} is not valid: {wrong}")
                part.save(folder / name)
            manifest = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
            write_atomically(folder / MANIFEST, [manifest.encode()])
        except BaseException:  # also an interrupt: some parts alone are of no use
            for name in self.parts:
                (folder / name).unlink(missing_ok=True)
                (folder / f"{name}.data").unlink(missing_ok=True)
            if is_new:
                with suppress(OSError):  # somebody else put something into it
                    folder.rmdir()
            raise


def split(graph: TaggedGraph, modules: Iterable[str] = ()) -> Split:
    """Split a model by modules, by its top ones if none are named.

    Those are the modules right below its root, or below a module that wraps
    all of them (:func:`hexviz.extraction.partition.top_modules`).

    What is in none of them makes parts of its own, and so does what a module
    goes on with after others have run.

    Raises:
        SelectionError: if a name means nothing, or the model has no modules.
        ExtractionError: if nothing tells the type of a value at a border.
    """
    pieces = partition(graph, tuple(modules) or top_modules(graph))
    digits = max(2, len(str(len(pieces))))
    parts = {}
    for number, piece in enumerate(pieces, start=1):
        # A FQN can hold anything and be of any length; a file's name cannot.
        label = re.sub(r"[^\w.-]+", "-", piece.module)[:_LABEL] or "model"
        # What the model hands through, whoever it comes from, the first part gives back.
        parts[f"{number:0{digits}}-{label}.onnx"] = _part(graph, piece, whole=number == 1)
    return Split(graph, parts)


def _part(graph: TaggedGraph, piece: Piece, *, whole: bool) -> Part:
    kept = around(graph, dict.fromkeys(piece.nodes, "selected"), "exclude_safe", whole=whole)
    return Part(graph, Selection(frozenset({piece.module})), "exclude_safe", kept)
