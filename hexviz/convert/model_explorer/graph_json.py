"""A graph in Model Explorer's own JSON format: what `model-explorer FILE.json` opens.

The names are those of `model_explorer.graph_builder` (0.1.34), in whose dataclasses the format is
written down::

    Graph ── nodes ── GraphNode: id, label, namespace, attrs, incomingEdges, outputsMetadata …
          ├─ groupNodeAttributes   namespace → what is shown of a box, "" for the model
          ├─ groupNodeConfigs      regular expression of namespaces → colours
          └─ tasksData             edge overlays: the evidence for tags

An op's namespace is its module's tag without the root, so boxes have the labels they have in
hexviz, and no two the same path. An op's node has the op's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hexviz.convert.model_explorer.overlays import edge_overlays
from hexviz.convert.options import Options, figures_of_ops
from hexviz.convert.text import Keys, encoded, legal, shortened
from hexviz.measure.table import FIGURES
from hexviz.model.attributes import name_of, plain_value
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.op import Op
from hexviz.model.units import FORMATS
from hexviz.tagging.summary import headline
from hexviz.view.modes import Coloured
from hexviz.view.palette import Palette, kind_of

__all__ = ["explorer_graph", "graph_id", "node_ids", "to_graph_json"]

_MANY_ENDS = 8  # inputs or outputs from which on they stand in a box
_ELEMENTS = 16  # of a list in an attribute, as Model Explorer's own adapters show them
_NOT_ONE = "___group___"  # ends the ids of boxes in Model Explorer's page

Json = dict[str, Any]


def to_graph_json(graph: TaggedGraph, options: Options, *, name: str) -> Iterator[bytes]:
    """The file, some nodes at a time; ``name`` is what Model Explorer calls the model."""
    ids = node_ids(graph)
    head = json.dumps({"label": legal(name), "graphs": [_around(graph, options, ids)]})

    def pieces() -> Iterator[str]:
        yield head.removesuffix("}]}")
        yield ', "nodes": [\n'
        for at, node in enumerate(_nodes(graph, options, ids)):
            yield f",\n{json.dumps(node)}" if at else json.dumps(node)
        yield "\n]}]}\n"

    return encoded(pieces())


def graph_id(graph: TaggedGraph) -> str:
    """What a graph is called in Model Explorer, by which node data says which it is for."""
    name = legal(graph.name) or "model"
    return "model" if name == "results" else name  # a key that its reader takes for something else


def node_ids(graph: TaggedGraph) -> list[str]:
    """The id of each op's node, by position: that of the op, unless the page could not hold it."""
    keys = Keys()
    return [keys.new(op_id.replace(_NOT_ONE, "___group__")) for op_id in graph.ids]


def explorer_graph(graph: TaggedGraph, options: Options) -> Json:
    """The graph as a ``Graph`` of the format, in JSON's types."""
    ids = node_ids(graph)
    return _around(graph, options, ids) | {"nodes": list(_nodes(graph, options, ids))}


def _around(graph: TaggedGraph, options: Options, ids: list[str]) -> Json:
    """All of the graph but its nodes."""
    return {
        "id": graph_id(graph),
        "groupNodeAttributes": dict(_groups(graph, options)),
        "groupNodeConfigs": list(_colours(graph)),
        "tasksData": edge_overlays(graph, ids),
        "layoutConfigs": {"keepLayersWithASingleChild": True},  # a module of one op is one, too
    }


def _nodes(graph: TaggedGraph, options: Options, ids: list[str]) -> Iterator[Json]:
    """The nodes, one after the other: those of 100,000 ops take a gigabyte."""
    figures = figures_of_ops(graph, options.measured)
    made = _Made(graph, ids)
    yield from made.inputs()
    for at, op in enumerate(graph.ops):
        yield _op_node(graph, made, at, op, figures)
    yield from made.outputs()


def namespace_of(tag: str, root: str) -> str:
    """The path of a module's box: its tag without that of the root.

    >>> namespace_of("/BertModel/BertEncoder/BertLayer.0", "/BertModel")
    'BertEncoder/BertLayer.0'
    >>> namespace_of("/BertModel", "/BertModel"), namespace_of("/encoder", "/")
    ('', 'encoder')
    """
    # A backslash before the separator would be taken for part of a name.
    return legal(tag[len(root) :]).replace("\\", "∖").strip("/")


