"""What a person does with a file: open it, and look at all that is made of it."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, get_args
from xml.etree import ElementTree

import hexviz
from hexviz.api import TaggedGraph
from hexviz.app.models.store import OpenModel
from hexviz.app.panels.inspector.module import inspect_model, inspect_module
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.panels.inspector.value import inspect_value
from hexviz.app.report import to_report
from hexviz.convert.options import Dialect
from hexviz.extraction.query import parse_query
from hexviz.extraction.search_index import SearchIndex
from hexviz.extraction.selection import selection
from hexviz.extraction.subgraph import subgraph
from hexviz.tagging.audit import audit
from hexviz.tagging.explain import explain, explanation_record
from hexviz.tagging.opened import open_bytes
from hexviz.view.svg import to_svg

__all__ = ["STEPS", "opened", "opened_as_upload"]

Kind = TypeVar("Kind")


def opened(path: Path) -> TaggedGraph:
    """A file as the commands open it."""
    return hexviz.load(path)


def opened_as_upload(path: Path) -> TaggedGraph:
    """A file's bytes as the page opens what is dropped on it."""
    return TaggedGraph.of(open_bytes(path.read_bytes(), None, name=path.name).graph())


def _explain(graph: TaggedGraph) -> None:
    for op in _some(graph.ops):
        json.dumps(explanation_record(explain(graph, op.id))).encode()


def _save(graph: TaggedGraph) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.onnx"
        graph.save(path)
        again = hexviz.load(path)
    assert len(again.ops) == len(graph.ops)


def _draw(graph: TaggedGraph) -> None:
    model = OpenModel("0" * 64, graph)
    view = model.first_view()
    drawn = model.render(view, "light")
    json.dumps(drawn.elements).encode()
    svg = to_svg(drawn.elements, "light", title=graph.name)
    ElementTree.fromstring(svg.encode())  # noqa: S314 - written a line above


def _search(graph: TaggedGraph) -> None:
    index = SearchIndex(graph)
    for text in ("add", "type:MatMul", "tag:*", "name:/a+b/", "dtype:float", "attr:axis"):
        query = parse_query(text)
        index.ops(query)
        index.modules(query)


def _inspect(graph: TaggedGraph) -> None:
    parts = [inspect_model(graph)]
    parts += [inspect_op(graph, explain(graph, op.id)) for op in _some(graph.ops)]
    values = [value for op in _some(graph.ops) for value in (*op.inputs[:2], *op.outputs) if value]
    parts += [inspect_value(graph, value) for value in values[:8]]
    parts += [inspect_module(graph, module) for module in _some(list(graph.modules))]
    json.dumps([[_plain(part) for part in one] for one in parts]).encode()


def _plain(part: object) -> object:
    shown = getattr(part, "to_plotly_json", None)
    if shown is not None:
        return _plain(shown())
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    return [_plain(one) for one in part] if isinstance(part, list | tuple) else part


def _cut(graph: TaggedGraph) -> None:
    for module in _some([one for one in graph.modules if one.ops]):
        subgraph(graph, selection(graph, [module.tag]), "include_context")


def _convert(graph: TaggedGraph) -> None:
    """All formats that other tools read, each read by what is at hand."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        graph.convert(path / "graph.json", node_data=True)
        for one in path.glob("*.json"):
            json.loads(one.read_text("utf-8"))
        for dialect in get_args(Dialect):
            graph.convert(path / "graph.graphml", dialect=dialect)
            ElementTree.parse(path / "graph.graphml")  # noqa: S314 - written a line above
        graph.convert(path / "graph.dot", max_ops=len(graph.ops) + 1)
        graph.convert(path / "ops.csv")
        csv.field_size_limit(1 << 30)  # the module's own has nothing to do with the format
        with (path / "ops.csv").open(newline="", encoding="utf-8") as lines:
            assert sum(1 for _ in csv.reader(lines)) == len(graph.ops) + 1
        graph.convert(path / "ops.parquet")


STEPS: dict[str, Callable[[TaggedGraph], object]] = {
    "audit": audit,
    "explain": _explain,
    "networkx": TaggedGraph.to_networkx,
    "save": _save,
    "draw": _draw,
    "search": _search,
    "inspect": _inspect,
    "cut": _cut,
    "convert": _convert,
    "report": to_report,
}
"""What is done with an opened file, by name; each step works or raises a ``HexvizError``."""


def _some(listed: Sequence[Kind]) -> Iterator[Kind]:
    """The first, the last, and one between."""
    places = dict.fromkeys((0, len(listed) // 2, len(listed) - 1)) if listed else {}
    yield from (listed[at] for at in places)
