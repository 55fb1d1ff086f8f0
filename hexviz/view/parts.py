"""The nodes and edges a scene is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BOXES", "Kind", "SceneEdge", "SceneNode"]

Kind = Literal["module", "section", "call", "op", "constant", "input", "output", "hidden"]

BOXES = frozenset({"module", "section", "call"})
"""The kinds of nodes that open and close."""


@dataclass(frozen=True, slots=True)
class SceneNode:
    """One thing on the page.

    ``parent`` is the key of the open container it lies in, ``key`` its own
    container key (boxes), ``position`` its place in
    ``graph.ops`` (ops), among the model's inputs or outputs, or the number of
    hidden ops it stands for.
    """

    id: str
    kind: Kind
    parent: str
    depth: int
    key: str = ""
    position: int = -1
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class SceneEdge:
    """A connection between two visible nodes, by their positions in ``Scene.nodes``.

    ``count`` values run along it, of which ``values`` names the first few.
    ``via`` is the number of hidden ops it bridges; 0 for a plain edge.
    ``stub`` says that it is drawn as a named stub at its target, because its
    source fans out to many. A ``live`` edge carries a tensor that depends on
    the model's inputs, the others carry constants, shapes and the like. ``shape`` is
    that of the first value, as people write it; ``""`` if unknown. ``argument`` is the
    place of that value among the inputs of an op; 0 where the target is no op.
    """

    source: int
    target: int
    count: int
    values: tuple[str, ...]
    via: int = 0
    stub: bool = False
    live: bool = True
    shape: str = ""
    argument: int = 0
