"""hexviz as an extension of Model Explorer: it opens ``.onnx`` files with their modules as boxes.

Model Explorer imports the module ``main`` of a package that it is given, and finds its classes::

    model-explorer model.onnx --extensions=hexviz.convert.model_explorer

Both have to be in one environment. hexviz itself never imports this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from model_explorer import (
    Adapter,
    AdapterMetadata,
    GetConfigEditorsResult,
    ModelExplorerGraphs,
    NodeDataProvider,
    NodeDataProviderFilter,
    NodeDataProviderMetadata,
    NodeDataProviderResult,
    graph_builder,
    node_data_builder,
)

from hexviz.convert.model_explorer.graph_json import explorer_graph
from hexviz.convert.model_explorer.node_data import node_data
from hexviz.convert.options import Options, measured_of
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.opened import load_kept

__all__ = ["HexvizAdapter", "HexvizNodeData"]

_ID = "hexviz"


class HexvizAdapter(Adapter):  # type: ignore[misc] # has no types
    """Opens an ONNX file as hexviz tags it."""

    metadata: ClassVar[AdapterMetadata] = AdapterMetadata(
        id=_ID,
        name="hexviz (ONNX by PyTorch module)",
        description="Boxes are PyTorch modules; each op says how its module is known.",
        source_repo="",
        fileExts=["onnx"],
    )

    def convert(self, model_path: str, settings: dict[str, Any]) -> ModelExplorerGraphs:
        """The graph of a file. Nodes stay in JSON's types, which are all that is sent on."""
        del settings
        return {"graphs": [graph_builder.Graph(**explorer_graph(*_opened(model_path)))]}


class HexvizNodeData(NodeDataProvider):  # type: ignore[misc] # has no types
    """Colours the graph that :class:`HexvizAdapter` made: by origin, rule, confidence and costs."""

    metadata: ClassVar[NodeDataProviderMetadata] = NodeDataProviderMetadata(
        id="hexviz_node_data",
        name="hexviz: why, and what it costs",
        description="Origin, rule and confidence of every op's module; parameters, MACs, bytes.",
        icon="account_tree",
        filter=NodeDataProviderFilter(modelFileExts=["onnx"], adapterIds=[_ID]),
    )

    def get_config_editors(self, provider_id: str) -> GetConfigEditorsResult:
        """Nothing to choose."""
        del provider_id
        return GetConfigEditorsResult(configEditors=[])

    def run(
        self,
        provider_id: str,
        model_path: str,
        graph_id: str,
        config_values: dict[str, Any],
        graph: graph_builder.Graph | None,
    ) -> NodeDataProviderResult:
        """All sets of values, each as a run that can be chosen."""
        del provider_id, graph_id, config_values, graph
        found = [_graph_data(one) for _, one in node_data(*_opened(model_path))]
        return NodeDataProviderResult(result=found)


def _opened(path: str) -> tuple[TaggedGraph, Options]:
    """A file with its tags, and what it costs for the usual sizes of open dimensions."""
    graph = load_kept(Path(path))
    return graph, Options(measured_of(graph, costs=True))


def _graph_data(found: dict[str, Any]) -> node_data_builder.GraphNodeData:
    rows, scale = found.pop("results"), found.pop("gradient", [])
    result, stop = node_data_builder.NodeDataResult, node_data_builder.GradientItem
    return node_data_builder.GraphNodeData(
        results={key: result(**row) for key, row in rows.items()},
        gradient=[stop(**one) for one in scale],
        **found,
    )
