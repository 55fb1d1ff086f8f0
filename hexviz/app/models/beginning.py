"""What the first picture of a file needs, and nothing else: tags, an index, a view.

::

    file ── read, large weights left where they are ── tag ── index ─┬─ view on a canvas ─▶ picture
                                                                     └─▶ the open model, later
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import ModelFile, location_of, parse, tensors
from hexviz.model.weights_in_place import read_in_place
from hexviz.stages import Measured, Stage, recorded, stage
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, build_index
from hexviz.view.render import Layouts, render
from hexviz.view.svg.first import first_svg

__all__ = ["Beginning", "begin"]


@dataclass(frozen=True, eq=False)
class Beginning:
    """A graph and its index, before all that a person may ask of them next.

    ``layouts`` are those made so far, ``stages`` what drawing has taken.
    """

    graph: TaggedGraph
    index: Index
    layouts: Layouts
    stages: tuple[Stage, ...]

    def picture(self, canvas: tuple[int, int] | None) -> str:
        """The first picture in the markup of the page, on a canvas of a width and height."""
        view = first_view(self.index, self.layouts, canvas=canvas)
        light = render(self.index, view, "light", self.layouts)
        dark = render(self.index, view, "dark", self.layouts)
        return first_svg(light.elements, dark.elements, title=self.graph.name)

    def of(self, content: bytes) -> Beginning:
        """The same with the whole file, which holds this ``content``, in memory.

        Weights that were left in the file could be others after a while.
        """
        graph = self.graph
        name, base_dir = graph.name, graph.base_dir
        if not any(location_of(tensor) == name for tensor in tensors(graph.proto)):
            return self
        whole = TaggedGraph.later(
            proto=lambda: parse(content, name=name, base_dir=base_dir).proto,
            ops=lambda: graph.ops,
            modules=lambda: graph.modules,
            name=name,
            base_dir=base_dir,
        )
        whole.measured = graph.measured
        return replace(self, graph=whole, index=replace(self.index, graph=whole))


def begin(path: Path, name: str, say: Callable[[str], None], *, recover: bool = True) -> Beginning:
    """Get a file ready for its first picture; ``say`` is told each stage as it begins.

    Without ``recover``, no blocks are found in what names no module.

    Raises:
        ReadError: if it is no readable ONNX model.
    """
    with collector_paused():
        with recorded(blocks=False) as record, stage("read"):
            file = replace(read_in_place(path), name=name)
        say(_tagging(file))
        graph = tag(file, before=Measured(record.stages), recover=recover)
        say("Laying out…")
        with recorded(blocks=False) as record, stage("layout"):
            index = build_index(graph, "module")
        return Beginning(graph, index, LayoutCache(), record.stages)


def _tagging(file: ModelFile) -> str:
    count = len(file.proto.graph.node)
    return f"Tagging {count:,} ops…" if count != 1 else "Tagging one op…"
