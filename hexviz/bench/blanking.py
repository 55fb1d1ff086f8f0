"""Take from a file what it says of some ops, and ask again: are they inferred right?

The truth is what PyTorch's exporters recorded while they ran the model. Some
of it is blanked, the file is tagged as a stranger's, and every answer is
compared: *exact* is the recorded module, *on branch* also counts its ancestors
and descendants, *wrong branch* is the rest. The file alone is given, without
the exporter's list of modules.

A blanked op loses its name, its documentation, all of its metadata, and the
names of the values it makes. Initializers keep their names, and the ops that
are not blanked keep everything. What is left of a blanked op is what any op
of a stranger's file has: a type, attributes, inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import onnx

from hexviz.model import fqn as names
from hexviz.model.bodies import graphs_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["Score", "Truth", "blank", "know", "reopen"]


@dataclass(frozen=True, slots=True)
class Truth:
    """An export and, per first output of its top-level nodes, the module on record."""

    proto: onnx.ModelProto
    modules: Mapping[str, str]
    auxiliary: frozenset[str]


@dataclass(slots=True)
class Score:
    """Counts of answers. ``fallback`` counts those that name the root for want of evidence."""

    ops: int = 0
    exact: int = 0
    on_branch: int = 0
    fallback: int = 0

    def add(self, answer: str, truth: str, *, fallback: bool = False) -> None:
        """Count one answer."""
        self.ops += 1
        self.exact += answer == truth
        self.on_branch += names.is_within(answer, truth) or names.is_within(truth, answer)
        self.fallback += fallback

    def record(self) -> dict[str, Any]:
        """Shares in 0..1 of all answers; ``None`` where nothing was asked."""

        def share(count: int) -> float | None:
            return round(count / self.ops, 4) if self.ops else None

        return {
            "ops": self.ops,
            "exact": share(self.exact),
            "on_branch": share(self.on_branch),
            "wrong_branch": share(self.ops - self.on_branch),
            "fallback": share(self.fallback),
        }


def know(
    proto: onnx.ModelProto,
    modules: Mapping[str, ModuleInfo] | None = None,
    calls: Mapping[str, str] | None = None,
) -> Truth:
    """Read the truth from an export: only what metadata or scoped names record counts.

    With the exporter's list of ``modules``, and the ``calls`` that its names
    stand for, names that the TorchScript exporter shortened are read by them.
    """
    graph = tag(from_proto(proto, name="truth"), modules=modules, calls=calls)
    recorded = [
        op
        for op in graph.ops
        if not op.body and op.outputs[:1] and op.provenance.rule in ("metadata", "name")
    ]
    return Truth(
        proto,
        {op.outputs[0]: op.module for op in recorded},
        frozenset(op.outputs[0] for op in recorded if op.auxiliary),
    )


def reopen(
    truth: Truth, blanked: Collection[str], *, proto: onnx.ModelProto | None = None
) -> tuple[TaggedGraph, dict[int, str]]:
    """The export tagged without what it says of the ``blanked`` values' ops.

    Also position → truth of the ops in question. ``proto`` is the export in another order. No
    blocks are recovered: they are no modules of the truth.
    """
    source = truth.proto if proto is None else proto
    outputs = {at: node.output[0] for at, node in enumerate(source.graph.node) if node.output}
    graph = tag(from_proto(blank(source, blanked), name="blanked"), recover=False)
    return graph, {
        at: truth.modules[outputs[op.index]]
        for at, op in enumerate(graph.ops)
        if not op.body and outputs.get(op.index) in blanked
    }


def blank(proto: onnx.ModelProto, outputs: Collection[str]) -> onnx.ModelProto:
    """A copy in which the nodes whose first output is in ``outputs`` are blanked.

    Nodes, their order and their attributes stay; so do all other names.
    """
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    renamed: dict[str, str] = {}
    for graph in graphs_within(result.graph):
        for node in graph.node:
            if node.output and node.output[0] in outputs:
                node.name = ""
                node.doc_string = ""
                del node.metadata_props[:]
                renamed.update(
                    (name, f"blank_{len(renamed)}_{at}")
                    for at, name in enumerate(node.output)
                    if name
                )
    for graph in graphs_within(result.graph):
        for node in graph.node:
            for values in (node.input, node.output):
                for at, name in enumerate(values):
                    if name in renamed:
                        values[at] = renamed[name]
        for infos in (graph.value_info, graph.output):
            for value in infos:
                if value.name in renamed:
                    value.name = renamed[value.name]
                    del value.metadata_props[:]
    return result
