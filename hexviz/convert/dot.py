"""DOT for Graphviz: modules as clusters in clusters, with the page's colours.

``dot`` needs time that grows steeply with the number of ops, so more than some are refused rather
than written for nobody to draw.
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.convert.nesting import Box, carried_values, lines_of_ends, nested
from hexviz.convert.options import Options
from hexviz.convert.text import encoded, legal, shortened
from hexviz.errors import ViewLimitError
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.view.palette import Palette

__all__ = ["quoted", "to_dot"]

_HEAD = """digraph {name} {{
  graph [fontname="Helvetica" labeljust="l" tooltip={name}];
  node [shape="box" style="rounded,filled" fontname="Helvetica" fontsize="11"];
  edge [color="#5f6368" arrowsize="0.7"];
"""


def to_dot(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    """The file, some lines at a time.

    Raises:
        ViewLimitError: if the graph has more ops than ``options.max_ops``.
    """
    if len(graph.ops) > options.max_ops:
        raise ViewLimitError(
            f"{graph.name or 'The model'} has {counted(len(graph.ops), 'op')}, more than the "
            f"{options.max_ops:,} that Graphviz lays out in seconds: cut a part out with "
            "hexviz extract and convert that, or allow more with --max-ops."
        )
    return encoded(_lines(graph))


def _lines(graph: TaggedGraph) -> Iterator[str]:
    yield _HEAD.format(name=quoted(graph.name or "model"))
    yield from _modules(graph)
    yield from _ends(graph)
    for (one, other), values in carried_values(graph).items():
        tip = quoted(shortened("\n".join(values)))
        yield f"  o{one} -> o{other} [tooltip={tip} edgetooltip={tip}];\n"
    for line in lines_of_ends(graph):
        yield f"  {line.source} -> {line.target};\n"
    yield "}\n"


def _modules(graph: TaggedGraph) -> Iterator[str]:
    light = Palette(graph.modules, "light")
    for step in nested(graph):
        match step:
            case Box():
                yield _cluster(step, light)
            case int():
                yield _op(graph, step, light)
            case None:
                yield "  }\n"


def _cluster(box: Box, light: Palette) -> str:
    swatch = light[box.module.fqn]
    return (
        f"  subgraph cluster_{box.number} {{\n  label={_titled(box.module.label)};"
        f' tooltip={quoted(box.module.fqn)}; style="rounded,filled"; fillcolor="{swatch.fill}";'
        f' color="{swatch.border}"; fontcolor="{swatch.ink}";\n'
    )


def _op(graph: TaggedGraph, at: int, light: Palette) -> str:
    op = graph.ops[at]
    swatch = light[op.module]
    fill, ink = (swatch.soft, swatch.soft_ink) if op.auxiliary else (swatch.solid, swatch.solid_ink)
    where = f"{op.module or 'the root'} ({op.provenance.origin}, {op.provenance.rule})"
    tip = quoted(f"{op.id}\n{where}")
    return (
        f"  o{at} [label={_titled(op.op_type)} tooltip={tip}"
        f' fillcolor="{fill}" color="{swatch.border}" fontcolor="{ink}"];\n'
    )


def _ends(graph: TaggedGraph) -> Iterator[str]:
    """The model's inputs and outputs."""
    plain = 'shape="oval" fillcolor="#ffffff" color="#5f6368"'
    for letter, values in (("i", graph.inputs), ("r", graph.outputs)):
        for at, value in enumerate(values):
            tip = quoted(str(value))
            yield f"  {letter}{at} [label={_titled(value.name)} tooltip={tip} {plain}];\n"


def _titled(name: str) -> str:
    return quoted(shortened(name, 80))


def quoted(text: str) -> str:
    r"""A string of DOT that shows as the text itself.

    Graphviz reads ``\N`` and ``&amp;`` in labels, and a line that ends in a backslash goes on.

    >>> print(quoted('a "b" \\N <i>&amp;\nc'))
    "a \"b\" \\N <i>&amp;amp;\nc"
    """
    text = legal(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + text.replace("\r", "").replace("\n", "\\n") + '"'
