"""What Model Explorer makes of hexviz's files and extension: its own loader, its own page."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.page.rivals import COUNT_INSTANCES, EXPLORER_PAINTED
from hexviz.api import TaggedGraph
from tests.convert.explorer import EXTENSION, Explorer, run_beside
from tests.convert.graphs import hostile, layers
from tests.waiting import CEILING

LOADED = """
import dataclasses, json, sys
import dacite
from model_explorer.graph_builder import Graph
from model_explorer.node_data_builder import GraphNodeData

whole = json.load(open(sys.argv[1]))
strict = dacite.Config(strict=True)
graphs = [dacite.from_dict(Graph, one, strict) for one in whole["graphs"]]
for path in sys.argv[2:]:
    for found in json.load(open(path)).values():
        values = {key: row.pop("value") for key, row in found["results"].items()}
        assert all(isinstance(value, (str, int, float)) for value in values.values())
        for row in found["results"].values():
            row["value"] = 0  # a name is one, too, for the page, though not for its types
        dacite.from_dict(GraphNodeData, found, strict)
json.dump([dataclasses.asdict(one) for one in graphs], sys.stdout)
"""
"""A file through the dataclasses that are the format; every name has to be known."""

EXTENDED = """
import json, sys
from model_explorer.extension_manager import ExtensionManager

manager = ExtensionManager([sys.argv[1]])
manager.load_extensions()
path = {"modelPath": sys.argv[2]}
made = manager.run_cmd(path | {"cmdId": "convert", "extensionId": "hexviz", "settings": {}})
data = manager.run_cmd(
    path
    | {"cmdId": "run", "extensionId": "hexviz_node_data", "graphId": "x", "configValues": {}}
    | {"graph": made["graphs"][0]}
)
json.dump({"known": manager.get_extensions_metadata(), "made": made, "data": data}, sys.stdout)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def attrs(node: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in node["attrs"]}


@pytest.mark.parametrize("make", [layers, hostile])
def test_its_own_types_take_the_file(
    make: Callable[[], TaggedGraph], cache: Path, tmp_path: Path
) -> None:
    graph = make()
    done = graph.convert(tmp_path / "graph.json", costs=True, node_data=True)
    (read,) = json.loads(run_beside(LOADED, cache, *done.files))
    by_id = {node["id"]: node for node in read["nodes"]}
    assert len(by_id) == len(read["nodes"])
    ends = len(graph.inputs) + len(graph.outputs)
    ops = list(by_id.values())[len(graph.inputs) :][: len(graph.ops)]
    assert len(by_id) == len(graph.ops) + ends
    assert [node["label"] for node in ops] == [
        op.op_type.replace("\x01", "␁").replace("\x00", "␀") for op in graph.ops
    ]
    for node in by_id.values():
        assert {edge["sourceNodeId"] for edge in node["incomingEdges"]} <= by_id.keys()
    for data in read["tasksData"]["edgeOverlaysDataListLeftPane"]:
        for overlay in data["overlays"]:
            for edge in overlay["edges"]:
                assert {edge["sourceNodeId"], edge["targetNodeId"]} <= by_id.keys()
    boxes = {node["namespace"] for node in ops} - {""}
    assert boxes <= read["groupNodeAttributes"].keys()
    for path in done.files[1:]:
        (found,) = json.loads(Path(path).read_text()).values()
        assert found["results"].keys() <= by_id.keys()


def test_modules_and_edges_are_the_graphs(tmp_path: Path) -> None:
    graph = layers()
    graph.convert(tmp_path / "graph.json")
    (read,) = json.loads((tmp_path / "graph.json").read_text())["graphs"]
    nodes = {node["id"]: node for node in read["nodes"]}
    for op in graph.ops:
        found = attrs(nodes[op.id])
        assert (found["module"], found["tag"]) == (op.module, op.tag)
        assert found["rule"] == op.provenance.rule
        box = nodes[op.id]["namespace"]
        assert read["groupNodeAttributes"][box].get("module", "") == op.module
    ids = graph.ids
    wanted = {(ids[edge.source], ids[edge.target]) for edge in graph.edges}
    drawn = {
        (edge["sourceNodeId"], node["id"])
        for node in nodes.values()
        for edge in node.get("incomingEdges", ())
        if edge["sourceNodeId"] in graph.positions and node["id"] in graph.positions
    }
    assert drawn == wanted
    inherited = next(op for op in graph.ops if op.provenance.evidence)
    told = attrs(nodes[inherited.id])["evidence"]
    assert set(told["nodeIds"]) == set(inherited.provenance.evidence)


@contextmanager
def shown(browser: Browser, explorer: Explorer) -> Iterator[Page]:
    """Its page, once nodes were drawn."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.add_init_script(COUNT_INSTANCES)
    page = context.new_page()
    page.set_default_timeout(CEILING * 1000)
    try:
        page.goto(explorer.url)
        page.wait_for_function(EXPLORER_PAINTED)
        yield page
    finally:
        context.close()
        explorer.stop()


def says(page: Page, *texts: str) -> None:
    """Wait until the page shows some texts."""
    page.wait_for_function(
        "texts => texts.every(one => document.body.innerText.includes(one))", arg=texts
    )


def test_its_page_draws_the_graph_and_its_node_data(
    browser: Browser, cache: Path, tmp_path: Path
) -> None:
    graph = layers()
    done = graph.convert(tmp_path / "graph.json", costs=True, node_data=True)
    first, *beside = done.files
    explorer = Explorer(cache, first, f"--node_data_paths={','.join(beside)}")
    with shown(browser, explorer) as page:
        nodes = len(graph.ops) + len(graph.inputs) + len(graph.outputs)
        says(page, f"{nodes} nodes", "origin", "confidence", "macs", "#inherited", "#trace")
        says(page, "tagged by")


def test_it_discovers_the_extension_and_opens_onnx(
    browser: Browser, cache: Path, tmp_path: Path
) -> None:
    graph = layers()
    graph.save(tmp_path / "layers.onnx")
    told = json.loads(run_beside(EXTENDED, cache, EXTENSION, tmp_path / "layers.onnx"))
    assert {"hexviz", "hexviz_node_data"} <= {one["id"] for one in told["known"]}
    (made,) = told["made"]["graphs"]
    modules = {node["id"]: attrs(node)["module"] for node in made["nodes"] if node["attrs"][1:]}
    assert modules == {op.id: op.module for op in graph.ops}
    results = {one["name"]: one["results"] for one in told["data"]["result"]}
    assert {"origin", "rule", "confidence", "macs"} <= results.keys()
    assert results["origin"].keys() == modules.keys()

    explorer = Explorer(cache, tmp_path / "layers.onnx", f"--extensions={EXTENSION}")
    assert " - hexviz (ONNX by PyTorch module)" in explorer.said
    with shown(browser, explorer) as page:
        says(page, f"{len(made['nodes'])} nodes", "tagged by")
        page.get_by_text("Add per-node data").first.click()
        page.get_by_text("hexviz: why, and what it costs").last.click()
        page.get_by_text("Run", exact=True).last.click()
        says(page, "origin", "confidence", "macs", "#inherited")
