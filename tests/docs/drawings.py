"""The small graphs of docs/how-tags-work.md, tagged and drawn by hexviz itself: `make drawings`.

Each is written in ONNX's text format, with what an exporter would have recorded of its ops. What
the page says of them is read from the tagged graphs by ``test_drawings.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnx.numpy_helper

import hexviz
from hexviz.matching.transfer import transfer
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.colouring import colour_by
from hexviz.view.index import Placement, build_index
from hexviz.view.modes import Mode
from hexviz.view.palette import Theme
from hexviz.view.render import Layouts, render
from hexviz.view.state import ViewState
from hexviz.view.svg import to_svg
from tests.build import parse, scoped

__all__ = ["FOLDER", "THEMES", "drawings", "fused", "mask", "order", "recorded"]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images" / "drawn"
THEMES: tuple[Theme, ...] = ("light", "dark")

CLASSES = {
    "": "Model",
    "mlp": "MLP",
    "mlp.up": "Linear",
    "mlp.down": "Linear",
    "attention": "Attention",
    "attention.query": "Linear",
    "attention.key": "Linear",
    "norm": "LayerNorm",
}


def _graph(
    text: str, scopes: Mapping[str, str], names: tuple[str, ...], title: str
) -> hexviz.TaggedGraph:
    """A graph as an exporter writes it, tagged; ``names`` are the modules that it has."""
    proto = scoped(_weighted(parse(text)), scopes, CLASSES)
    modules = {name: ModuleInfo(CLASSES[name]) for name in names}
    return hexviz.TaggedGraph.of(tag(from_proto(proto, name=title), modules=modules))


def _weighted(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same with ones for the weights, of which the text has types only."""
    graph = proto.graph
    for value in graph.value_info:
        kind = value.type.tensor_type
        sizes = [one.dim_value for one in kind.shape.dim]
        ones = np.ones(sizes, onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
        graph.initializer.append(onnx.numpy_helper.from_array(ones, value.name))
    del graph.value_info[:]
    return proto


def recorded() -> hexviz.TaggedGraph:
    """Every op has its module on record."""
    return _graph(
        """m (float[2, 8] x) => (float[2, 8] y)
        <float[8, 16] wu, float[16] bu, float[16, 8] wd, float[8] bd> {
            up = MatMul(x, wu)
            up_b = Add(up, bu)
            act = Gelu(up_b)
            down = MatMul(act, wd)
            y = Add(down, bd)
        }""",
        {"up": "mlp.up", "up_b": "mlp.up", "act": "mlp", "down": "mlp.down", "y": "mlp.down"},
        ("", "mlp", "mlp.up", "mlp.down"),
        "recorded",
    )


def order() -> hexviz.TaggedGraph:
    """A Transpose that nobody recorded runs between two ops of the attention."""
    return _graph(
        """m (float[2, 4, 8] x) => (float[2, 4, 4] y) <float[8, 8] wq, float[8, 8] wk> {
            q = MatMul(x, wq)
            k = MatMul(x, wk)
            kt = Transpose<perm = [0, 2, 1]>(k)
            s = MatMul(q, kt)
            y = Softmax(s)
        }""",
        {"q": "attention.query", "k": "attention.key", "s": "attention", "y": "attention"},
        ("", "attention", "attention.query", "attention.key"),
        "order",
    )


def mask() -> hexviz.TaggedGraph:
    """The model builds a mask, and the attention adds it."""
    return _graph(
        """m (float[2, 4, 4] x, int64[2, 4] ids) => (float[2, 4, 4] y)
        <float[4, 4] w, int64[1] axis> {
            keep = Cast<to = 1>(ids)
            wide = Unsqueeze(keep, axis)
            q = MatMul(x, w)
            s = Add(q, wide)
            y = Softmax(s)
        }""",
        {"keep": "", "wide": "", "q": "attention", "s": "attention", "y": "attention"},
        ("", "attention"),
        "mask",
    )


BEFORE = """m (float[2, 8] x) => (float[2, 8] y) <float[8, 8] w, float[8] b, float[8] g> {
    h = MatMul(x, w)
    d = Add(h, b)
    r = Add(d, x)
    y = LayerNormalization(r, g)
}"""
AFTER = """<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>
m (float[2, 8] x) => (float[2, 8] y) <float[8, 8] w, float[8] b, float[8] g> {
    d = Gemm(x, w, b)
    y = com.microsoft.SkipLayerNormalization(d, x, g)
}"""


def fused() -> tuple[hexviz.TaggedGraph, TaggedGraph]:
    """A graph, and what an optimiser made of it, with its tags carried over."""
    before = _graph(
        BEFORE,
        {"h": "mlp.down", "d": "mlp.down", "r": "mlp", "y": "norm"},
        ("", "mlp", "mlp.down", "norm"),
        "before",
    )
    return before, transfer(before, _weighted(parse(AFTER)))


def _svg(
    graph: TaggedGraph, theme: Theme, title: str, placement: Placement, colour: Mode = "module"
) -> str:
    index = build_index(graph, placement)
    state = ViewState(open=frozenset(index.containers), placement=placement, colour=colour)
    colouring = None if colour == "module" else colour_by(index, colour)
    drawn = render(index, state, theme, cast("Layouts", LayoutCache()), colouring)
    return to_svg(drawn.elements, theme, title=title)


def drawings() -> Iterator[tuple[str, str]]:
    """File name → SVG, of all graphs in both themes."""
    before, after = fused()
    part = recorded().extract(["mlp.down"])
    whats: tuple[tuple[str, TaggedGraph, str, Placement], ...] = (
        ("recorded", recorded(), "Two Linear modules and a Gelu, inside of an MLP", "module"),
        ("order", order(), "A Transpose between two ops of an Attention", "module"),
        ("ran", mask(), "Cast and Unsqueeze where they ran, in the model", "module"),
        ("used", mask(), "Cast and Unsqueeze where they are used, in the attention", "context"),
        ("before", before, "MatMul, Add, Add and LayerNormalization before an optimiser", "module"),
        ("after", after, "Gemm and SkipLayerNormalization after it, with tags", "module"),
        ("part", _tagged(part.model), "The second Linear module as a model of its own", "module"),
    )
    for name, graph, title, placement in whats:
        for theme in THEMES:
            yield f"{name}-{theme}.svg", _svg(graph, theme, title, placement)


def _tagged(proto: onnx.ModelProto) -> TaggedGraph:
    return tag(from_proto(proto, name="part"))


def write(folder: Path = FOLDER) -> None:
    """Write all drawings."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in drawings():
        (folder / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
