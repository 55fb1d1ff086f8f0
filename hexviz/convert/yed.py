"""GraphML in yEd's dialect: modules as groups in groups, with the page's colours and labels.

::

    <node id="m1" yfiles.foldertype="group">     a module: ProxyAutoBoundsNode, open or closed
      <data key="look">…</data>
      <graph id="m1:">
        <node id="o7">…</node>                   an op of its own: ShapeNode
        <node id="m2" yfiles.foldertype="group"> a module in it
      </graph>
    </node>

yEd lays a file out when asked to (Layout, Hierarchical); until then ops stand in a column in
execution order. Elements are those of yWorks' schema (ygraphml 1.1), of which yEd's manual shows
the parts. Modules without ops below them are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hexviz.convert.graphml import HEAD, data, escaped
from hexviz.convert.nesting import Box, carried_values, lines_of_ends, nested
from hexviz.convert.options import Options, figures_of_ops
from hexviz.convert.text import encoded, shortened
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.view.modes import Coloured
from hexviz.view.palette import Palette, Swatch

__all__ = ["to_yed"]

_MORE = ' xmlns:y="http://www.yworks.com/xml/graphml" xmlns:yed="http://www.yworks.com/xml/yed/3"'
_SCHEMA = "http://www.yworks.com/xml/schema/graphml/1.1/ygraphml.xsd"
_KEYS = (
    '<key id="look" for="node" yfiles.type="nodegraphics"/>\n'
    '<key id="line" for="edge" yfiles.type="edgegraphics"/>\n'
    '<key id="about" for="node" attr.name="description" attr.type="string"/>\n'
    '<key id="carries" for="edge" attr.name="description" attr.type="string"/>\n'
    '<key id="module" for="node" attr.name="module" attr.type="string"/>\n'
    '<key id="tag" for="node" attr.name="tag" attr.type="string"/>\n'
)
_OPEN = 300
"""Ops up to which all groups are open; of larger models those below the first are closed."""

_ROW, _HEIGHT, _LETTER, _MARGIN = 60.0, 30.0, 7.5, 24.0  # points, of yEd's usual font at 12


class _Sheet(NamedTuple):
    """What all elements of a file are made with."""

    graph: TaggedGraph
    light: Palette
    figures: dict[Coloured, dict[int, float]]
    is_small: bool


def to_yed(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    """The file, some elements at a time."""
    figures = {
        name: dict(numbers) for name, numbers in figures_of_ops(graph, options.measured).items()
    }
    sheet = _Sheet(graph, Palette(graph.modules, "light"), figures, len(graph.ops) <= _OPEN)
    yield (HEAD.format(more=_MORE, schema=_SCHEMA) + _KEYS).encode()
    yield b'<graph edgedefault="directed" id="G">\n'
    for elements in (_nodes(sheet), _ends(graph), _edges(graph)):
        yield from encoded(elements)
    yield b"</graph>\n</graphml>\n"


def _nodes(sheet: _Sheet) -> Iterator[str]:
    """Groups and ops, each module's within it: those of the root stand in the file's own graph."""
    for step in nested(sheet.graph):
        match step:
            case Box():
                yield _group(sheet, step)
            case int():
                yield _op(sheet, step)
            case None:
                yield "</graph></node>\n"


def _group(sheet: _Sheet, box: Box) -> str:
    module = box.module
    swatch = sheet.light[module.fqn]
    key = f"m{box.number}"
    label = f"{module.label} · {box.ops:,}"
    states = _realizer(swatch, label, closed=False) + _realizer(swatch, label, closed=True)
    about = f"{module.fqn}\n{module.class_name}".strip()
    closed = not sheet.is_small and box.depth > 0
    return (
        f'<node id="{key}" yfiles.foldertype="group">{data("about", about)}'
        f"{data('module', module.fqn)}{data('tag', module.tag)}"
        f'<data key="look"><y:ProxyAutoBoundsNode><y:Realizers active="{int(closed)}">{states}'
        f'</y:Realizers></y:ProxyAutoBoundsNode></data><graph edgedefault="directed" id="{key}:">\n'
    )


def _realizer(swatch: Swatch, label: str, *, closed: bool) -> str:
    """How a group looks when it is open, or closed."""
    state = "true" if closed else "false"
    return (
        f'<y:GroupNode><y:Geometry width="{_width(label):g}" height="{_HEIGHT * 2:g}"/>'
        f'<y:Fill color="{swatch.fill}" transparent="false"/>'
        f'<y:BorderStyle color="{swatch.border}" type="line" width="1.0"/>'
        f'<y:NodeLabel alignment="left" modelName="internal" modelPosition="t" fontStyle="bold"'
        f' textColor="{swatch.ink}">{escaped(shortened(label, 80))}</y:NodeLabel>'
        f'<y:Shape type="roundrectangle"/>'
        f'<y:State closed="{state}" innerGraphDisplayEnabled="false"/>'
        '<y:Insets bottom="15" left="15" right="15" top="15"/></y:GroupNode>'
    )


def _op(sheet: _Sheet, at: int) -> str:
    op = sheet.graph.ops[at]
    swatch = sheet.light[op.module]
    fill, ink = (swatch.soft, swatch.soft_ink) if op.auxiliary else (swatch.solid, swatch.solid_ink)
    about = "\n".join(
        [*_facts(op), *(f"{name}: {of[at]:g}" for name, of in sheet.figures.items() if at in of)]
    )
    shape = "ellipse" if op.auxiliary == "constants" else "roundrectangle"
    look = _shape(op.op_type, at, fill, swatch.border, ink, shape)
    return (
        f'<node id="o{at}">{data("about", about)}{data("module", op.module)}{data("tag", op.tag)}'
        f'<data key="look">{look}</data></node>\n'
    )


def _facts(op: Op) -> Iterator[str]:
    yield op.id
    yield f"{op.module or 'the root'} ({op.provenance.origin}, {op.provenance.rule})"
    if op.context:
        yield f"serves {op.context.module or 'the root'}"


def _shape(label: str, row: int, fill: str, border: str, ink: str, shape: str) -> str:
    return (
        f'<y:ShapeNode><y:Geometry x="0" y="{row * _ROW:g}" width="{_width(label):g}"'
        f' height="{_HEIGHT:g}"/><y:Fill color="{fill}" transparent="false"/>'
        f'<y:BorderStyle color="{border}" type="line" width="1.0"/>'
        f'<y:NodeLabel textColor="{ink}">{escaped(shortened(label, 80))}</y:NodeLabel>'
        f'<y:Shape type="{shape}"/></y:ShapeNode>'
    )


def _width(label: str) -> float:
    return _MARGIN + _LETTER * min(len(label), 80)


def _ends(graph: TaggedGraph) -> Iterator[str]:
    """The model's inputs and outputs."""
    count = len(graph.ops)
    for kind, values, row in (("i", graph.inputs, -1), ("r", graph.outputs, count)):
        for at, value in enumerate(values):
            look = _shape(value.name, row, "#ffffff", "#5f6368", "#1f1f1f", "ellipse")
            yield (
                f'<node id="{kind}{at}">{data("about", f"{value.name}: {value}")}'
                f'<data key="look">{look}</data></node>\n'
            )


def _edges(graph: TaggedGraph) -> Iterator[str]:
    for (one, other), values in carried_values(graph).items():
        yield _edge(f"o{one}", f"o{other}", values)
    for line in lines_of_ends(graph):
        yield _edge(*line)


def _edge(source: str, target: str, values: Iterable[str]) -> str:
    carried = data("carries", shortened("\n".join(values)))
    return (
        f'<edge source="{source}" target="{target}">{carried}'
        '<data key="line"><y:PolyLineEdge><y:LineStyle color="#5f6368" type="line" width="1.0"/>'
        '<y:Arrows source="none" target="standard"/></y:PolyLineEdge></data></edge>\n'
    )