class _Made:
    """Which node makes each value, and as which of its outputs."""

    def __init__(self, graph: TaggedGraph, ids: list[str]) -> None:
        self.graph = graph
        self.ids = ids
        self.root = graph.modules[""].tag
        keys = Keys()
        for op_id in ids:
            keys.new(op_id)
        self._inputs = [keys.new(f"input {value.name}") for value in graph.inputs]
        self._outputs = [keys.new(f"output {value.name}") for value in graph.outputs]
        self._given = {value.id: key for value, key in zip(graph.inputs, self._inputs, strict=True)}
        columns = graph.flat.columns
        self._slots = {value: at for made in columns.outputs for at, value in enumerate(made)}
        self._yielded: dict[int, list[str]] = {}
        target, read = -1, frozenset[str]()
        for edge in graph.edges:  # in the order of the targets
            if edge.target != target:
                target, read = edge.target, frozenset(columns.inputs[edge.target])
            if edge.value not in read:  # what a body puts out
                self._yielded.setdefault(target, []).append(edge.value)

    def edges(self, values: Iterable[str]) -> list[Json]:
        """The incoming edges of a node that reads these values, those of weights left out."""
        found = []
        makers = self.graph.flat.makers
        for at, value in enumerate(values):
            maker = makers.get(value)
            if maker is not None:
                source, slot = self.ids[maker], self._slots[value]
            elif value in self._given:
                source, slot = self._given[value], 0
            else:
                continue
            found.append(
                {
                    "sourceNodeId": source,
                    "sourceNodeOutputId": str(slot),
                    "targetNodeInputId": str(at),
                }
            )
        return found

    def read_by(self, at: int, op: Op) -> tuple[str, ...]:
        """All values that an op reads, and those that its bodies put out."""
        return (*op.inputs, *self._yielded.get(at, ()))

    def inputs(self) -> Iterator[Json]:
        for key, value in zip(self._inputs, self.graph.inputs, strict=True):
            yield self._end(key, value, "Inputs", len(self._inputs)) | {
                "outputsMetadata": [_metadata(0, value)]
            }

    def outputs(self) -> Iterator[Json]:
        for key, value in zip(self._outputs, self.graph.outputs, strict=True):
            yield self._end(key, value, "Outputs", len(self._outputs)) | {
                "incomingEdges": self.edges([value.id]),
                "inputsMetadata": [_metadata(0, value)],
            }

    @staticmethod
    def _end(key: str, value: Value, box: str, count: int) -> Json:
        return {
            "id": key,
            "label": shortened(legal(value.name), 80),
            "namespace": box if count > _MANY_ENDS else "",
            "attrs": [_attr("type", str(value))],
        }


def _op_node(
    graph: TaggedGraph,
    made: _Made,
    at: int,
    op: Op,
    figures: Mapping[Coloured, Mapping[int, float]],
) -> Json:
    read = made.read_by(at, op)
    weights = graph.flat.weights
    attrs = [*_tag_attrs(op, made), *_attributes(graph, at)]
    attrs += [
        _attr(f"weight {slot}", f"{weights[value]}: {graph.value(value)}")
        for slot, value in enumerate(op.inputs)
        if value in weights
    ]
    attrs += [
        _attr(FIGURES[figure].title, _figure(figure, numbers[at]))
        for figure, numbers in figures.items()
        if at in numbers
    ]
    return {
        "id": made.ids[at],
        "label": legal(op.op_type),
        "namespace": namespace_of(op.tag, made.root),
        "attrs": attrs,
        "incomingEdges": made.edges(read),
        "inputsMetadata": [
            {"id": str(slot), "attrs": [_attr("__tensor_tag", legal(graph.flat.values[value]))]}
            for slot, value in enumerate(read)
            if value
        ],
        "outputsMetadata": [
            _metadata(slot, graph.value(value)) for slot, value in enumerate(op.outputs) if value
        ],
    }


