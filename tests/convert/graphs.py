"""Graphs for the tests of conversions: one with every kind of tag, one with the worst of names."""

from __future__ import annotations

import json

import onnx

from hexviz.api import TaggedGraph
from hexviz.bench.synthetic import synthetic
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

NASTY = 'a<b>&"\\N]]>\x01\x00\ud7ff{|}\n\r\t%=É∕/'
"""What XML, JSON, DOT, CSV and terminals each take for something else."""


def layers(ops: int = 60) -> TaggedGraph:
    """Layers of which some ops say nothing of their module: declared, inherited, with context."""
    proto = onnx.ModelProto.FromString(synthetic(ops, "names, 60 % blanked"))
    return TaggedGraph.of(tag(from_proto(proto, name="layers.onnx")))


def hostile() -> TaggedGraph:
    """Two ops that differ in what XML cannot hold; names that are code everywhere."""
    helper = onnx.helper
    kind = onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("Relu", ["x"], ["y\x01"], name=NASTY),
        helper.make_node("Relu", ["y\x01"], ["y\x02"], name="=cmd()|'/c calc'!A0"),
        helper.make_node("Add", ["y\x01", "y\x02"], ["___group___"], domain=""),
        helper.make_node(NASTY, ["___group___"], [NASTY], domain="x"),
    ]
    for node, module in zip(nodes, ("a", "a", f"a.{NASTY.replace('.', '')}", ""), strict=True):
        node.metadata_props.add(key="hexviz.module", value=module)
        node.metadata_props.add(key="hexviz.origin", value="manual")
        node.metadata_props.add(key="hexviz.rule", value="override")
    ends = [helper.make_tensor_value_info(name, kind, [2, "n"]) for name in ("x", NASTY)]
    proto = helper.make_model(helper.make_graph(nodes, NASTY, ends[:1], ends[1:]))
    modules = {"": {"class": NASTY}, "a": {"class": "\ud800lone"}, f"a.{NASTY}": {"class": "]]>"}}
    proto.metadata_props.add(key="hexviz.modules", value=json.dumps(modules))
    return TaggedGraph.of(tag(from_proto(proto, name=NASTY)))
