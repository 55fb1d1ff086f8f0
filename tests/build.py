"""Small ONNX models for the tests, written in ONNX's own text format."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
import onnx.parser

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'


def parse(text: str) -> onnx.ModelProto:
    """A model from its text; the header may be left out."""
    return onnx.parser.parse_model(text if text.lstrip().startswith("<") else HEADER + text)


def scoped(
    proto: onnx.ModelProto, scopes: Mapping[str, str], classes: Mapping[str, str] | None = None
) -> onnx.ModelProto:
    """Write the metadata PyTorch's exporter writes: output name → FQN of its module."""
    for node in proto.graph.node:
        fqn = scopes.get(node.output[0])
        if fqn is not None:
            steps = fqn.split(".") if fqn else []
            chain = ["", *(".".join(steps[: end + 1]) for end in range(len(steps)))]
            names = [*chain, node.output[0]]
            kinds = [*((classes or {}).get(one, "Module") for one in chain), "aten.op"]
            node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=repr(names))
            node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=repr(kinds))
    return proto


def tagged(proto: onnx.ModelProto, modules: Mapping[str, ModuleInfo] | None = None) -> TaggedGraph:
    """The model as hexviz sees it."""
    return tag(from_proto(proto, name="test.onnx"), modules=modules)