def _tag_attrs(op: Op, made: _Made) -> Iterator[Json]:
    """What hexviz knows of an op: the same keys as in its own documents."""
    why = op.provenance
    yield _attr("module", op.module)
    yield _attr("tag", op.tag)
    yield _attr("origin", why.origin)
    yield _attr("rule", why.rule)
    yield _attr("confidence", f"{why.confidence:g}")
    if op.name:
        yield _attr("name", op.name)
    if op.domain:
        yield _attr("domain", op.domain)
    if op.auxiliary:
        yield _attr("auxiliary", op.auxiliary)
    if op.context:
        yield _attr("context", op.context.module)
    if op.call:
        yield _attr("call", f"{op.call.name} ({op.call.target})")
    if op.shared_by:
        yield _attr("shared by", ", ".join(op.shared_by))
    if op.body:
        yield _attr("body", op.body)
    positions = made.graph.positions
    known = [positions[one] for one in why.evidence if one in positions]
    if known and not why.is_of_another_graph:
        linked = {"type": "node_ids", "nodeIds": [made.ids[at] for at in known]}
        yield {"key": "evidence", "value": linked}
    elif why.evidence:
        yield _attr("evidence", ", ".join(why.evidence))


def _attributes(graph: TaggedGraph, at: int) -> Iterator[Json]:
    """The ONNX attributes of an op, as far as they are numbers or text."""
    for attribute in graph.flat.columns.nodes[at].attribute:
        value = plain_value(attribute)
        if value is None:
            continue
        if isinstance(value, tuple):
            more = "" if len(value) <= _ELEMENTS else f", … {len(value)} in all"
            text = f"[{', '.join(map(str, value[:_ELEMENTS]))}{more}]"
        else:
            text = str(value)
        yield _attr(f"attribute {name_of(attribute)}", text)


def _attr(key: str, value: str) -> Json:
    return {"key": legal(key), "value": shortened(legal(value))}


def _figure(figure: Coloured, number: float) -> str:
    return FORMATS[FIGURES[figure].unit](number)


def _metadata(slot: int, value: Value) -> Json:
    """A value as Model Explorer shows it: ``shape`` stands beside the line."""
    attrs = [_attr("__tensor_tag", value.name), _attr("tensor_name", value.id)]
    if value.dtype is not None:
        attrs.append(_attr("dtype", value.dtype))
    if value.shape is not None:
        attrs.append(_attr("shape", " x ".join(map(str, value.shape)) or "scalar"))
    return {"id": str(slot), "attrs": attrs}


def _groups(graph: TaggedGraph, options: Options) -> Iterator[tuple[str, Json]]:
    """Namespace → what is told of a module, where it is selected; the model's stands under ""."""
    head = headline(graph)
    totals = _totals(options)
    yield (
        "",
        {
            "model": legal(graph.name),
            "tagged by": "hexviz",
            "ops": f"{head['ops']:,}",
            "modules": f"{len(graph.modules):,}",
            "origins": ", ".join(f"{name} {count:,}" for name, count in head["origins"].items()),
            **totals.get("", {}),
        },
    )
    root = graph.modules[""]
    for module in graph.modules:
        if module is not root:
            facts = {
                "module": module.fqn,
                "tag": module.tag,
                "class": module.class_name,
                "own ops": f"{len(module.ops):,}",
                "parameters": "" if module.parameters is None else f"{module.parameters:,}",
                "same as": module.same_as,
            }
            known = {name: legal(text) for name, text in facts.items() if text}
            yield namespace_of(module.tag, root.tag), known | totals.get(module.fqn, {})


def _totals(options: Options) -> dict[str, dict[str, str]]:
    """FQN → the figures of the module with all below it, as people read them."""
    if options.measured is None:
        return {}
    table = options.measured.table
    return {
        row.module: {
            column.title: FORMATS[column.unit](number)
            for column in table.columns
            if (number := row.total.get(column.name)) is not None
        }
        for row in table.rows
    }


def _colours(graph: TaggedGraph) -> Iterator[Json]:
    """The page's colours, one rule for each class: the page tries all rules at every box."""
    light = Palette(graph.modules, "light")
    seen: set[str] = set()
    for module in graph.modules:
        kind = kind_of(module)
        if module.class_name and kind and kind not in seen:
            seen.add(kind)
            swatch = light[module.fqn]
            name = re.escape(legal(module.class_name).replace("/", "∕").replace("\\", "∖"))
            yield {
                "namespaceRegex": f"(^|/){name}([.~][^/]*)?$",
                "backgroundColor": swatch.fill,
                "borderColor": swatch.border,
                "textColor": swatch.ink,
            }
