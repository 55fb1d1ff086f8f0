"""Split a whole model into parts that give the same results when run one after the other.

The stitch test of a cut: what leaves one part enters the next, by name, and
the model's own outputs come out of the last. Dataflow may leave a module and
enter it again; such a module is divided into as many pieces as it takes::

    a (enc) ─▶ b (head) ─▶ c (enc)        pieces: enc [a], head [b], enc [c]
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexviz.errors import ExtractionError, SelectionError, WriteError
from hexviz.extraction.constants import Constants
from hexviz.extraction.part import Part
from hexviz.extraction.selection import ModuleSelection, selection
from hexviz.extraction.subgraph import subgraph_around
from hexviz.model.files import is_there, write_atomically
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.top_graph import TopGraph

if TYPE_CHECKING:
    import numpy.typing as npt

    from hexviz.extraction.verify import Verification

__all__ = ["MANIFEST", "Split", "partition", "split", "top_modules"]

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
                    "ops": len(part.subgraph.why),
                    "inputs": [
                        {"name": one.name, "type": str(one), "from": made.get(one.name)}
                        for one in part.inputs
                    ],
                    "outputs": [{"name": one.name, "type": str(one)} for one in part.outputs],
                }
            )
            made.update(dict.fromkeys(part.subgraph.outputs, file))
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
    all of them (:func:`hexviz.extraction.split.top_modules`).

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
    kept = subgraph_around(
        graph, dict.fromkeys(piece.nodes, "selected"), "exclude_safe", whole=whole
    )
    return Part(graph, ModuleSelection(frozenset({piece.module})), "exclude_safe", kept)


@dataclass(frozen=True, slots=True)
class Piece:
    """Nodes of the top graph that run together; ``module`` is ``""`` for those of no part."""

    module: str
    nodes: tuple[int, ...]


def top_modules(graph: TaggedGraph) -> tuple[str, ...]:
    """The modules of the first level below the root that make more than one part.

    ::

        root ─ model ─┬─ embed          by embed, layers.0, layers.1; what the root and model do
                      ├─ layers.0       themselves makes parts of its own
                      └─ layers.1

    A level is passed where one module holds all that the level has, or most of
    it beside ops of the module around it. Where no level has more, it is the
    one right below the root.
    """
    tree, constants = graph.modules, Constants(graph)
    totals: dict[str, int] = {}
    for at in graph.flat.top:
        if not constants.is_constant(graph.ops[at].index):
            fqn: str | None = graph.ops[at].module
            while fqn is not None:
                totals[fqn] = totals.get(fqn, 0) + 1
                fqn = tree[fqn].parent
    first = tuple(one for one in tree[""].children if one in totals)
    level, inside = "", first
    while True:
        if len(inside) > 1:
            return inside
        if not inside:
            return first or tree[""].children
        [only] = inside
        beside = totals[level] - totals[only]
        is_last = not any(one in totals for one in tree[only].children)
        if beside and (is_last or beside > totals[only]):
            return inside
        level, inside = only, tuple(one for one in tree[only].children if one in totals)


def partition(graph: TaggedGraph, modules: Sequence[str]) -> list[Piece]:
    """All nodes but constants, which every piece copies, in an order in which they can run.

    ``modules`` are names as of :func:`hexviz.extraction.selection.selection`;
    of nested ones, the inner takes its nodes from the outer. What is in none of
    them makes pieces of its own.

    Raises:
        SelectionError: if a name means nothing.
    """
    if not modules:
        raise SelectionError("Nothing to split by: the model has no modules below its root.")
    wanted = selection(graph, modules).modules
    top = graph.top
    home = _homes(graph, wanted)
    if wanted.isdisjoint(home.values()):
        _refuse_inner(graph, wanted)
    return _scheduled(top, home, [*wanted, ""])


def _refuse_inner(graph: TaggedGraph, wanted: frozenset[str]) -> None:
    """That all ops of some modules run in bodies or functions, if so."""
    selected = ModuleSelection(wanted)
    for at in selected.positions(graph):
        owner = graph.flat.owners[at]
        if owner != at:
            op = graph.ops[at]
            inside = "a function" if owner is None else _called(graph.ops[owner])
            raise SelectionError(
                f"Nothing to split by: {op.module or 'the root'} runs inside of {inside}, which "
                "cannot be divided: name a module around it."
            )


def _called(op: Op) -> str:
    return f"{op.op_type} {op.id} (in {op.module or 'the root'})"


def _homes(graph: TaggedGraph, wanted: frozenset[str]) -> dict[int, str]:
    """Node → the innermost of the wanted modules that it is in; constants are left out."""
    inner: dict[str, str] = {}
    for fqn in {op.module for op in graph.ops}:
        around = [one for one in reversed(ancestors(fqn)) if one in wanted]
        inner[fqn] = around[0] if around else ""
    constants = Constants(graph)
    given_back = {graph.top.maker.get(name) for name in graph.top.outputs}
    return {
        op.index: inner[op.module]
        for at, op in enumerate(graph.ops)
        if graph.flat.owners[at] == at
        and (not constants.is_constant(op.index) or op.index in given_back)
    }


def _scheduled(top: TopGraph, home: Mapping[int, str], modules: Sequence[str]) -> list[Piece]:
    """Run what is ready, module by module, as few times as a greedy choice makes it."""
    waiting = {node: sum(maker in home for maker in top.makers[node]) for node in home}
    left = dict.fromkeys(modules, 0)
    ready: dict[str, list[int]] = {module: [] for module in modules}
    for node, module in home.items():
        left[module] += 1
        if not waiting[node]:
            heapq.heappush(ready[module], node)
    pieces = []
    while any(ready.values()):
        runs = {
            module: _run(top, home, module, nodes, waiting)
            for module, nodes in ready.items()
            if nodes
        }
        # One that is done then is never in the way again; else the one that gets furthest,
        # and what is in no module last, since it is what lies between them.
        module = min(
            runs,
            key=lambda one: (len(runs[one]) < left[one], one == "", -len(runs[one]), runs[one][0]),
        )
        done = runs[module]
        left[module] -= len(done)
        ready[module] = []
        for node in done:
            for user in top.users[node]:
                if user in waiting:
                    waiting[user] -= 1
                    if not waiting[user] and home[user] != module:
                        heapq.heappush(ready[home[user]], user)
        pieces.append(Piece(module, tuple(sorted(done))))
    return pieces


def _run(
    top: TopGraph, home: Mapping[int, str], module: str, start: list[int], waiting: dict[int, int]
) -> list[int]:
    """The nodes of a module that can run before any other module goes on."""
    done = list(start)
    met: dict[int, int] = {}
    for node in done:
        for user in top.users[node]:
            if home.get(user) == module:
                met[user] = met.get(user, 0) + 1
                if met[user] == waiting[user]:
                    done.append(user)
    return done
