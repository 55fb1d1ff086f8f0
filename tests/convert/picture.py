"""The documentation's picture of Model Explorer with a graph of hexviz.

python -m tests.convert.picture tagged.onnx docs/images/model-explorer.png MODULE
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

import hexviz
from benchmarks.page.rivals import COUNT_INSTANCES, EXPLORER_PAINTED
from hexviz.convert.model_explorer.graph_json import graph_id, namespace_of
from tests.browser.install_chromium import find
from tests.convert.explorer import Explorer


def main(source: Path, target: Path, fqn: str) -> None:
    """Draw a file with one module open, coloured by rule, an inherited op of it selected."""
    graph = hexviz.load(source)
    root, tag = graph.modules[""].tag, graph.modules[fqn].tag
    box = f"{namespace_of(tag, root)}___group___"
    ops = [op for op in graph.ops if op.module == fqn]
    chosen = next((op for op in ops if op.provenance.evidence), ops[0])
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        graph.convert(folder / "graph.json", costs=True, node_data=True)
        pane = {
            "deepestExpandedGroupNodeIds": [box],
            "selectedNodeId": chosen.id,
            "selectedGraphId": graph_id(graph),
            "selectedCollectionLabel": "",
            "widthFraction": 1,
            "selected": True,
        }
        sheets = [str(folder / f"graph.{one}.json") for one in ("rule", "origin", "macs")]
        data = {
            "models": [{"url": str(folder / "graph.json")}],
            "nodeData": sheets,
            "nodeDataTargets": ["" for _ in sheets],
            "uiState": {"paneStates": [pane]},
        }
        explorer = Explorer(folder, folder / "graph.json")
        try:
            browser = playwright.chromium.launch(
                executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.add_init_script(COUNT_INSTANCES)
            page.goto(f"{explorer.url.partition('?')[0]}?data={quote(json.dumps(data))}")
            page.wait_for_function(EXPLORER_PAINTED)
            page.wait_for_timeout(4000)  # what it opens moves into place
            page.screenshot(path=target)
            browser.close()
        finally:
            explorer.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
